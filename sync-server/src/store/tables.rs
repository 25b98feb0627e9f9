//! Every table of the store on one page. Keys are the parts before the arrow, one after another;
//! numbers in them are big-endian, so that rows sort by them.
//!
//! The vault (or the account) comes first in every key. A subject that the server does not know has
//! a vault id too, made from the subject's own id, so that it costs the same rows as a known one.

use vault_wire::{
    Digest,
    frame::Event,
    id::{AccountId, Incarnation, KeyId, RequestId, VaultId},
    reconcile::Tally,
    time::Timestamp,
};

use super::{ledger::Revoked, rows::*, typed::Typed};

/// name → bytes
pub(crate) static META: Typed<Vec<u8>> = Typed::new("meta");

/// account → its name
pub(crate) static ACCOUNTS: Typed<AccountRow> = Typed::new("accounts");
/// account | app → what data subjects see of it
pub(crate) static APPS: Typed<AppRow> = Typed::new("apps");
/// app → account
pub(crate) static APP_ACCOUNTS: Typed<AccountId> = Typed::new("app_accounts");
/// key → the API key
pub(crate) static API_KEYS: Typed<ApiKeyRow> = Typed::new("api_keys");
/// public part of an API key's text → key
pub(crate) static API_KEY_IDS: Typed<KeyId> = Typed::new("api_key_ids");
/// SHA-256 of a session token → the token
pub(crate) static TOKENS: Typed<TokenRow> = Typed::new("tokens");
/// SHA-256 of an invitation → when it was made
pub(crate) static INVITES: Typed<Timestamp> = Typed::new("invites");

/// vault → who owns it
pub(crate) static VAULTS: Typed<VaultRow> = Typed::new("vaults");
/// vault → its own secrets, sealed to its recovery codes
pub(crate) static ESCROWS: Typed<EscrowRow> = Typed::new("escrows");
/// key of a recovery code → the vault whose escrow it opens
pub(crate) static RECOVERY_KEYS: Typed<VaultId> = Typed::new("recovery_keys");
/// vault → the one device that speaks for it, since a recovery code said so
pub(crate) static REVOCATIONS: Typed<Revoked> = Typed::new("revocations");
/// vault | device → the life of the vault file that it last spoke for
pub(crate) static DEVICES: Typed<Incarnation> = Typed::new("devices");
/// keyed hash of a link code → the vault that shows it
pub(crate) static LINK_CODES: Typed<LinkCodeRow> = Typed::new("link_codes");
/// vault → keyed hash of its open link code
pub(crate) static OPEN_LINKS: Typed<[u8; 32]> = Typed::new("open_links");
/// account | app → wrong link codes of the last hour
pub(crate) static LINK_TRIES: Typed<LinkTriesRow> = Typed::new("link_tries");
/// account | app | subject → vault
pub(crate) static SUBJECTS: Typed<VaultId> = Typed::new("subjects");

/// vault | request → the consent request
pub(crate) static REQUESTS: Typed<RequestRow> = Typed::new("requests");
/// vault | digest of the request's bytes → request
pub(crate) static REQUEST_DIGESTS: Typed<RequestId> = Typed::new("request_digests");
/// account | app | request → vault
pub(crate) static APP_REQUESTS: Typed<VaultId> = Typed::new("app_requests");
/// vault | app | request → digest of what was asked, while it is pending
pub(crate) static PENDING: Typed<PendingRow> = Typed::new("pending");
/// vault | app | category → until when it may not be asked for again
pub(crate) static COOL_DOWNS: Typed<Timestamp> = Typed::new("cool_downs");

/// vault | grant → where the grant stands
pub(crate) static GRANTS: Typed<GrantRow> = Typed::new("grants");
/// account | app | grant → vault
pub(crate) static APP_GRANTS: Typed<VaultId> = Typed::new("app_grants");
/// vault | app | grant → nothing
pub(crate) static GRANTS_OF_APP: Typed<()> = Typed::new("grants_of_app");
/// vault | grant | number | digest → the statement, byte for byte
pub(crate) static STATEMENTS: Typed<StatementRow> = Typed::new("statements");
/// vault | grant → its withdrawal, which wins over everything
pub(crate) static ERASURES: Typed<ErasureRow> = Typed::new("erasures");
/// vault | grant → nothing: the owner ended it, and this data never knew it
pub(crate) static ENDED: Typed<()> = Typed::new("ended");
/// vault | grant | generation → nothing: its keys and entries are to be removed
pub(crate) static DOOMED: Typed<()> = Typed::new("doomed");
/// vault | grant | generation | category | arrival → the sealed entry. In order of arrival, because slots
/// are hashes: what comes in goes to the end, and what is read lies together.
pub(crate) static ENTRIES: Typed<EntryRow> = Typed::new("entries");
/// vault | grant | generation | slot → its revision, and what stands there; of entries that are filed
pub(crate) static SLOTS: Typed<SlotRow> = Typed::new("slots");
/// vault | grant | generation | first byte of slots → sums over what is held there; of entries that are filed
pub(crate) static TALLIES: Typed<Tally> = Typed::new("tallies");
/// vault | grant | generation → the first arrival that is not filed; no row if all are
pub(crate) static UNFILED: Typed<u64> = Typed::new("unfiled");
/// vault | grant | time | read → nothing: reads that count towards a frequency
pub(crate) static READS: Typed<()> = Typed::new("reads");

/// vault | number → notice
pub(crate) static NOTICES: Typed<Event> = Typed::new("notices");
/// vault → its log: which it is and its peaks
pub(crate) static LOGS: Typed<LogRow> = Typed::new("logs");
/// vault | number → the notice as a leaf of the log; kept when the notice is gone
pub(crate) static LOG_LEAVES: Typed<Digest> = Typed::new("log_leaves");
/// vault | account | app | category → refused reads that the owner is still to be told of
pub(crate) static REFUSALS: Typed<RefusalRow> = Typed::new("refusals");

/// account | number → audit entry
pub(crate) static AUDIT: Typed<AuditRow> = Typed::new("audit");
/// account → the last audit entry
pub(crate) static AUDIT_HEADS: Typed<AuditHead> = Typed::new("audit_heads");

/// time | what ends by itself then → nothing
pub(crate) static DEADLINES: Typed<()> = Typed::new("deadlines");

/// A key from its parts.
pub(crate) fn key(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// A moment as it stands in a key: earlier sorts first, before 1970 too.
pub(crate) fn moment(at: Timestamp) -> [u8; 8] {
    (at.unix_ms() ^ i64::MIN).to_be_bytes()
}

/// The moment behind its bytes in a key.
pub(crate) fn moment_of(bytes: [u8; 8]) -> Timestamp {
    Timestamp::from_unix_ms(i64::from_be_bytes(bytes) ^ i64::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_sort_in_keys_as_in_time() {
        let times = [i64::MIN, -5, 0, 5, i64::MAX].map(Timestamp::from_unix_ms);
        assert!(times.map(moment).is_sorted());
        assert_eq!(times.map(moment).map(moment_of), times);
    }
}
