//! One QUIC connection that carries one session. The only file that names quinn.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use quinn::{
    ClientConfig, ConnectionError, Endpoint, RecvStream, SendStream, TransportConfig,
    crypto::rustls::QuicClientConfig,
};
use tokio::{net::lookup_host, time::timeout};
use vault_wire::{
    frame::{LinkCode, Reader, encode},
    limits::FRAME_BYTES_MAX,
};

use super::{
    ServerAddress, ServerKeyPin, SyncError, SyncEvent, SyncReport,
    session::Session,
    tls::{Verdict, client_config},
};
use crate::{error::Error, store::SharedStore};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const IDLE_TIMEOUT_MS: u32 = 30_000;
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// How long the server may owe an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
const FAREWELL: Duration = Duration::from_millis(5);
const READ_CHUNK_BYTES: usize = 64 << 10;

/// When a session may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// Once everything is said and acknowledged.
    Settled,
    /// Once a link code came.
    LinkCode,
    /// Not by itself.
    Stopped,
}

/// A connection with its session.
pub(crate) struct Connection {
    endpoint: Endpoint,
    connection: quinn::Connection,
    send: SendStream,
    receive: RecvStream,
    reader: Reader,
    session: Session,
    store: SharedStore,
}

impl Connection {
    /// Connects to a server and begins a session. `enrol` holds the invitation, if there is one, when
    /// the vault is to be enrolled.
    pub(crate) async fn open(
        store: SharedStore,
        server: &ServerAddress,
        pin: ServerKeyPin,
        enrol: Option<Option<String>>,
    ) -> Result<Self, Error> {
        let session = Session::begin(store.clone(), enrol)?;
        let (endpoint, connection) = connect(&store, server, pin).await?;
        let (send, receive) = connection.open_bi().await.map_err(|error| broken(&error))?;
        Ok(Self {
            endpoint,
            connection,
            send,
            receive,
            reader: Reader::default(),
            session,
            store,
        })
    }

    /// Asks for a link code in this session.
    pub(crate) fn ask_for_link_code(&mut self) {
        self.session.ask_for_link_code();
    }

    /// The link code, once it came.
    pub(crate) fn take_link_code(&mut self) -> Option<LinkCode> {
        self.session.take_link_code()
    }

    /// Runs the session until it may end, telling the host what happens.
    pub(crate) async fn run(
        &mut self,
        until: Until,
        mut tell: impl FnMut(SyncEvent),
    ) -> Result<SyncReport, Error> {
        let mut commits = self.store.commits();
        loop {
            self.send_all(&mut tell).await?;
            if until == Until::Settled && self.session.is_settled() {
                return Ok(self.session.report());
            }
            if self.session.has_more_to_look_at() {
                tokio::task::yield_now().await;
                continue;
            }
            let owed = self.session.awaits_answer() || until == Until::LinkCode;
            tokio::select! {
                frames = read_frames(&mut self.receive, &mut self.reader, &mut self.session) => {
                    frames.map_err(|error| self.refusal_or(error))?;
                    if until == Until::LinkCode && self.session.has_link_code() {
                        return Ok(self.session.report());
                    }
                }
                changed = commits.changed() => {
                    changed.map_err(|_| Error::Locked)?;
                    self.session.wake();
                }
                () = tokio::time::sleep(ANSWER_TIMEOUT), if owed => return Err(SyncError::Timeout.into()),
            }
        }
    }

    async fn send_all(&mut self, tell: &mut impl FnMut(SyncEvent)) -> Result<(), Error> {
        loop {
            let frame = self.session.next_frame()?;
            while let Some(event) = self.session.take_event() {
                tell(event);
            }
            let Some(frame) = frame else {
                return Ok(());
            };
            if let Err(error) = self.send.write_all(&encode(&frame)).await {
                // The reason may already have arrived on the other half of the stream.
                let unreachable = SyncError::Unreachable(error.to_string());
                let read = read_frames(&mut self.receive, &mut self.reader, &mut self.session);
                let answer = timeout(Duration::from_secs(1), read).await;
                return Err(answer
                    .ok()
                    .and_then(Result::err)
                    .filter(is_refusal)
                    .unwrap_or(unreachable.into()));
            }
        }
    }

    fn refusal_or(&self, error: Error) -> Error {
        match self.connection.close_reason() {
            Some(reason) if !is_refusal(&error) => broken(&reason).into(),
            _ => error,
        }
    }

    /// Ends the connection in good order: what was sent last still arrives.
    pub(crate) async fn close(mut self) {
        let _ = self.send.finish();
        let _ = timeout(Duration::from_secs(2), self.send.stopped()).await;
        self.connection.close(0u32.into(), b"done");
        // Everything is acknowledged: this only gives the last packet a moment to leave, not the
        // tenth of a second that a closed connection lingers.
        let _ = timeout(FAREWELL, self.endpoint.wait_idle()).await;
    }
}

fn is_refusal(error: &Error) -> bool {
    matches!(error, Error::Sync(SyncError::Refused(_)))
}

/// Waits for bytes and takes in every frame that they complete.
async fn read_frames(
    receive: &mut RecvStream,
    reader: &mut Reader,
    session: &mut Session,
) -> Result<(), Error> {
    let chunk = receive.read_chunk(READ_CHUNK_BYTES, true).await;
    let chunk = chunk.map_err(|error| SyncError::Unreachable(error.to_string()))?;
    let chunk = chunk.ok_or_else(|| SyncError::Unreachable("it ended the connection".to_owned()))?;
    let mut bytes: &[u8] = &chunk.bytes;
    while let Some(frame) = reader.next(&mut bytes).map_err(SyncError::Frame)? {
        session.receive(frame)?;
    }
    Ok(())
}

async fn connect(
    store: &SharedStore,
    server: &ServerAddress,
    pin: ServerKeyPin,
) -> Result<(Endpoint, quinn::Connection), Error> {
    let address = resolve(server).await?;
    let local: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let verdict = Verdict::default();
    let tls = client_config(pin, &store.identity.transport_seed(), &verdict)?;
    let tls = QuicClientConfig::try_from(tls).map_err(|_| SyncError::Protocol("TLS 1.3 is not available"))?;
    let mut config = ClientConfig::new(Arc::new(tls));
    config.transport_config(Arc::new(transport()));
    let endpoint = Endpoint::client(local).map_err(|error| SyncError::Unreachable(error.to_string()))?;
    let connecting = endpoint.connect_with(config, address, &server.host);
    let connecting = connecting.map_err(|error| SyncError::Unreachable(error.to_string()))?;
    match timeout(CONNECT_TIMEOUT, connecting).await {
        Ok(Ok(connection)) => Ok((endpoint, connection)),
        Ok(Err(_)) if verdict.refused() => Err(SyncError::ServerKeyMismatch.into()),
        Ok(Err(error)) => Err(broken(&error).into()),
        Err(_) => Err(SyncError::Timeout.into()),
    }
}

async fn resolve(server: &ServerAddress) -> Result<SocketAddr, SyncError> {
    let unknown = || SyncError::UnknownHost(server.to_string());
    let found = timeout(CONNECT_TIMEOUT, lookup_host((server.host.as_str(), server.port))).await;
    found
        .map_err(|_| SyncError::Timeout)?
        .map_err(|_| unknown())?
        .next()
        .ok_or_else(unknown)
}

fn transport() -> TransportConfig {
    let mut transport = TransportConfig::default();
    transport.max_idle_timeout(Some(quinn::VarInt::from_u32(IDLE_TIMEOUT_MS).into()));
    transport.keep_alive_interval(Some(KEEP_ALIVE));
    transport.max_concurrent_bidi_streams(0u32.into());
    transport.max_concurrent_uni_streams(0u32.into());
    transport.datagram_receive_buffer_size(None);
    let window = u32::try_from(2 * FRAME_BYTES_MAX).unwrap_or(u32::MAX);
    transport.stream_receive_window(window.into());
    transport
}

fn broken(error: &ConnectionError) -> SyncError {
    match error {
        ConnectionError::TimedOut => SyncError::Timeout,
        other => SyncError::Unreachable(other.to_string()),
    }
}
