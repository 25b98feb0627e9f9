//! Every key-derivation label of the server on one page. A label never changes its meaning.

/// Pairwise subject ids.
pub(super) const SUBJECT: &str = "sync-server/subject/1";
/// Wraps grant keys.
pub(super) const GRANT_KEYS: &str = "sync-server/grant-keys/1";
/// Seals the erasure ledger.
pub(super) const LEDGER: &str = "sync-server/erasure-ledger/1";
/// Authenticates cursors.
pub(super) const CURSOR: &str = "sync-server/cursor/1";
/// Hashes link codes.
pub(super) const LINK_CODE: &str = "sync-server/link-code/1";
/// Tells devices of an earlier run that their connections are gone (QUIC stateless reset).
pub(super) const STATELESS_RESET: &str = "sync-server/stateless-reset/1";
/// Marks QUIC connection ids as this server's.
pub(super) const CONNECTION_IDS: &str = "sync-server/connection-ids/1";
