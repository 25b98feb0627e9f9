//! redb behind a fence: tables of bytes, snapshots and transactions, whose callers never see a redb type.
//!
//! redb trusts its storage. With pages that authenticate it has every reason to, but pages of different
//! ages can still be put together by somebody who writes the file; so every call into redb runs behind a
//! [`fence`](fence::Fence) that turns a panic into an error and ends the handle.

mod append;
mod bounds;
mod commit;
mod database;
mod fence;
mod health;
mod pack;
mod position;
mod replay;
mod rows;
mod snapshot;
mod table;
mod transaction;
mod write_table;

pub(crate) use append::Append;
pub(crate) use database::Database;
pub(crate) use health::Health;
pub use rows::Rows;
pub use snapshot::{ReadTable, Snapshot};
pub use table::Table;
pub use transaction::Transaction;
pub use write_table::WriteTable;

/// The most bytes of a key.
pub const KEY_BYTES_MAX: usize = 16 * 1024;
/// The most bytes of a value: 64 MiB.
pub const VALUE_BYTES_MAX: usize = 64 * 1024 * 1024;
