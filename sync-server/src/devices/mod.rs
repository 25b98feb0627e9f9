//! Devices: QUIC, and TLS over TCP for networks that let no UDP through. Both speak TLS 1.3 with a raw
//! public key on the device's side and carry one [lane](lane::Lane) a connection.

mod connection;
mod lane;
mod quic;
mod recovering;
mod stream;
mod tcp;
mod tls;

pub(crate) use connection::GREETING_TIMEOUT;
pub(crate) use lane::{Lane, Over};
pub(crate) use stream::{Receiving, Sending};

#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use quinn::Endpoint;
use tokio::net::TcpListener;

use crate::{Server, error::StartError};

/// Most devices that are connected at the same time.
const CONNECTIONS_MAX: usize = 100_000;
/// How often a free port is looked for that UDP and TCP can share.
const TRIES: usize = 16;

/// The sockets on which devices are served: the same port of UDP and of TCP.
pub(crate) struct Sockets {
    quic: Endpoint,
    tcp: TcpListener,
    /// Where both listen.
    pub(crate) address: SocketAddr,
}

/// Opens the sockets.
pub(crate) async fn listen(server: &Server) -> Result<Sockets, StartError> {
    let mut wanted = server.config().devices;
    let mut tries = if wanted.port() == 0 { TRIES } else { 1 };
    loop {
        tries -= 1;
        let quic = quic::listen(server, wanted)?;
        let failed = |source| StartError::Listen {
            what: "devices",
            address: wanted,
            source,
        };
        let address = quic.local_addr().map_err(failed)?;
        match TcpListener::bind(address).await {
            Ok(tcp) => return Ok(Sockets { quic, tcp, address }),
            Err(_) if tries > 0 => wanted = server.config().devices,
            Err(source) => return Err(failed(source)),
        }
    }
}

/// Serves devices until the server stops.
pub(crate) async fn serve(server: Server, sockets: Sockets) {
    tokio::join!(
        quic::serve(server.clone(), sockets.quic),
        tcp::serve(server.clone(), sockets.tcp)
    );
}
