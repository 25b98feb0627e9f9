//! Who calls.

use subtle::ConstantTimeEq;
use vault_wire::{
    id::{AccountId, AppId, KeyId},
    time::Timestamp,
};
use zeroize::Zeroizing;

use super::{Unavailable, api_key::ApiKeyText, scopes::Scopes, secret_text::hash};
use crate::{
    Server,
    store::{
        ApiKeyRow, Rows,
        tables::{API_KEY_IDS, API_KEYS, TOKENS},
    },
};

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
    if presented.is_empty() {
        return Err(AuthError::Missing);
    }
    let text = ApiKeyText::parse(presented).ok_or(AuthError::InvalidApiKey)?;
    let view = server.store().view().map_err(Unavailable::from)?;
    let key = view
        .get(&API_KEY_IDS, text.id.as_bytes())
        .map_err(Unavailable::from)?
        .ok_or(AuthError::InvalidApiKey)?;
    let row = view
        .get(&API_KEYS, key.as_bytes())
        .map_err(Unavailable::from)?
        .ok_or(AuthError::InvalidApiKey)?;
    if !bool::from(hash(&text.secret).ct_eq(&row.secret_hash)) {
        return Err(AuthError::InvalidApiKey);
    }
    alive(&row, server.now()).map_err(|dead| match dead {
        Dead::Revoked => AuthError::KeyRevoked,
        Dead::Expired => AuthError::KeyExpired,
    })?;
    Ok(Caller {
        account: row.account,
        app: row.app,
        key,
        scopes: row.scopes,
    })
}

/// The application behind an API key in two parts: `pv_live_<id>` and `<secret>_<checksum>`.
///
/// # Errors
///
/// See [`AuthError`].
pub fn authenticate_key_parts(server: &Server, api_key: &str, api_secret: &str) -> Result<Caller, AuthError> {
    authenticate_key(server, &Zeroizing::new(format!("{api_key}_{api_secret}")))
}

/// The application behind a session token, `pv_tok_…`. The token dies with its API key.
///
/// # Errors
///
/// See [`AuthError`].
pub fn authenticate_token(server: &Server, presented: &str) -> Result<Caller, AuthError> {
    if presented.is_empty() {
        return Err(AuthError::Missing);
    }
    let now = server.now();
    let view = server.store().view().map_err(Unavailable::from)?;
    let token = view
        .get(&TOKENS, &hash(presented))
        .map_err(Unavailable::from)?
        .ok_or(AuthError::InvalidToken)?;
    let key = view
        .get(&API_KEYS, token.key.as_bytes())
        .map_err(Unavailable::from)?
        .ok_or(AuthError::TokenRevoked)?;
    if token.revoked_at.is_some() || alive(&key, now).is_err() {
        return Err(AuthError::TokenRevoked);
    }
    if token.expires_at <= now {
        return Err(AuthError::TokenExpired);
    }
    Ok(Caller {
        account: key.account,
        app: key.app,
        key: token.key,
        scopes: token.scopes,
    })
}

enum Dead {
    Revoked,
    Expired,
}

fn alive(key: &ApiKeyRow, now: Timestamp) -> Result<(), Dead> {
    if key.revoked_at.is_some() {
        return Err(Dead::Revoked);
    }
    if key.expires_at.is_some_and(|at| at <= now) {
        return Err(Dead::Expired);
    }
    Ok(())
}
