//! What the rows hold.

use serde::{Deserialize, Serialize};
use vault_wire::{
    Digest,
    catalogue::Category,
    certificate::SignedCertificate,
    entry::{ContentTag, Entry},
    grant_key::KeyCommitment,
    id::{AccountId, AppId, CallId, GrantId, KeyId, LogId, ReadId, RequestId, SubjectId, TokenId, VaultId},
    log::Frontier,
    purpose::Purpose,
    receipt::SignedErasure,
    reconcile::Summary,
    recovery::SignedEscrow,
    request::AppIdentity,
    signature::{PublicKey, Signature},
    statement::SignedStatement,
    terms::Terms,
    time::Timestamp,
};

use crate::service::scopes::Scopes;

/// A developer's account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AccountRow {
    pub(crate) name: String,
    pub(crate) created_at: Timestamp,
}

/// An application.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AppRow {
    pub(crate) identity: AppIdentity,
    pub(crate) created_at: Timestamp,
}

/// An API key. Its secret has 256 random bits, so a plain hash is enough.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct ApiKeyRow {
    pub(crate) account: AccountId,
    pub(crate) app: AppId,
    pub(crate) name: String,
    pub(crate) secret_hash: Digest,
    pub(crate) scopes: Scopes,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) revoked_at: Option<Timestamp>,
}

/// A session token.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct TokenRow {
    pub(crate) id: TokenId,
    /// The API key that made it: the token dies with it.
    pub(crate) key: KeyId,
    pub(crate) scopes: Scopes,
    pub(crate) expires_at: Timestamp,
    pub(crate) revoked_at: Option<Timestamp>,
}

/// An enrolled vault.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct VaultRow {
    pub(crate) owner_key: PublicKey,
    pub(crate) enrolled_at: Timestamp,
}

/// What lies here for the recovery codes of a vault.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct EscrowRow {
    pub(crate) number: u64,
    pub(crate) digest: Digest,
    /// The keys of its codes.
    pub(crate) keys: Vec<PublicKey>,
    pub(crate) escrow: SignedEscrow,
}

/// An open link code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LinkCodeRow {
    pub(crate) vault: VaultId,
    pub(crate) expires_at: Timestamp,
}

/// Wrong link codes of one application.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LinkTriesRow {
    pub(crate) since: Timestamp,
    pub(crate) wrong: u32,
}

/// A consent request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RequestRow {
    pub(crate) account: AccountId,
    pub(crate) app: AppId,
    /// The exact bytes that the vault is asked with.
    pub(crate) bytes: Vec<u8>,
    /// The application's signature over them.
    pub(crate) signature: Option<Signature>,
    pub(crate) delivery_nonce: [u8; 16],
    pub(crate) state: RequestState,
    /// When it was first handed to a device.
    pub(crate) delivered_at: Option<Timestamp>,
    pub(crate) decided_at: Option<Timestamp>,
    /// Digest of the statement that decided.
    pub(crate) decision: Option<Digest>,
    pub(crate) grant: Option<GrantId>,
    pub(crate) granted: Option<Terms>,
    /// JSON text.
    pub(crate) metadata: Option<String>,
}

/// Where a consent request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum RequestState {
    Pending,
    Granted,
    Rejected,
    Expired,
    Cancelled,
    Superseded,
}

/// A pending request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PendingRow {
    /// Digest of everything that the developer chose: equal for an identical request.
    pub(crate) asked: Digest,
    pub(crate) expires_at: Timestamp,
}

/// A grant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct GrantRow {
    pub(crate) account: AccountId,
    pub(crate) app: AppId,
    pub(crate) subject: SubjectId,
    pub(crate) request: RequestId,
    pub(crate) request_digest: Digest,
    pub(crate) state: GrantState,
    /// What may be read now.
    pub(crate) terms: Terms,
    /// Number and digest of the last statement.
    pub(crate) number: u64,
    pub(crate) last: Digest,
    /// The highest number that a device named as accepted here. While it is above `number`, this data
    /// was set back and the owner's later word is still to come: nothing is read.
    pub(crate) named: u64,
    /// Number of the statement that set the terms.
    pub(crate) extent_number: u64,
    pub(crate) generation: u32,
    /// What the statement that opened the generation says of its key.
    pub(crate) key: KeyCommitment,
    pub(crate) created_at: Timestamp,
    /// When it was given or last renewed.
    pub(crate) confirmed_at: Timestamp,
    /// The grant whose place it took, and the one that took its place.
    pub(crate) supersedes: Option<GrantId>,
    pub(crate) superseded_by: Option<GrantId>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) paused_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) reads_total: u64,
    pub(crate) last_read_at: Option<Timestamp>,
    /// The one read of a `one_time` grant, whose further pages may still be fetched.
    pub(crate) one_read: Option<(ReadId, Timestamp)>,
    /// What is held: how many entries, and their sum.
    pub(crate) held: Summary,
    /// Arrival number of the next stored entry.
    pub(crate) next_arrival: u64,
}

/// Where a grant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum GrantState {
    Active,
    Paused,
    Withdrawn,
    Expired,
    Consumed,
    /// Another grant took its place.
    Superseded,
    /// The owner's device says that it is over, and its statement is still to come: this data was
    /// restored from before the end. Nothing is read any more.
    Ending,
}

/// A statement as it came.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StatementRow {
    pub(crate) statement: SignedStatement,
    pub(crate) certificate: SignedCertificate,
    pub(crate) accepted_at: Timestamp,
}

/// A withdrawal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ErasureRow {
    /// What the owner got for it.
    pub(crate) receipt: SignedErasure,
}

/// A stored entry, which puts something into its slot.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct EntryRow {
    pub(crate) entry: Entry,
    /// Statement under which it was sealed.
    pub(crate) statement: u64,
    pub(crate) updated_at: Timestamp,
}

/// A slot. It stays when it is emptied, so that an older put cannot bring it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SlotRow {
    pub(crate) rev: u64,
    /// What stands there.
    pub(crate) place: Option<Place>,
}

/// What stands in a slot, and where its entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) tag: ContentTag,
    pub(crate) category: u8,
    pub(crate) arrival: u64,
}

/// Refused reads of one category by one application.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RefusalRow {
    pub(crate) app_name: String,
    pub(crate) attempts: u32,
    pub(crate) last_at: Timestamp,
    /// When the owner was last told.
    pub(crate) told_at: Option<Timestamp>,
}

/// The log of what a vault was told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LogRow {
    pub(crate) log: LogId,
    /// Number of the last notice before the first leaf.
    pub(crate) base: u64,
    pub(crate) frontier: Frontier,
}

impl LogRow {
    pub(crate) fn begin(log: LogId, base: u64) -> Self {
        Self {
            log,
            base,
            frontier: Frontier::default(),
        }
    }

    pub(crate) const fn last_number(&self) -> u64 {
        self.base.saturating_add(self.frontier.size())
    }
}

/// One entry of an account's audit log. It holds no field value.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AuditRow {
    pub(crate) number: u64,
    pub(crate) at: Timestamp,
    pub(crate) call: CallId,
    pub(crate) app: AppId,
    pub(crate) key: KeyId,
    pub(crate) subject: SubjectId,
    pub(crate) category: Category,
    pub(crate) purpose: Option<Purpose>,
    pub(crate) result: ReadResult,
    /// Digest of the entry before; zeros for the first.
    pub(crate) previous: Digest,
}

/// How a read ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ReadResult {
    Answered {
        read: ReadId,
        grant: GrantId,
        /// Digest of the names of the fields.
        fields: Digest,
        records: u32,
    },
    NoConsent,
    FrequencyExceeded {
        grant: GrantId,
    },
    /// The call did not say what it must, or named what is not granted.
    Invalid,
}

/// The last audit entry of an account.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct AuditHead {
    pub(crate) number: u64,
    pub(crate) digest: Digest,
}

impl GrantState {
    /// Whether nothing can follow but a withdrawal.
    pub(crate) const fn is_over(self) -> bool {
        !matches!(self, Self::Active | Self::Paused)
    }
}
