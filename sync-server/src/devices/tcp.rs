//! TLS over TCP, for devices whose network lets no UDP through.

use std::{sync::Arc, time::Duration};

use socket2::{SockRef, TcpKeepalive};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use vault_wire::{frame::ALPN, signature::PublicKey};

use super::{
    CONNECTIONS_MAX,
    connection::{self, GREETING_TIMEOUT},
    lane::Lane,
    stream::{Receiving, Sending},
    tls,
};
use crate::Server;

/// How soon a silent device is asked whether it is there, and how often.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// A pause when the system gives out no more sockets.
const BREATHER: Duration = Duration::from_millis(100);

/// Serves devices until the server stops.
pub(super) async fn serve(server: Server, listener: TcpListener) {
    let config = match tls::server_config(&server.tls().certified()) {
        Ok(config) => TlsAcceptor::from(Arc::new(config)),
        Err(error) => return tracing::error!(%error, "no TLS for devices over TCP"),
    };
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            () = server.stopping().requested() => break,
        };
        match accepted {
            Ok((stream, _)) if connections.len() < CONNECTIONS_MAX => {
                connections.spawn(converse(server.clone(), config.clone(), stream));
            }
            Ok(_) => {}
            Err(_) => sleep(BREATHER).await,
        }
    }
    // Connections watch the request to stop too, and end in good order.
    while connections.join_next().await.is_some() {}
}

async fn converse(server: Server, config: TlsAcceptor, stream: TcpStream) {
    let keep_alive = TcpKeepalive::new()
        .with_time(KEEP_ALIVE)
        .with_interval(KEEP_ALIVE);
    let prepared = SockRef::from(&stream)
        .set_tcp_keepalive(&keep_alive)
        .and_then(|()| stream.set_nodelay(true));
    let Ok(Ok(stream)) = timeout(GREETING_TIMEOUT, config.accept(stream)).await else {
        return;
    };
    let tls = stream.get_ref().1;
    let device = tls
        .peer_certificates()
        .and_then(|chain| PublicKey::from_spki(chain.first()?));
    let speaks_our_protocol = tls.alpn_protocol() == Some(ALPN);
    let Some(device) = device.filter(|_| speaks_our_protocol && prepared.is_ok()) else {
        return;
    };
    let (receive, send) = tokio::io::split(stream);
    let lane = Lane::new(server, device, Sending::Tcp(send), Receiving::Tcp(receive));
    connection::serve(lane).await;
}
