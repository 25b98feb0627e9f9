//! Why talking to a server failed.

use vault_wire::frame::{FrameError, Refusal};

/// Why talking to a server failed. Local data are as they were, and the next sync goes on where
/// this one stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// The address cannot be found.
    #[error("cannot find the server {0}: check the address and the network")]
    UnknownHost(String),
    /// No connection comes about, or it broke.
    #[error("cannot reach the server: {0}")]
    Unreachable(String),
    /// The server shows another key than the one that this vault was told to trust.
    #[error(
        "the server shows another key than the one this vault trusts: do not go on unless its operator confirms \
         a new fingerprint, then run connect again"
    )]
    ServerKeyMismatch,
    /// The server's own keys changed, though its TLS key did not.
    #[error("the server's receipt or sealing key changed: ask its operator, then run connect again")]
    ServerKeysChanged,
    /// The server ended the connection.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The server sent bytes that are not a frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The server sent a frame that does not belong where it came.
    #[error("the server does not keep to the protocol: {0}")]
    Protocol(&'static str),
    /// This device moved to another network, and the connection could not come along.
    #[error("this device moved to another network")]
    NetworkChanged,
    /// The server did not answer in time.
    #[error("the server did not answer in time: try again later")]
    Timeout,
    /// An acceptance does not hold.
    #[error("the server's acceptance of a decision does not hold: the decision counts as undelivered")]
    BadAcceptance,
    /// A log head does not hold.
    #[error("the server's word on its log does not hold: what it tells is not taken in")]
    BadLogHead,
    /// An erasure receipt does not hold.
    #[error("the server's erasure receipt does not hold: the erasure is not proven")]
    BadErasureReceipt,
}
