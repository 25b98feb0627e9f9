//! Who calls.

use vault_wire::id::{AccountId, AppId, KeyId};

use super::{Unavailable, scopes::Scopes};
use crate::Server;

/// The application that calls, by an API key or by a session token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The developer's account.
    pub account: AccountId,
    /// The application.
    pub app: AppId,
    /// The API key, or the key that the session token was made with.
    pub key: KeyId,
    /// What the credential may call.
    pub scopes: Scopes,
}

/// Why a credential is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// No credential was presented.
    #[error("no credential was presented")]
    Missing,
    /// The text is not an API key, or not one of ours.
    #[error("this API key does not exist: check it, or create a new one")]
    InvalidApiKey,
    /// The API key was revoked.
    #[error("this API key was revoked: create a new one")]
    KeyRevoked,
    /// The API key has expired.
    #[error("this API key has expired: create a new one")]
    KeyExpired,
    /// The text is not a session token, or not one of ours.
    #[error("this session token does not exist: create a new one")]
    InvalidToken,
    /// The session token has expired.
    #[error("this session token has expired: create a new one")]
    TokenExpired,
    /// The session token or its key was revoked.
    #[error("this session token was revoked: create a new one")]
    TokenRevoked,
    /// The server cannot check it now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// The application behind a whole API key, `pv_live_<id>_<secret>_<checksum>`.
///
/// # Errors
///
/// See [`AuthError`].
pub fn authenticate_key(server: &Server, presented: &str) -> Result<Caller, AuthError> {
    let _ = (server, presented);
    Err(AuthError::Unavailable(Unavailable))
}

/// The application behind an API key in two parts: `pv_live_<id>` and `<secret>_<checksum>`.
///
/// # Errors
///
/// See [`AuthError`].
pub fn authenticate_key_parts(server: &Server, api_key: &str, api_secret: &str) -> Result<Caller, AuthError> {
    authenticate_key(server, &format!("{api_key}_{api_secret}"))
}

/// The application behind a session token, `pv_tok_…`.
///
/// # Errors
///
/// See [`AuthError`].
pub fn authenticate_token(server: &Server, presented: &str) -> Result<Caller, AuthError> {
    let _ = (server, presented);
    Err(AuthError::Unavailable(Unavailable))
}
