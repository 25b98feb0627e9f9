//! How this surface speaks TLS.

use std::sync::Arc;

use rustls::{
    ServerConfig,
    sign::{CertifiedKey, SingleCertAndKey},
};

use crate::keys::provider;

/// TLS 1.3 and 1.2 with ring, offering HTTP/2 and HTTP/1.1.
///
/// # Errors
///
/// If the cryptography at hand lacks what these versions need.
pub fn server_config(identity: Arc<CertifiedKey>) -> Result<Arc<ServerConfig>, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(identity)));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
