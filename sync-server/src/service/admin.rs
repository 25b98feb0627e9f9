//! What an operator sets up: accounts, applications, API keys, invitations.

use std::fmt;

use vault_wire::{
    id::{AccountId, AppId, KeyId},
    time::Timestamp,
};
use zeroize::Zeroizing;

use super::{
    Unavailable,
    scopes::{Scopes, UnknownScope},
};
use crate::Server;

/// What data subjects see of a new application.
#[derive(Clone, Debug, Default)]
pub struct NewApp {
    /// Its name.
    pub name: String,
    /// The brand; the name if empty.
    pub brand: String,
    /// The data controller's legal name.
    pub controller: String,
    /// The controller's country, ISO 3166-1.
    pub country: String,
    /// Its website.
    pub website: String,
    /// Its privacy policy.
    pub privacy_policy_url: String,
    /// Where data subjects can ask.
    pub support_contact: String,
}

/// A new API key, as it is shown once.
pub struct CreatedKey {
    /// Its id.
    pub id: KeyId,
    /// The key itself, `pv_live_<id>_<secret>_<checksum>`.
    pub key: Zeroizing<String>,
    /// What may be shown of it later.
    pub prefix: String,
    /// What it may call.
    pub scopes: Scopes,
}

/// Why nothing was created.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdminError {
    /// There is no such account.
    #[error("there is no account {0}")]
    UnknownAccount(AccountId),
    /// There is no such application.
    #[error("there is no application {0}")]
    UnknownApp(AppId),
    /// A name is missing or too long.
    #[error("{0}")]
    Invalid(&'static str),
    /// A scope does not exist.
    #[error(transparent)]
    UnknownScope(#[from] UnknownScope),
    /// The data store failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Creates a developer's account.
///
/// # Errors
///
/// See [`AdminError`].
pub async fn create_account(server: &Server, name: &str) -> Result<AccountId, AdminError> {
    let _ = (server, name);
    Err(AdminError::Unavailable(Unavailable))
}

/// Creates an application of an account.
///
/// # Errors
///
/// See [`AdminError`].
pub async fn create_app(server: &Server, account: AccountId, new: NewApp) -> Result<AppId, AdminError> {
    let _ = (server, account, new);
    Err(AdminError::Unavailable(Unavailable))
}

/// Creates an API key of an application. Its secret is kept only as a hash.
///
/// # Errors
///
/// See [`AdminError`].
pub async fn create_api_key(
    server: &Server,
    app: AppId,
    name: &str,
    scopes: &[String],
    expires_at: Option<Timestamp>,
) -> Result<CreatedKey, AdminError> {
    let _ = (server, app, name, scopes, expires_at);
    Err(AdminError::Unavailable(Unavailable))
}

/// Creates an invitation with which one vault can be enrolled.
///
/// # Errors
///
/// See [`AdminError`].
pub async fn create_invite(server: &Server) -> Result<Zeroizing<String>, AdminError> {
    let _ = server;
    Err(AdminError::Unavailable(Unavailable))
}

impl fmt::Debug for CreatedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CreatedKey({}…)", self.prefix)
    }
}
