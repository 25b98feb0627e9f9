//! What a server sends.

use serde::{Deserialize, Serialize};

use crate::{
    Digest,
    acceptance::SignedAcceptance,
    certificate::SignedCertificate,
    grant_key::SealingPublicKey,
    id::{AppId, GrantId, RequestId, Slot, StateId, SubjectId},
    log::SignedHead,
    receipt::{ReadReceipt, RefusedReads, SignedErasure},
    request::AppIdentity,
    signature::{PublicKey, Signature},
    statement::SignedStatement,
    time::Timestamp,
};

/// Answer to HELLO. A grant that is not named stands as the device said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// Minor protocol version.
    pub minor: u16,
    /// Features that the server knows, one bit each.
    pub features: u64,
    /// This life of the server's data.
    pub state: StateId,
    /// The server's clock.
    pub time: Timestamp,
    /// What the server accepts.
    pub limits: ServerLimits,
    /// The server's keys; a vault pins them at its first connection.
    pub keys: ServerKeys,
    /// Number of the escrow that the server keeps for this vault; 0 if there is none.
    pub escrow: u64,
    /// What the server's log of this vault is; the notices that this device lacks follow at once.
    pub log: SignedHead,
    /// Grants that do not stand as the device said.
    pub standings: Vec<(GrantId, Standing)>,
}

/// What a server accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerLimits {
    /// Most entries in one batch.
    pub batch_entries: u32,
    /// Bytes of entries sent and not yet acknowledged.
    pub credit_bytes: u64,
}

/// Keys of a server besides that of its TLS certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerKeys {
    /// Signs erasure receipts.
    pub receipts: PublicKey,
    /// Receives grant keys in delivery `server`.
    pub sealing: SealingPublicKey,
}

/// Where a grant stands on the server, if not where the device said. Append-only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// The server does not hold what the device thinks: compare.
    Reconcile,
    /// The server does not know the grant: send its statements.
    Unknown,
    /// The server knows statements only up to this number: send those that follow.
    StatementStale(u64),
    /// The grant was withdrawn.
    Withdrawn,
    /// The grant is over by its own terms: its time, or its one read.
    Expired,
    /// Another grant took its place.
    Superseded,
    /// The server has statements up to this number, or a whole grant, that the device did not name: they
    /// follow at once.
    Behind(u64),
    /// The server does not have the key of the generation in force: send the statement that opens it again,
    /// with the key.
    KeyMissing,
}

/// The vault is enrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// The server's clock.
    pub time: Timestamp,
}

/// A code by which an application can be linked to this vault, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkCode {
    /// Eight characters of Crockford base32.
    pub code: String,
    /// When it lapses.
    pub expires_at: Timestamp,
}

/// What became of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementAck {
    /// The grant.
    pub grant: GrantId,
    /// The statement's number.
    pub number: u64,
    /// What became of it.
    pub outcome: StatementOutcome,
}

/// What became of a statement. Append-only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StatementOutcome {
    /// It is durable and in force.
    Accepted(SignedAcceptance),
    /// The grant is over, and everything that it held is erased.
    Erased(SignedErasure),
    /// It is not in force.
    Refused(StatementRefusal),
}

/// Why a statement is not in force. Append-only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StatementRefusal {
    /// It cannot be read.
    Malformed,
    /// The signature does not hold, or the key may not speak for this vault and application.
    BadSignature,
    /// No such consent request was made to this subject.
    UnknownRequest,
    /// It allows more than was asked.
    WiderThanAsked,
    /// The decision was made after the request had lapsed.
    DecidedTooLate,
    /// The decision was made in time but arrived more than ten minutes after the request lapsed.
    ArrivedTooLate,
    /// The request was not delivered to this vault before it lapsed, or the nonce is not the
    /// delivered one.
    NotDelivered,
    /// The request is already answered, cancelled or superseded.
    AlreadyClosed,
    /// It does not follow the last statement.
    OutOfOrder,
    /// The grant was withdrawn.
    Withdrawn,
    /// The grant key is missing, or cannot be opened by its holder.
    BadGrantKey,
    /// It leaves out a field without which the application does not want the answer.
    LacksRequired,
}

/// A statement that the server has and the device did not name: another copy of the vault made it, or
/// the answer to it was lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptStatement {
    /// The statement.
    pub statement: SignedStatement,
    /// The owner key's certificate of the consent key that signed it.
    pub certificate: SignedCertificate,
    /// The server's word for it.
    pub acceptance: SignedAcceptance,
    /// With the first statement of a grant: the request that it answers, as it was delivered. A copy of
    /// the vault that never met the grant learns from it what was asked.
    pub request: Option<DeliveredRequest>,
}

/// A batch is durable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntriesAck {
    /// The grant.
    pub grant: GrantId,
    /// Generation.
    pub generation: u32,
    /// The batch.
    pub number: u64,
    /// Entries that were not stored. They never block the next.
    pub rejected: Vec<(Slot, Rejection)>,
}

/// Why an entry was not stored. Append-only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rejection {
    /// It does not open under the grant's key.
    NotAuthentic,
    /// It holds a field that is not granted, or too exactly.
    OutsideGrant,
    /// It is too large.
    TooLarge,
    /// The slot is at this revision already: what comes into it must be above.
    Stale(u64),
    /// The grant is not in force under this statement and generation: nothing of the batch was stored.
    GrantOver,
}

/// Something for the owner, in the order in which it happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Its number, rising by one for each vault.
    pub number: u64,
    /// What it is.
    pub event: Event,
}

/// What a notice is about. Append-only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// Somebody asks for consent.
    Request(DeliveredRequest),
    /// A request ended without this vault.
    RequestClosed {
        /// Which.
        request: RequestId,
        /// How.
        how: Closed,
    },
    /// A developer read.
    Read(ReadReceipt),
    /// A developer tried to read without consent.
    RefusedReads(RefusedReads),
    /// An application was linked by a code.
    Linked {
        /// Which.
        app: AppIdentity,
        /// How it knows the subject.
        subject: SubjectId,
        /// When.
        at: Timestamp,
    },
    /// A statement of the owner took effect.
    Stated {
        /// Of which grant.
        grant: GrantId,
        /// Its number.
        number: u64,
        /// Its digest.
        statement: Digest,
        /// When.
        at: Timestamp,
    },
    /// A grant's data were erased.
    Erased {
        /// Which grant.
        grant: GrantId,
        /// Digest of the erasure receipt's bytes.
        receipt: Digest,
    },
}

/// A consent request as it reaches the vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveredRequest {
    /// The request's exact bytes.
    #[serde(with = "crate::octets")]
    pub bytes: Vec<u8>,
    /// The application's signature over them, if it has a signing key.
    pub signature: Option<Signature>,
    /// To be returned with the decision.
    pub delivery_nonce: [u8; 16],
}

/// How a request ended without this vault's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Closed {
    /// The developer took it back.
    Cancelled,
    /// Nobody answered.
    Expired,
    /// Another request replaced it.
    Superseded,
}

/// Leaves of the log whose notices the server keeps no more: another copy of the vault confirmed them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLeaves {
    /// Number of the first notice.
    pub first: u64,
    /// The leaves of that notice and of those that follow it.
    pub leaves: Vec<Digest>,
}

/// The connection ends, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Why.
    pub refusal: Refusal,
}

/// Why a connection ends. Append-only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// The vault is not enrolled here.
    #[error("this vault is not enrolled at the server: run connect first")]
    NotEnrolled,
    /// The server enrols by invitation only.
    #[error("the server enrols by invitation only: ask its operator for an invite code")]
    InviteRequired,
    /// The device certificate is not the owner's, or not for the key that TLS authenticated.
    #[error("the server does not accept this device's certificate")]
    BadCertificate,
    /// A frame could not be read, or does not belong here.
    #[error("the server could not read a frame: one side is faulty or newer")]
    BadFrame,
    /// A newer connection of this device took over.
    #[error("a newer connection of this device took over")]
    TakenOver,
    /// The server cannot serve now: try again later.
    #[error("the server cannot serve now: try again later")]
    Unavailable,
    /// The proof does not hold, or nothing lies here for the recovery code: which of them is not told.
    #[error(
        "the server keeps nothing for this recovery code: check the code and the server, and whether the vault \
         ever synced after the code was made"
    )]
    NothingToRecover,
    /// The vault was taken over by another device with a recovery code.
    #[error(
        "this device was revoked: the vault was recovered on another device with a recovery code; what it holds \
         stays readable here, and nothing is sent or fetched any more"
    )]
    Revoked,
}

impl StatementRefusal {
    /// Whether sending the same statement again can ever help.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::OutOfOrder)
    }
}

impl Event {
    /// The application that the notice is about, where it names one.
    pub const fn app(&self) -> Option<AppId> {
        match self {
            Self::Read(receipt) => Some(receipt.app),
            Self::RefusedReads(refused) => Some(refused.app),
            Self::Linked { app, .. } => Some(app.id),
            Self::Request(_) | Self::RequestClosed { .. } | Self::Stated { .. } | Self::Erased { .. } => None,
        }
    }
}
