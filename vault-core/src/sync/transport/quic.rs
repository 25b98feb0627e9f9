//! QUIC: one connection, one bidirectional stream. The only file that names quinn.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    sync::Arc,
    time::Duration,
};

use quinn::{
    AckFrequencyConfig, Chunk, ClientConfig, ConnectionError, Endpoint, EndpointConfig, RecvStream,
    SendStream, TokioRuntime, TransportConfig, crypto::rustls::QuicClientConfig,
};
use socket2::SockRef;
use tokio::time::timeout;
use vault_wire::limits::FRAME_BYTES_MAX;

use super::{Moved, READ_CHUNK_BYTES, SyncError, tls::Identity, unreachable};

const IDLE_TIMEOUT_MS: u32 = 30_000;
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// What a round trip is taken for before one was measured. Of the 333 ms that RFC 9002 proposes, a network that
/// loses every third packet would make many seconds; a slow one gets a packet more.
const FIRST_ROUND_TRIP: Duration = Duration::from_millis(100);
/// How long the server may take to end its direction.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(2);
/// Packets that the server may acknowledge together.
const PACKETS_PER_ACK: u32 = 8;
/// How long it may wait for them. What begins a connection fills no such number, and the rest waits for room.
const ACK_DELAY: Duration = Duration::from_millis(1);
/// What the system is to hold for the socket, so that a burst does not overflow it.
const SOCKET_BUFFER_BYTES: usize = 1 << 20;

/// A connection with its stream.
pub(in crate::sync) struct Stream {
    endpoint: Endpoint,
    connection: quinn::Connection,
    send: SendStream,
    receive: RecvStream,
    /// What was received last.
    received: Option<Chunk>,
}

impl Stream {
    pub(super) async fn open(
        identity: &Identity,
        address: SocketAddr,
        host: &str,
    ) -> Result<Self, SyncError> {
        let (tls, verdict) = identity.client_config()?;
        let tls =
            QuicClientConfig::try_from(tls).map_err(|_| SyncError::Protocol("TLS 1.3 is not available"))?;
        let mut config = ClientConfig::new(Arc::new(tls));
        config.transport_config(Arc::new(transport()));
        let socket = socket(address).map_err(unreachable)?;
        let endpoint = Endpoint::new(EndpointConfig::default(), None, socket, Arc::new(TokioRuntime));
        let endpoint = endpoint.map_err(unreachable)?;
        let connecting = endpoint
            .connect_with(config, address, host)
            .map_err(unreachable)?;
        let connection = connecting.await.map_err(|error| match verdict.refused() {
            true => SyncError::ServerKeyMismatch,
            false => broken(&error),
        })?;
        let (send, receive) = connection.open_bi().await.map_err(|error| broken(&error))?;
        Ok(Self {
            endpoint,
            connection,
            send,
            receive,
            received: None,
        })
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<(), SyncError> {
        self.send.write_all(bytes).await.map_err(unreachable)
    }

    pub(super) async fn receive(&mut self) -> Result<&[u8], SyncError> {
        let chunk = self
            .receive
            .read_chunk(READ_CHUNK_BYTES, true)
            .await
            .map_err(unreachable)?;
        let chunk = chunk.ok_or_else(|| unreachable("it ended the connection"))?;
        Ok(&self.received.insert(chunk).bytes)
    }

    pub(super) fn ended(&self) -> Option<SyncError> {
        self.connection.close_reason().map(|reason| broken(&reason))
    }

    /// The connection moves to a new socket, and the server learns of it at once.
    pub(super) fn network_changed(&self) -> Moved {
        match socket(self.connection.remote_address()).and_then(|socket| self.endpoint.rebind(socket)) {
            Ok(()) => Moved::Along,
            Err(_) => Moved::Lost,
        }
    }

    pub(super) fn network_bytes(&self) -> u64 {
        let stats = self.connection.stats();
        stats.udp_tx.bytes + stats.udp_rx.bytes
    }

    /// Ends both directions. The server ends its own once it has read ours to the end, so then each side has
    /// everything, and nobody waits for the last packet: quinn sends it in the background.
    pub(super) async fn close(mut self) {
        let _ = self.send.finish();
        let both_ended =
            async { while let Ok(Some(_)) = self.receive.read_chunk(READ_CHUNK_BYTES, true).await {} };
        let _ = timeout(FAREWELL_TIMEOUT, both_ended).await;
        self.connection.close(0u32.into(), b"done");
    }
}

/// A socket that reaches an address.
fn socket(address: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any)?;
    // The system may allow less.
    let _ = SockRef::from(&socket).set_recv_buffer_size(SOCKET_BUFFER_BYTES);
    let _ = SockRef::from(&socket).set_send_buffer_size(SOCKET_BUFFER_BYTES);
    Ok(socket)
}

fn transport() -> TransportConfig {
    let mut transport = TransportConfig::default();
    transport.max_idle_timeout(Some(quinn::VarInt::from_u32(IDLE_TIMEOUT_MS).into()));
    transport.keep_alive_interval(Some(KEEP_ALIVE));
    transport.initial_rtt(FIRST_ROUND_TRIP);
    transport.max_concurrent_bidi_streams(0u32.into());
    transport.max_concurrent_uni_streams(0u32.into());
    transport.datagram_receive_buffer_size(None);
    let window = u32::try_from(2 * FRAME_BYTES_MAX).unwrap_or(u32::MAX);
    transport.stream_receive_window(window.into());
    let mut acknowledging = AckFrequencyConfig::default();
    acknowledging.ack_eliciting_threshold(PACKETS_PER_ACK.into());
    acknowledging.max_ack_delay(Some(ACK_DELAY));
    transport.ack_frequency_config(Some(acknowledging));
    transport
}

fn broken(error: &ConnectionError) -> SyncError {
    match error {
        ConnectionError::TimedOut => SyncError::Timeout,
        other => SyncError::Unreachable(other.to_string()),
    }
}
