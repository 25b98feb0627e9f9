//! What can go wrong with the server's keys.

use std::path::PathBuf;

/// Why the server's keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// Some key files are there and this one is not. New keys would not open the data.
    #[error("{} is missing beside other keys: restore it from a backup, nothing is made anew", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// There is no key yet.
    #[error("there is no key in {} yet: start the server once", folder.display())]
    NoneYet {
        /// The configuration folder.
        folder: PathBuf,
    },
    /// A key file does not hold a key.
    #[error("{} does not hold a key: restore it from a backup", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// A file or folder cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A name of the configuration cannot stand in a certificate.
    #[error("`{0}` cannot stand in a certificate: write a host name or an IP address in public_names")]
    Name(String),
    /// The certificate could not be made.
    #[error("the server's certificate could not be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// TLS does not accept the certificate.
    #[error("TLS does not accept the server's certificate: {0}")]
    Tls(#[from] rustls::Error),
}
