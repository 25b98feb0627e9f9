//! Starting the server with its transports, and stopping it.

use std::{net::SocketAddr, sync::Arc};

use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    Server, clock::Clock, config::Config, devices, entropy::Entropy, error::StartError, https, service::sweep,
};

/// A server that serves. It goes on until [`stop`](Self::stop), or until this is dropped.
#[derive(Debug)]
pub struct Running {
    /// Where developers are served.
    pub https_addr: SocketAddr,
    /// Where devices are served, over QUIC and over TCP.
    pub quic_addr: SocketAddr,
    /// SHA-256 of the server key (DER `SubjectPublicKeyInfo`) in lower-case hexadecimal, for
    /// `vault connect --server-key`.
    pub server_key_fingerprint: String,
    /// The certificate of the authority that a developer's HTTPS client trusts, PEM.
    pub ca_certificate_pem: String,
    /// The service.
    pub server: Server,
    tasks: JoinSet<()>,
}

/// Starts the server. Port 0 takes a free port.
///
/// # Errors
///
/// [`StartError`] says what to do.
pub async fn start(config: Config, clock: Arc<dyn Clock>, entropy: Entropy) -> Result<Running, StartError> {
    let server = Server::open(config, clock, entropy).await?;
    let listener = listen(server.config().https).await?;
    let https_addr = listener.local_addr().map_err(|source| StartError::Listen {
        what: "developers",
        address: server.config().https,
        source,
    })?;
    let sockets = devices::listen(&server).await?;
    let quic_addr = sockets.address;
    let tls = https::tls::server_config(server.tls().certified())?;
    let mut tasks = JoinSet::new();
    tasks.spawn(devices::serve(server.clone(), sockets));
    tasks.spawn(sweep::run(server.clone()));
    tasks.spawn({
        let (service, stop) = (server.clone(), server.stopping().clone());
        async move {
            if let Err(error) = https::serve(service, listener, tls, stop).await {
                tracing::error!(%error, "serving developers ended");
            }
        }
    });
    Ok(Running {
        https_addr,
        quic_addr,
        server_key_fingerprint: server.tls().fingerprint_text(),
        ca_certificate_pem: server.tls().ca_pem().to_owned(),
        server,
        tasks,
    })
}

impl Running {
    /// Stops taking new calls, lets those that run come to an end, and closes the data.
    pub async fn stop(mut self) {
        self.server.stopping().request();
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| StartError::Listen {
            what: "developers",
            address,
            source,
        })
}
