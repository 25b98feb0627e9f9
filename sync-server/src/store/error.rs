//! What can go wrong in the store.

use std::sync::Arc;

/// A failure of the store. Nothing of the transaction that met it took effect, unless the failure
/// came while it was being made durable; then only a restart tells.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The sealed file failed.
    #[error("the data store failed: {0}")]
    File(#[from] Arc<vault_file::Error>),
    /// A row does not hold what its table promises: it was written by another version.
    #[error("a row of table `{0}` cannot be read: was the data written by another version?")]
    Row(&'static str),
    /// The file of grant keys, or the erasure ledger, failed.
    #[error("{what} failed: {kind}")]
    Side {
        /// Which file.
        what: &'static str,
        /// How.
        kind: std::io::ErrorKind,
    },
    /// More work is waiting than the store can do in time.
    #[error("the data store is overloaded: try again later")]
    Overloaded,
    /// The store is closing.
    #[error("the data store is closed")]
    Closed,
}

impl From<vault_file::Error> for StoreError {
    fn from(error: vault_file::Error) -> Self {
        Self::File(Arc::new(error))
    }
}
