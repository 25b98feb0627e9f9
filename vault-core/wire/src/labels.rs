//! Every domain-separation label of the protocol on one page.
//!
//! A label never changes its meaning: a new use gets a new label, a new version a new number.

/// Owner key's signature over a key certificate.
pub const CERTIFICATE: &str = "vault/certificate/1";
/// Digest of a consent request's exact bytes.
pub const REQUEST: &str = "vault/consent-request/1";
/// Grant id of the grant that answers a consent request.
pub const GRANT_OF_REQUEST: &str = "vault/grant-of-request/1";
/// Consent key's signature over a statement, and the digest that links statements.
pub const STATEMENT: &str = "vault/statement/1";
/// Server key's signature over an erasure receipt.
pub const ERASURE: &str = "vault/erasure/1";
/// Server key's signature over its acceptance of a statement.
pub const ACCEPTANCE: &str = "vault/acceptance/1";
/// A notice as a leaf of the log.
pub const LOG_LEAF: &str = "vault/log-leaf/1";
/// Server key's signature over a log head.
pub const LOG_HEAD: &str = "vault/log-head/1";
/// The first log that a server keeps of a vault.
pub const FIRST_LOG: &str = "vault/first-log/1";
/// HPKE `info` when a grant key is sealed to a holder.
pub const GRANT_KEY: &str = "vault/grant-key/1";
/// What a statement says of the key of a generation.
pub const KEY_COMMITMENT: &str = "vault/key-commitment/1";
/// AAD of a sealed entry.
pub const ENTRY: &str = "vault/entry/1";
/// Derives the secret behind one grant generation's slots and content tags.
pub const GRANT_SECRET: &str = "vault/grant-secret/1";
/// Slot of a record within a grant generation.
pub const SLOT: &str = "vault/slot/1";
/// Content tag of a projected payload in its slot.
pub const CONTENT_TAG: &str = "vault/content-tag/1";
/// Recovery key's signature over the vault that its code belongs to.
pub const RECOVERY_VOUCHER: &str = "vault/recovery-voucher/1";
/// HPKE `info` when the vault's own secrets are sealed to a recovery code.
pub const ESCROW_SEAL: &str = "vault/escrow-seal/1";
/// Owner key's signature over an escrow.
pub const ESCROW: &str = "vault/escrow/1";
/// Recovery key's signature over a server's challenge.
pub const RECOVERY_PROOF: &str = "vault/recovery-proof/1";
/// Owner key's and recovery key's signatures over a revocation.
pub const REVOCATION: &str = "vault/revocation/1";
/// Vault id from the owner's first public key.
pub const VAULT_ID: &str = "vault/id/1";
