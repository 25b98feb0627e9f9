//! What a device sends.

use serde::{Deserialize, Serialize};

use crate::{
    Digest,
    acceptance::Proof,
    certificate::SignedCertificate,
    entry::{Entry, Fingerprint},
    grant_key::SealedGrantKey,
    id::{GrantId, Incarnation, LogId, VaultId},
    signature::PublicKey,
    statement::SignedStatement,
};

/// First frame of a connection. Frozen: every minor version sends exactly these fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Minor protocol version.
    pub minor: u16,
    /// Features that the device knows, one bit each.
    pub features: u64,
    /// The vault.
    pub vault: VaultId,
    /// The owner key's certificate of the transport key that TLS authenticated.
    pub device: SignedCertificate,
    /// This life of the vault file.
    pub incarnation: Incarnation,
    /// Number of the last notice that the vault keeps.
    pub events_seen: u64,
    /// Where the vault's copy of the log ends.
    pub log: LogPosition,
    /// Every grant that is not over.
    pub grants: Vec<GrantPosition>,
    /// Grants that the owner ended: a server whose data was set back must not answer for them.
    pub ended: Vec<GrantId>,
}

/// Where a vault's copy of the server's log ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPosition {
    /// The log; zeros if the vault has none.
    pub log: LogId,
    /// Its last leaf; zeros if it has none.
    pub last: Digest,
}

impl LogPosition {
    /// A vault that has followed no log yet.
    pub const NONE: Self = Self {
        log: LogId([0; 16]),
        last: [0; 32],
    };
}

/// Where one grant stands on the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantPosition {
    /// The grant.
    pub grant: GrantId,
    /// Number of the last statement that the server acknowledged.
    pub statement: u64,
    /// Digest of that statement: another copy of the vault may have made one of the same number.
    pub last: Digest,
    /// Generation of the grant key.
    pub generation: u32,
    /// How many entries the server holds, as far as the device knows.
    pub count: u64,
    /// Fingerprint of those entries.
    pub fingerprint: Fingerprint,
}

/// Enrols a vault. Whoever runs the server cannot make one: the vault id is the hash of the owner's
/// first public key, and the device certificate carries that owner's signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Register {
    /// The owner's first public key.
    pub owner_key: PublicKey,
    /// The owner key's certificate of the transport key that TLS authenticated.
    pub device: SignedCertificate,
    /// Invitation, where the server asks for one.
    pub invite: Option<String>,
}

/// Asks for a code by which an application can be linked to this vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkOpen {}

/// A consent statement with what it needs to take effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitStatement {
    /// The statement.
    pub statement: SignedStatement,
    /// The owner key's certificate of the consent key that signed it.
    pub certificate: SignedCertificate,
    /// The grant key of the generation that the statement opens, sealed to its holder.
    pub grant_key: Option<SealedGrantKey>,
    /// For a statement that this server accepted before and seems to have lost.
    pub proof: Option<Proof>,
}

/// A batch of sealed entries of one grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entries {
    /// The grant.
    pub grant: GrantId,
    /// Generation of the key that sealed them.
    pub generation: u32,
    /// Statement under which they were sealed.
    pub statement: u64,
    /// Counts the batches of this connection from 1, over all grants.
    pub number: u64,
    /// The entries.
    pub entries: Vec<Entry>,
}

/// Acknowledges notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventsSeen {
    /// Notices up to this number are durable in the vault.
    pub through: u64,
}

/// A message of the [reconciliation](crate::reconcile) of what a grant holds: from the device a
/// question, from the server its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconcile {
    /// The grant.
    pub grant: GrantId,
    /// Generation.
    pub generation: u32,
    /// At most [`crate::limits::RECONCILE_BYTES_MAX`] bytes.
    #[serde(with = "crate::octets")]
    pub message: Vec<u8>,
}
