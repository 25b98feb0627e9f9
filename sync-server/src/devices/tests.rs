//! Devices over real sockets.

use std::{net::SocketAddr, sync::Arc};

use quinn::{ClientConfig, Connection, Endpoint, RecvStream, SendStream, crypto::rustls::QuicClientConfig};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use rustls::{
    client::{AlwaysResolvesClientRawPublicKeys, ResolvesClientCert},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;
use tokio::time::timeout;
use vault_wire::{
    certificate::{Certificate, Role},
    frame::{ALPN, Frame, Hello, LinkOpen, LogPosition, MINOR, Reader, Refusal, Refused, Register, encode},
    id::{Incarnation, VaultId},
    limits::FRAME_BYTES_MAX,
    signature::SecretKey,
};

use crate::{
    Running,
    clock::{Clock, SystemClock},
    config::{Config, Enrolment},
    entropy::Entropy,
    keys::provider,
    service::admin::create_invite,
    start,
};

struct Device {
    owner: SecretKey,
    transport: SecretKey,
}

struct Talk {
    connection: Connection,
    send: SendStream,
    receive: RecvStream,
    reader: Reader,
    _endpoint: Endpoint,
}

async fn running(folder: &TempDir, enrolment: Enrolment) -> Running {
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    let config = Config {
        https: free,
        devices: free,
        enrolment,
        ..Config::default()
    }
    .beneath(folder.path());
    let entropy = Entropy::new(ChaCha20Rng::from_seed([1; 32]));
    start(config, Arc::new(SystemClock), entropy).await.unwrap()
}

impl Device {
    fn new(seed: u8) -> Self {
        Self {
            owner: SecretKey::from_seed(&[seed; 32]),
            transport: SecretKey::from_seed(&[seed + 1; 32]),
        }
    }

    fn register(&self, invite: Option<String>) -> Frame {
        Frame::Register(Register {
            owner_key: self.owner.public(),
            device: self.certificate(),
            invite,
        })
    }

    fn hello(&self) -> Frame {
        Frame::Hello(Hello {
            minor: MINOR,
            features: 0,
            vault: VaultId::of_owner(&self.owner.public().0),
            device: self.certificate(),
            incarnation: Incarnation([1; 16]),
            events_seen: 0,
            log: LogPosition::NONE,
            grants: Vec::new(),
            ended: Vec::new(),
        })
    }

    fn certificate(&self) -> vault_wire::certificate::SignedCertificate {
        let vault = VaultId::of_owner(&self.owner.public().0);
        let now = SystemClock.now();
        Certificate::new(vault, self.transport.public(), Role::Transport, now).sign(&self.owner)
    }

    fn raw_key(&self) -> Arc<dyn ResolvesClientCert> {
        // PKCS #8 version 1 of an Ed25519 seed (RFC 8410).
        let prefix = [
            0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
        ];
        let pkcs8 = [prefix.as_slice(), &*self.transport.seed()].concat();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(pkcs8));
        let key = provider().key_provider.load_private_key(key).unwrap();
        let spki = CertificateDer::from(self.transport.public().to_spki().to_vec());
        Arc::new(AlwaysResolvesClientRawPublicKeys::new(Arc::new(
            CertifiedKey::new(vec![spki], key),
        )))
    }

    async fn talk(&self, running: &Running) -> Talk {
        let (endpoint, connection) = connect(running, ALPN, Some(self)).await.unwrap();
        let (send, receive) = connection.open_bi().await.unwrap();
        Talk {
            connection,
            send,
            receive,
            reader: Reader::default(),
            _endpoint: endpoint,
        }
    }
}

async fn connect(
    running: &Running,
    alpn: &[u8],
    device: Option<&Device>,
) -> Result<(Endpoint, Connection), quinn::ConnectionError> {
    let builder = rustls::ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(running.server.tls().roots());
    let mut tls = match device {
        Some(device) => builder.with_client_cert_resolver(device.raw_key()),
        None => builder.with_no_client_auth(),
    };
    tls.alpn_protocols = vec![alpn.to_vec()];
    let config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()));
    let endpoint = Endpoint::client(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let connection = endpoint
        .connect_with(config, running.quic_addr, "localhost")
        .unwrap()
        .await?;
    Ok((endpoint, connection))
}

impl Talk {
    async fn say(&mut self, frame: &Frame) {
        self.send.write_all(&encode(frame)).await.unwrap();
    }

    /// The next frame; none once the server has ended the stream.
    async fn hear(&mut self) -> Option<Frame> {
        loop {
            let chunk = self.receive.read_chunk(1, true).await.ok()??;
            let mut bytes: &[u8] = &chunk.bytes;
            if let Some(frame) = self.reader.next(&mut bytes).unwrap() {
                return Some(frame);
            }
        }
    }
}

fn refused(refusal: Refusal) -> Option<Frame> {
    Some(Frame::Refused(Refused { refusal }))
}

#[tokio::test]
async fn a_vault_enrols_and_is_welcomed_with_the_servers_keys() {
    let folder = tempfile::tempdir().unwrap();
    let running = running(&folder, Enrolment::Open).await;
    let device = Device::new(1);
    let mut talk = device.talk(&running).await;
    talk.say(&device.register(None)).await;
    talk.say(&device.hello()).await;
    assert!(matches!(talk.hear().await, Some(Frame::Registered(_))));
    let Some(Frame::Welcome(welcome)) = talk.hear().await else {
        panic!("not welcomed")
    };
    assert_eq!(welcome.keys, running.server.keys().public());
    talk.say(&Frame::LinkOpen(LinkOpen {})).await;
    let Some(Frame::LinkCode(code)) = talk.hear().await else {
        panic!("no link code")
    };
    assert_eq!(code.code.len(), 8);
    running.stop().await;
}

#[tokio::test]
async fn a_vault_that_is_not_enrolled_or_not_the_devices_own_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let running = running(&folder, Enrolment::Open).await;
    let (device, thief) = (Device::new(1), Device::new(50));
    let mut talk = device.talk(&running).await;
    talk.say(&device.hello()).await;
    assert_eq!(talk.hear().await, refused(Refusal::NotEnrolled));
    let mut talk = device.talk(&running).await;
    talk.say(&device.register(None)).await;
    assert!(matches!(talk.hear().await, Some(Frame::Registered(_))));
    let mut talk = thief.talk(&running).await;
    talk.say(&device.hello()).await;
    assert_eq!(talk.hear().await, refused(Refusal::BadCertificate));
    running.stop().await;
}

#[tokio::test]
async fn an_invitation_enrols_one_vault() {
    let folder = tempfile::tempdir().unwrap();
    let running = running(&folder, Enrolment::Invite).await;
    let invite = create_invite(&running.server).await.unwrap().to_string();
    for (seed, invite, welcome) in [
        (1, None, false),
        (10, Some(invite.clone()), true),
        (10, None, true),
        (20, Some(invite), false),
    ] {
        let device = Device::new(seed);
        let mut talk = device.talk(&running).await;
        talk.say(&device.register(invite)).await;
        let heard = talk.hear().await;
        assert_eq!(
            matches!(heard, Some(Frame::Registered(_))),
            welcome,
            "{seed}: {heard:?}"
        );
    }
    running.stop().await;
}

#[tokio::test]
async fn bytes_that_are_no_frame_end_their_own_connection_only() {
    let folder = tempfile::tempdir().unwrap();
    let running = running(&folder, Enrolment::Open).await;
    let device = Device::new(1);
    let oversized = u32::try_from(FRAME_BYTES_MAX + 1).unwrap().to_le_bytes().to_vec();
    let unknown = vec![1, 0, 0, 0, 0x7e];
    let malformed = vec![2, 0, 0, 0, 0x01, 0xff];
    let out_of_place = encode(&Frame::LinkOpen(LinkOpen {}));
    for bytes in [oversized, unknown, malformed, out_of_place] {
        let mut talk = device.talk(&running).await;
        talk.send.write_all(&bytes).await.unwrap();
        assert_eq!(talk.hear().await, refused(Refusal::BadFrame), "{bytes:?}");
        assert_eq!(talk.hear().await, None);
    }
    let mut talk = device.talk(&running).await;
    talk.say(&device.register(None)).await;
    assert!(matches!(talk.hear().await, Some(Frame::Registered(_))));
    running.stop().await;
}

#[tokio::test]
async fn another_protocol_and_a_device_without_a_key_do_not_get_in() {
    let folder = tempfile::tempdir().unwrap();
    let running = running(&folder, Enrolment::Open).await;
    let device = Device::new(1);
    assert!(connect(&running, b"h3", Some(&device)).await.is_err());
    // Without a key the client learns of its refusal only after its own side of the handshake.
    if let Ok((_endpoint, connection)) = connect(&running, ALPN, None).await {
        connection.closed().await;
    }
    assert!(connect(&running, ALPN, Some(&device)).await.is_ok());
    running.stop().await;
}

#[tokio::test]
async fn a_newer_connection_of_a_device_takes_over() {
    let folder = tempfile::tempdir().unwrap();
    let running = running(&folder, Enrolment::Open).await;
    let device = Device::new(1);
    let mut older = device.talk(&running).await;
    older.say(&device.register(None)).await;
    older.say(&device.hello()).await;
    assert!(matches!(older.hear().await, Some(Frame::Registered(_))));
    assert!(matches!(older.hear().await, Some(Frame::Welcome(_))));
    let mut newer = device.talk(&running).await;
    newer.say(&device.hello()).await;
    assert!(matches!(newer.hear().await, Some(Frame::Welcome(_))));
    assert_eq!(older.hear().await, refused(Refusal::TakenOver));
    running.stop().await;
}

#[tokio::test]
async fn stopping_tells_the_devices_and_lets_the_data_be_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let first = running(&folder, Enrolment::Open).await;
    let fingerprint = first.server_key_fingerprint.clone();
    let device = Device::new(1);
    let mut talk = device.talk(&first).await;
    talk.say(&device.register(None)).await;
    talk.say(&device.hello()).await;
    assert!(matches!(talk.hear().await, Some(Frame::Registered(_))));
    assert!(matches!(talk.hear().await, Some(Frame::Welcome(_))));
    first.stop().await;
    assert_eq!(talk.hear().await, refused(Refusal::Unavailable));
    timeout(std::time::Duration::from_secs(5), talk.connection.closed())
        .await
        .unwrap();
    let second = running(&folder, Enrolment::Open).await;
    assert_eq!(second.server_key_fingerprint, fingerprint);
    let mut talk = device.talk(&second).await;
    talk.say(&device.hello()).await;
    assert!(matches!(talk.hear().await, Some(Frame::Welcome(_))));
    second.stop().await;
}
