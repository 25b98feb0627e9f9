//! Asking a domain over HTTPS. The only file of the vault that names ureq.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use ureq::{
    Agent, Error,
    config::Config,
    http::Uri,
    tls::{Certificate, RootCerts, TlsConfig},
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{DefaultConnector, NextTimeout},
    },
};
use vault_wire::domain::AppDomain;

use super::{AppDocuments, DOCUMENT_BYTES_MAX, DocumentError};

/// How long a domain may take for everything, from its name to the last byte.
const TIME_LIMIT: Duration = Duration::from_secs(10);
const HEAD_BYTES_MAX: usize = 16_384;

/// Documents over HTTPS, with the certificates of the web.
#[derive(Clone, Debug)]
pub struct HttpsDocuments(Agent);

impl HttpsDocuments {
    /// Trusts the authorities that Mozilla trusts, and finds addresses as the system does.
    pub fn of_the_web() -> Self {
        Self(agent(RootCerts::WebPki, DefaultResolver::default(), TIME_LIMIT))
    }

    /// Trusts one authority only, given as the DER of its certificate, and asks every domain at one
    /// address: for a network of its own, or a test.
    pub fn of_one_host(authority: &[u8], address: SocketAddr, time_limit: Duration) -> Self {
        let roots = RootCerts::new_with_certs(&[Certificate::from_der(authority).to_owned()]);
        Self(agent(roots, OneAddress(address), time_limit))
    }
}

fn agent(roots: RootCerts, resolver: impl Resolver, time_limit: Duration) -> Agent {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = TlsConfig::builder()
        .root_certs(roots)
        .unversioned_rustls_crypto_provider(provider)
        .build();
    let config = Agent::config_builder()
        .https_only(true)
        .max_redirects(0)
        .http_status_as_error(false)
        .proxy(None)
        .timeout_global(Some(time_limit))
        .max_response_header_size(HEAD_BYTES_MAX)
        .max_idle_connections(0)
        .user_agent("vault")
        .accept("application/json")
        .tls_config(tls)
        .build();
    Agent::with_parts(config, DefaultConnector::new(), resolver)
}

impl AppDocuments for HttpsDocuments {
    fn fetch(&self, domain: &AppDomain) -> Result<Vec<u8>, DocumentError> {
        let mut answer = self.0.get(domain.document_url()).call().map_err(failed)?;
        match answer.status().as_u16() {
            200 => {}
            other => return Err(DocumentError::Status(other)),
        }
        let is_json = answer
            .body()
            .mime_type()
            .is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
        if !is_json {
            return Err(DocumentError::NotJson);
        }
        // One byte more than it may have shows that it has too many.
        let limited = answer.body_mut().with_config().limit(DOCUMENT_BYTES_MAX + 1);
        let bytes = limited.read_to_vec().map_err(failed)?;
        if bytes.len() as u64 > DOCUMENT_BYTES_MAX {
            return Err(DocumentError::TooLarge);
        }
        Ok(bytes)
    }
}

fn failed(error: Error) -> DocumentError {
    match error {
        Error::Timeout(_) => DocumentError::TooSlow,
        Error::BodyExceedsLimit(_) => DocumentError::TooLarge,
        Error::Rustls(error) => not_trusted(&error),
        Error::Io(error) => match rustls_of(&error) {
            Some(error) => not_trusted(error),
            None => DocumentError::Unreachable(error.to_string()),
        },
        other => DocumentError::Unreachable(other.to_string()),
    }
}

fn not_trusted(error: &rustls::Error) -> DocumentError {
    match error {
        rustls::Error::InvalidCertificate(why) => DocumentError::NotTrusted(why.to_string()),
        other => DocumentError::Unreachable(other.to_string()),
    }
}

fn rustls_of(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// Every name is at this address.
#[derive(Debug)]
struct OneAddress(SocketAddr);

impl Resolver for OneAddress {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let mut addresses = self.empty();
        addresses.push(self.0);
        Ok(addresses)
    }
}
