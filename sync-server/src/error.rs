//! Why the server does not start.

use std::path::PathBuf;

use crate::{keys::KeysError, service::Unavailable, store::StoreError};

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// There is data, but no key to open it.
    #[error("there is data but no key in {}: restore that folder from a backup", folder.display())]
    KeysGone {
        /// The configuration folder.
        folder: PathBuf,
    },
    /// A folder cannot be created.
    #[error("cannot create {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The data cannot be opened.
    #[error("cannot open the data: {0}")]
    Store(#[from] StoreError),
    /// What an earlier run left unfinished cannot be finished.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// An address cannot be listened on.
    #[error("cannot listen on {address} for {what}: {source}")]
    Listen {
        /// For whom.
        what: &'static str,
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// TLS does not accept the server's key.
    #[error("TLS does not accept the server's certificate: {0}")]
    Tls(#[from] rustls::Error),
}

impl StartError {
    /// Whether another process has the data open.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Store(StoreError::File(error)) if matches!(**error, vault_file::Error::Busy))
    }
}
