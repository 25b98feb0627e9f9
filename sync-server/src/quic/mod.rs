//! Devices over QUIC: one UDP port, TLS 1.3 with a raw public key on the device's side, one stream a
//! connection.

mod connection;
mod lane;
mod streams;
mod tls;

pub(crate) use lane::{Lane, Over};

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use quinn::{
    Endpoint, EndpointConfig, IdleTimeout, Incoming, ServerConfig, TokioRuntime, TransportConfig, VarInt,
};
use quinn_proto::HashedConnectionIdGenerator;
use ring::hmac;
use tokio::task::JoinSet;

use crate::{Server, error::StartError};

/// Most devices that are connected at the same time.
const CONNECTIONS_MAX: usize = 100_000;
/// With so many connections, a device's address is checked before anything is spent on it.
const CONNECTIONS_BEFORE_RETRY: usize = 1_000;
const IDLE_TIMEOUT_MS: u32 = 60_000;
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// Bytes that a device may send ahead. Small, because each idle connection keeps them ready.
const STREAM_WINDOW_BYTES: u32 = 512 << 10;
const SEND_WINDOW_BYTES: u64 = 1 << 20;

/// The socket on which devices are served.
pub(crate) fn listen(server: &Server) -> Result<Endpoint, StartError> {
    let address = server.config().devices;
    let failed = |source| StartError::Listen {
        what: "devices",
        address,
        source,
    };
    let mut config = ServerConfig::with_crypto(Arc::new(tls::server_config(&server.tls().certified())?));
    config.transport_config(Arc::new(transport()));
    config.max_incoming(CONNECTIONS_BEFORE_RETRY);
    let socket = std::net::UdpSocket::bind(address).map_err(failed)?;
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
pub(crate) async fn serve(server: Server, endpoint: Endpoint) {
    let mut connections = JoinSet::new();
    loop {
        let incoming = tokio::select! {
            incoming = endpoint.accept() => incoming,
            Some(_) = connections.join_next() => continue,
            () = server.stopping().requested() => break,
        };
        let Some(incoming) = incoming else { break };
        if let Some(admitted) = admit(incoming, connections.len()) {
            connections.spawn(connection::serve(server.clone(), admitted));
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

fn transport() -> TransportConfig {
    let mut transport = TransportConfig::default();
    transport.max_concurrent_bidi_streams(VarInt::from_u32(1));
    transport.max_concurrent_uni_streams(VarInt::from_u32(0));
    transport.stream_receive_window(VarInt::from_u32(STREAM_WINDOW_BYTES));
    transport.receive_window(VarInt::from_u32(STREAM_WINDOW_BYTES));
    transport.send_window(SEND_WINDOW_BYTES);
    transport.datagram_receive_buffer_size(None);
    transport.max_idle_timeout(Some(IdleTimeout::from(VarInt::from_u32(IDLE_TIMEOUT_MS))));
    transport.keep_alive_interval(Some(KEEP_ALIVE));
    transport
}
