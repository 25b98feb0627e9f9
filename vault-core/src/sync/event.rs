//! What a sync tells the host while it runs.

use vault_wire::{
    frame::{Event, StatementRefusal},
    id::GrantId,
};

use super::LogFaultKind;

/// Something that the host may want to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncEvent {
    /// The server knows this vault and the session runs.
    Connected,
    /// Entries went out or were acknowledged.
    Progress {
        /// Entries that the server holds durably since this session began.
        acknowledged: u64,
        /// Changes of the vault that are still to be looked at, over all grants.
        remaining: u64,
    },
    /// The server told something that is now kept in the vault.
    Notice(Box<Event>),
    /// The server has a statement.
    StatementAccepted {
        /// Of which grant.
        grant: GrantId,
        /// Which one.
        number: u64,
    },
    /// The server did not accept a statement.
    StatementRefused {
        /// Of which grant.
        grant: GrantId,
        /// Why.
        why: StatementRefusal,
    },
    /// Another copy of this vault made a statement, and it is taken over. What the owner had taken away
    /// here is said again behind it.
    StatementTaken {
        /// Of which grant.
        grant: GrantId,
        /// Whether a resumption or renewal that the owner made here was dropped for it.
        dropped: bool,
    },
    /// Every other device of this vault is revoked: this one took the vault over with a recovery code.
    OthersRevoked,
    /// The server proved that it erased a grant.
    Erased {
        /// Which.
        grant: GrantId,
    },
    /// The server contradicts what it signed before. What it signed is kept: see
    /// [`Vault::log`](crate::Vault::log).
    LogContradicted(LogFaultKind),
    /// The connection broke; the next attempt follows.
    Disconnected {
        /// Why.
        reason: String,
        /// When, in milliseconds from now.
        retry_in_ms: u64,
    },
}

/// What one sync did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncReport {
    /// Entries that the server acknowledged.
    pub entries: u64,
    /// Bytes of those entries.
    pub entry_bytes: u64,
    /// Entries that the server did not store.
    pub rejected: u64,
    /// Statements that the server acknowledged.
    pub statements: u64,
    /// Notices that the vault now keeps.
    pub notices: u64,
    /// Bytes of frames in both directions.
    pub frame_bytes: u64,
    /// Bytes that went over the network in both directions, with all that the transport adds where that
    /// is QUIC, from the first packet of the connection on.
    pub network_bytes: u64,
}
