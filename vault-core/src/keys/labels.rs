//! Labels under which keys are derived from the vault key. A label never changes its meaning.

/// The secret behind every grant's slots and content tags.
pub(crate) const GRANT_SECRETS: &str = "vault-core/grant-secrets/1";
