//! The application's own website, on this machine: HTTPS with a certificate of an authority made for it.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use serde_json::Value;
use vault_core::{HttpsDocuments, wire::domain::AppDomain};

/// How long either side waits for the other.
const PATIENCE: Duration = Duration::from_secs(10);

/// A website that publishes one document and is asked once.
pub(super) struct Site {
    address: SocketAddr,
    authority: Vec<u8>,
}

impl Site {
    pub(super) fn publish(domain: &AppDomain, document: &Value) -> anyhow::Result<Self> {
        let (authority, config) = tls(domain)?;
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let document = document.to_string();
        std::thread::spawn(move || {
            // Whoever asked and got no answer says so; here nobody is left to tell.
            let _ = listener
                .accept()
                .map_err(anyhow::Error::from)
                .and_then(|(stream, _)| answer(stream, config, &document));
        });
        Ok(Self { address, authority })
    }

    /// What the vault asks it with.
    pub(super) fn documents(&self) -> HttpsDocuments {
        HttpsDocuments::of_one_host(&self.authority, self.address, PATIENCE)
    }
}

fn tls(domain: &AppDomain) -> anyhow::Result<(Vec<u8>, Arc<ServerConfig>)> {
    let root_key = KeyPair::generate()?;
    let mut root = CertificateParams::new(Vec::new())?;
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = root.self_signed(&root_key)?.der().to_vec();
    let key = KeyPair::generate()?;
    let params = CertificateParams::new(vec![domain.to_string()])?;
    let certificate = params.signed_by(&key, &Issuer::new(root, root_key))?;
    let secret = PrivateKeyDer::try_from(key.serialize_der()).map_err(anyhow::Error::msg)?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(certificate)], secret)?;
    Ok((authority, Arc::new(config)))
}

fn answer(stream: TcpStream, config: Arc<ServerConfig>, document: &str) -> anyhow::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut stream = StreamOwned::new(ServerConnection::new(config)?, stream);
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && head.len() < 8_192 {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{document}",
        document.len()
    )?;
    stream.conn.send_close_notify();
    stream.flush()?;
    Ok(())
}
