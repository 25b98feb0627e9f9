//! QUIC: one UDP port, one stream a connection.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use quinn::{
    Endpoint, EndpointConfig, IdleTimeout, Incoming, ServerConfig, TokioRuntime, TransportConfig, VarInt,
    crypto::rustls::{HandshakeData, QuicServerConfig},
};
use quinn_proto::HashedConnectionIdGenerator;
use ring::hmac;
use rustls_pki_types::CertificateDer;
use socket2::SockRef;
use tokio::{task::JoinSet, time::timeout};
use vault_wire::{frame::ALPN, signature::PublicKey};

use super::{
    CONNECTIONS_MAX,
    connection::{self, GREETING_TIMEOUT},
    lane::Lane,
    stream::{Receiving, Sending},
    tls,
};
use crate::{Server, error::StartError};

/// With so many connections, a device's address is checked before anything is spent on it.
const CONNECTIONS_BEFORE_RETRY: usize = 1_000;
const IDLE_TIMEOUT_MS: u32 = 60_000;
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// What a round trip is taken for before one was measured, as devices do.
const FIRST_ROUND_TRIP: Duration = Duration::from_millis(100);
/// Bytes that a device may send ahead. Small, because each idle connection keeps them ready.
const STREAM_WINDOW_BYTES: u32 = 512 << 10;
const SEND_WINDOW_BYTES: u64 = 1 << 20;
/// What the system is to hold for the socket of all devices, so that a burst does not overflow it.
const SOCKET_BUFFER_BYTES: usize = 4 << 20;

/// The socket on which devices are served.
pub(super) fn listen(server: &Server, address: SocketAddr) -> Result<Endpoint, StartError> {
    let failed = |source| StartError::Listen {
        what: "devices",
        address,
        source,
    };
    let tls = tls::server_config(&server.tls().certified())?;
    let tls = QuicServerConfig::try_from(tls).map_err(|_| no_cipher())?;
    let mut config = ServerConfig::with_crypto(Arc::new(tls));
    config.transport_config(Arc::new(transport()));
    config.max_incoming(CONNECTIONS_BEFORE_RETRY);
    let socket = std::net::UdpSocket::bind(address).map_err(failed)?;
    // The system may allow less.
    let _ = SockRef::from(&socket).set_recv_buffer_size(SOCKET_BUFFER_BYTES);
    let _ = SockRef::from(&socket).set_send_buffer_size(SOCKET_BUFFER_BYTES);
    Endpoint::new(
        endpoint_config(server),
        Some(config),
        socket,
        Arc::new(TokioRuntime),
    )
    .map_err(failed)
}

/// The same keys in every run: a device whose server was killed is told at its next packet (stateless
/// reset), and need not wait until its connection times out.
fn endpoint_config(server: &Server) -> EndpointConfig {
    let reset_key = hmac::Key::new(hmac::HMAC_SHA256, &*server.keys().stateless_reset());
    let connection_ids = server.keys().connection_ids();
    let mut config = EndpointConfig::new(Arc::new(reset_key));
    config.cid_generator(move || Box::new(HashedConnectionIdGenerator::from_key(connection_ids)));
    config
}

/// Serves devices until the server stops.
pub(super) async fn serve(server: Server, endpoint: Endpoint) {
    let mut connections = JoinSet::new();
    loop {
        let incoming = tokio::select! {
            incoming = endpoint.accept() => incoming,
            Some(_) = connections.join_next() => continue,
            () = server.stopping().requested() => break,
        };
        let Some(incoming) = incoming else { break };
        if let Some(admitted) = admit(incoming, connections.len()) {
            connections.spawn(converse(server.clone(), admitted));
        }
    }
    // Connections watch the request to stop too, and end in good order.
    while connections.join_next().await.is_some() {}
    endpoint.close(VarInt::from_u32(0), b"stopping");
    endpoint.wait_idle().await;
}

/// An answer to an address that was not checked could be aimed at somebody else, so under load it is
/// checked first.
fn admit(incoming: Incoming, connected: usize) -> Option<Incoming> {
    if connected >= CONNECTIONS_MAX {
        incoming.refuse();
        return None;
    }
    if connected >= CONNECTIONS_BEFORE_RETRY && !incoming.remote_address_validated() && incoming.may_retry() {
        // It fails only where a retry is not possible, and that was asked just now.
        let _ = incoming.retry();
        return None;
    }
    Some(incoming)
}

/// Serves one connection, from the handshake to its end.
async fn converse(server: Server, incoming: Incoming) {
    let Ok(connecting) = incoming.accept() else { return };
    let Ok(Ok(connection)) = timeout(GREETING_TIMEOUT, connecting).await else {
        return;
    };
    let Some(device) = device_key(&connection).filter(|_| speaks_our_protocol(&connection)) else {
        return;
    };
    let Ok(Ok((send, receive))) = timeout(GREETING_TIMEOUT, connection.accept_bi()).await else {
        return;
    };
    let lane = Lane::new(server, device, Sending::Quic(send), Receiving::Quic(receive));
    let reason = connection::serve(lane).await;
    connection.close(VarInt::from_u32(0), reason);
}

/// The device key that TLS authenticated.
fn device_key(connection: &quinn::Connection) -> Option<PublicKey> {
    let identity = connection.peer_identity()?;
    let chain = identity.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    PublicKey::from_spki(chain.first()?)
}

/// Whether the device asked for this protocol by name. TLS lets one pass that names none.
fn speaks_our_protocol(connection: &quinn::Connection) -> bool {
    connection
        .handshake_data()
        .and_then(|data| data.downcast::<HandshakeData>().ok())
        .is_some_and(|data| data.protocol.as_deref() == Some(ALPN))
}

fn no_cipher() -> rustls::Error {
    rustls::Error::General("no cipher for QUIC".into())
}

fn transport() -> TransportConfig {
    let mut transport = TransportConfig::default();
    transport.max_concurrent_bidi_streams(VarInt::from_u32(1));
    transport.max_concurrent_uni_streams(VarInt::from_u32(0));
    transport.stream_receive_window(VarInt::from_u32(STREAM_WINDOW_BYTES));
    transport.receive_window(VarInt::from_u32(STREAM_WINDOW_BYTES));
    transport.send_window(SEND_WINDOW_BYTES);
    transport.datagram_receive_buffer_size(None);
    // What goes to a device is short. Handing the system ten packets at once keeps room for as many ready in
    // each connection.
    transport.enable_segmentation_offload(false);
    transport.max_idle_timeout(Some(IdleTimeout::from(VarInt::from_u32(IDLE_TIMEOUT_MS))));
    transport.keep_alive_interval(Some(KEEP_ALIVE));
    transport.initial_rtt(FIRST_ROUND_TRIP);
    transport
}
