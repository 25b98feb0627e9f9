//! Accepting connections. There is no plain listener: whatever is not TLS is closed.

use std::{io, net::SocketAddr, sync::Arc};

use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};
use tokio_rustls::TlsAcceptor;

use super::{connection, limits, router::router};
use crate::{Server, stop::Stop};

/// Serves developers on a listening socket until a stop is requested; then lets what is under way
/// finish, for at most 10 seconds. Dropping it drops every connection.
///
/// # Errors
///
/// Only if the socket is unusable from the start; a refused connection never ends the service.
pub async fn serve(
    server: Server,
    listener: TcpListener,
    tls: Arc<rustls::ServerConfig>,
    stop: Stop,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    tracing::info!(%address, "serving developers over HTTPS");
    let (router, acceptor) = (router(server), TlsAcceptor::from(tls));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.requested() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < limits::CONNECTIONS_MAX => {
                if let Some(socket) = unless_refused(accepted).await {
                    let (acceptor, router) = (acceptor.clone(), router.clone());
                    connections.spawn(connection::serve(socket, acceptor, router, stop.clone()));
                }
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
    Ok(())
}

/// The system refuses when it has run out of something; that passes.
async fn unless_refused(accepted: io::Result<(TcpStream, SocketAddr)>) -> Option<TcpStream> {
    match accepted {
        Ok((socket, _)) => Some(socket),
        Err(error) => {
            tracing::warn!(%error, "cannot accept a connection");
            sleep(limits::ACCEPT_PAUSE).await;
            None
        }
    }
}
