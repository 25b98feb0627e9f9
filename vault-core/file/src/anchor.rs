//! Noticing that a whole file was put back as it was earlier.
//!
//! Such a file is authentic in all its parts. What gives it away is a number that only rises, kept where
//! whoever put the file back cannot reach: the key store of the device, or a server.

use std::fmt;

use crate::header::FileId;

/// How far a file has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The identity of the file. A rewritten file keeps it, and goes on counting; a backup, a restored or a
    /// salvaged file has one of its own.
    pub file: FileId,
    /// How many transactions were ever made durable in it.
    pub transactions: u64,
}

/// A place outside the file that remembers how far it had come.
///
/// It is asked once, when it is [attached](crate::SealedFile::anchored), and told then, at each
/// [`checkpoint`](crate::SealedFile::checkpoint) and when the file is closed, so it costs nothing while
/// transactions are written. What was written after it was last told can be taken back unnoticed: checkpoint
/// after what must not be.
///
/// It must not call the file that calls it.
pub trait Anchor: Send + Sync {
    /// The number that was last remembered for a file; `None` if there is none.
    ///
    /// # Errors
    ///
    /// If the place cannot be reached.
    fn recall(&self, file: FileId) -> Result<Option<u64>, AnchorUnavailable>;

    /// Remembers a position. It is durable in the file already.
    ///
    /// # Errors
    ///
    /// If the place cannot be reached. Then it lags behind, which never accuses a good file.
    fn remember(&self, position: Position) -> Result<(), AnchorUnavailable>;
}

impl fmt::Debug for dyn Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Anchor(..)")
    }
}

/// The place that remembers how far a file had come cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the anchor of the file cannot be reached")]
pub struct AnchorUnavailable;
