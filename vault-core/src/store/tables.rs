//! Every table of a vault on one page. Keys and values are bytes; numbers in keys are big-endian,
//! so that they sort; values are postcard.

use vault_file::Table;
use vault_wire::catalogue::Category;

/// Single rows, see [`meta`].
pub(crate) const META: Table = Table::new("meta");
/// Record id → record.
pub(crate) const RECORDS: Table = Table::new("records");
/// Change sequence → record id and category; each live record or tombstone once, at its latest change.
pub(crate) const CHANGES: Table = Table::new("changes");
/// Digest of an imported item → record id.
pub(crate) const IMPORTED: Table = Table::new("imported");
/// Category name → since when it may be collected.
pub(crate) const COLLECTION: Table = Table::new("collection");
/// Request id → consent request and what became of it.
pub(crate) const REQUESTS: Table = Table::new("requests");
/// Grant id → grant.
pub(crate) const GRANTS: Table = Table::new("grants");
/// Grant id | number → signed statement, and what the server said of it.
pub(crate) const STATEMENTS: Table = Table::new("statements");
/// Grant id | number → statement that the server did not accept, and why.
pub(crate) const REFUSALS: Table = Table::new("refusals");
/// Application id → consent key.
pub(crate) const CONSENT_KEYS: Table = Table::new("consent-keys");
/// Application id → who it is, as last seen.
pub(crate) const APPS: Table = Table::new("apps");
/// Application id → since when it is blocked. It never leaves the vault.
pub(crate) const BLOCKED_APPS: Table = Table::new("blocked-apps");
/// Application id → what its own domain said of it.
pub(crate) const APP_PINS: Table = Table::new("app-pins");
/// Grant id → how far its entries are with the server.
pub(crate) const PROGRESS: Table = Table::new("grant-progress");
/// Grant id | generation | first byte of slots → sums over what the server holds there. What it holds is
/// in two tables a grant and generation, one by record and one by slot.
pub(crate) const TALLIES: Table = Table::new("tallies");
/// Grant id | generation | number of the first → slots that hold something else, in the order of the changes,
/// until they are put in their places.
pub(crate) const CHANGED_SLOTS: Table = Table::new("changed-slots");
/// Grant id | generation → itself: what the server held of it is no longer needed.
pub(crate) const LEFTOVERS: Table = Table::new("leftovers");
/// Grant id | slot → why the server does not hold it.
pub(crate) const REJECTED: Table = Table::new("rejected");
/// Notice number → what the server told.
pub(crate) const NOTICES: Table = Table::new("notices");
/// Number → contradiction in what the server signed of its log.
pub(crate) const LOG_FAULTS: Table = Table::new("log-faults");
/// Grant id → erasure receipt.
pub(crate) const ERASURES: Table = Table::new("erasures");

/// Presence and `occurred_at` (order-preserving) | record id → nothing; one table a category.
pub(crate) fn by_time(category: Category) -> Table {
    Table::named(format!("time/{category}"))
}

/// Rows of [`META`].
pub(crate) mod meta {
    /// Version of the tables, u32.
    pub(crate) const SCHEMA: &[u8] = b"schema";
    /// The vault's keys.
    pub(crate) const IDENTITY: &[u8] = b"identity";
    /// This life of the file.
    pub(crate) const INCARNATION: &[u8] = b"incarnation";
    /// The last change sequence that was given out, u64.
    pub(crate) const LAST_CHANGE: &[u8] = b"last-change";
    /// The server that this vault is connected to.
    pub(crate) const SERVER: &[u8] = b"server";
    /// The recovery codes, and the escrow that is sealed to them.
    pub(crate) const ESCROW: &[u8] = b"escrow";
    /// A revocation that the server is still to be told.
    pub(crate) const REVOCATION: &[u8] = b"revocation";
    /// Until when, by the server's clock, other devices may have spoken for this vault, if it was taken back with a
    /// recovery code.
    pub(crate) const RECOVERED_AT: &[u8] = b"recovered-at";
    /// The vault's copy of the server's log.
    pub(crate) const LOG: &[u8] = b"log";
    /// When the vault was made.
    pub(crate) const CREATED_AT: &[u8] = b"created-at";
}
