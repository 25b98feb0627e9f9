//! What applications publish of themselves at their own domain (PROTOCOL.md section 11).
//!
//! The network is an argument: [`AppDocuments`] is all that the vault asks of its host, and
//! [`HttpsDocuments`] is the way most hosts do it.

mod document;
mod https;

pub(crate) use document::{Listing, read_listing};
pub use https::HttpsDocuments;
use vault_wire::domain::AppDomain;

/// Longest document that is read, in bytes.
pub const DOCUMENT_BYTES_MAX: u64 = 65_536;

/// Fetches what an application publishes at its domain.
///
/// An implementation asks [`AppDomain::document_url`] over HTTPS with the certificates of the web, and
/// nobody else: no redirect, no proxy that ends the encryption. It gives up on more than
/// [`DOCUMENT_BYTES_MAX`] bytes and after some seconds.
pub trait AppDocuments: Send + Sync {
    /// The document's bytes.
    ///
    /// # Errors
    /// Why the domain gave none; asking again later may help.
    fn fetch(&self, domain: &AppDomain) -> Result<Vec<u8>, DocumentError>;
}

/// Why a domain gave no document that can be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// No connection, or it broke.
    #[error("the domain cannot be reached: {0}")]
    Unreachable(String),
    /// No certificate of the web for this domain, or one that is over.
    #[error("the domain's certificate is not accepted: {0}")]
    NotTrusted(String),
    /// It took longer than it may.
    #[error("the domain did not answer in time")]
    TooSlow,
    /// It answered with another status than 200; a redirect is not followed.
    #[error("the domain publishes nothing about its applications: it answered with status {0}")]
    Status(u16),
    /// It answered with something else than JSON.
    #[error("the domain answered with something that is not JSON")]
    NotJson,
    /// The answer is larger than [`DOCUMENT_BYTES_MAX`].
    #[error("the domain's document about its applications is too large")]
    TooLarge,
    /// The answer is no document of this kind.
    #[error("the domain's document about its applications cannot be used: {0}")]
    Malformed(&'static str),
}
