//! A hand-made connection to the server's QUIC port: whatever a faulty or hostile device might send.

use std::{net::SocketAddr, sync::Arc};

use quinn::{
    ClientConfig, ConnectionError, Endpoint, RecvStream, SendStream, crypto::rustls::QuicClientConfig,
};
use rustls::{
    DigitallySignedStruct, Error, SignatureScheme,
    client::{
        AlwaysResolvesClientRawPublicKeys,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime},
    sign::CertifiedKey,
};
use vault_core::wire::{
    frame::{Frame, Reader, Refusal, encode},
    signature::SecretKey,
};

use crate::soon;

/// A connection with its one stream.
#[derive(Debug)]
pub struct Line {
    connection: quinn::Connection,
    send: SendStream,
    receive: RecvStream,
    reader: Reader,
    // It drives the connection.
    _endpoint: Endpoint,
}

/// How a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnd {
    /// The server said why.
    Refused(Refusal),
    /// The server closed it without a word.
    Closed,
}

impl Line {
    /// Connects with a transport key and the name of a protocol.
    ///
    /// # Errors
    ///
    /// What TLS or QUIC has against it.
    pub async fn open(
        server: SocketAddr,
        transport: &SecretKey,
        protocol: &[u8],
    ) -> Result<Self, ConnectionError> {
        let endpoint = Endpoint::client(([127, 0, 0, 1], 0).into()).unwrap();
        let tls = QuicClientConfig::try_from(client_tls(transport, protocol)).unwrap();
        let config = ClientConfig::new(Arc::new(tls));
        let connecting = endpoint.connect_with(config, server, "localhost").unwrap();
        let connection = soon("a handshake", connecting).await?;
        let (send, receive) = connection.open_bi().await?;
        Ok(Self {
            connection,
            send,
            receive,
            reader: Reader::default(),
            _endpoint: endpoint,
        })
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: &Frame) {
        self.send_bytes(&encode(frame)).await;
    }

    /// Sends bytes, whatever they are. What the server no longer takes is lost.
    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        let _ = soon("room to send", self.send.write_all(bytes)).await;
    }

    /// The next frame of the server.
    ///
    /// # Errors
    ///
    /// How the line ended, if there is no next frame.
    pub async fn next(&mut self) -> Result<Frame, LineEnd> {
        loop {
            let chunk = soon("a frame of the server", self.receive.read_chunk(1, true)).await;
            let Ok(Some(chunk)) = chunk else {
                return Err(LineEnd::Closed);
            };
            let mut bytes: &[u8] = &chunk.bytes;
            match self.reader.next(&mut bytes).expect("the server sends frames") {
                Some(Frame::Refused(refused)) => return Err(LineEnd::Refused(refused.refusal)),
                Some(frame) => return Ok(frame),
                None => {}
            }
        }
    }

    /// The next frame that is wanted; others are passed over.
    pub async fn wait_for<T>(&mut self, what: &str, wanted: impl Fn(Frame) -> Option<T>) -> T {
        loop {
            match self.next().await {
                Ok(frame) => {
                    if let Some(found) = wanted(frame) {
                        return found;
                    }
                }
                Err(end) => panic!("the line ended before {what}: {end:?}"),
            }
        }
    }

    /// Waits until the server ends the line.
    pub async fn end(&mut self) -> LineEnd {
        loop {
            if let Err(end) = self.next().await {
                return end;
            }
        }
    }

    /// Hangs up.
    pub fn hang_up(&self) {
        self.connection.close(0u32.into(), b"done");
    }
}

fn client_tls(transport: &SecretKey, protocol: &[u8]) -> rustls::ClientConfig {
    let provider = Arc::new(ring::default_provider());
    let key = AlwaysResolvesClientRawPublicKeys::new(Arc::new(raw_key(transport)));
    let mut config = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyServer(provider)))
        .with_client_cert_resolver(Arc::new(key));
    config.alpn_protocols = vec![protocol.to_vec()];
    config
}

fn raw_key(transport: &SecretKey) -> CertifiedKey {
    // PKCS #8 version 1 around an Ed25519 seed (RFC 8410).
    const PREFIX: [u8; 16] = [
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    ];
    let seed = transport.seed();
    let pkcs8 = [&PREFIX[..], &seed[..]].concat();
    let signer = ring::sign::any_eddsa_type(&PrivatePkcs8KeyDer::from(pkcs8)).unwrap();
    let public = CertificateDer::from(transport.public().to_spki().to_vec());
    CertifiedKey::new(vec![public], signer)
}

/// Which server it is does not matter to a test that started it.
#[derive(Debug)]
struct AnyServer(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            cert,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            cert,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
