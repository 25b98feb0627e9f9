//! Session tokens: short-lived credentials made with an API key.

use std::fmt;

use vault_wire::{id::TokenId, time::Timestamp};
use zeroize::Zeroizing;

use super::{
    Unavailable,
    auth::Caller,
    scopes::{Scopes, UnknownScope},
};
use crate::Server;

/// How long a token lives unless asked otherwise, in seconds.
pub const TTL_DEFAULT_S: u32 = 900;
/// The shortest and the longest life of a token, in seconds.
pub const TTL_RANGE_S: std::ops::RangeInclusive<u32> = 60..=3_600;

/// A session token, as it is shown once.
pub struct IssuedToken {
    /// Its public id.
    pub id: TokenId,
    /// The token itself.
    pub token: Zeroizing<String>,
    /// What it may call.
    pub scopes: Scopes,
    /// When it lapses.
    pub expires_at: Timestamp,
}

/// Why no token was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// A scope does not exist.
    #[error(transparent)]
    UnknownScope(#[from] UnknownScope),
    /// A scope goes beyond those of the API key.
    #[error("the API key has not all of these scopes: ask for fewer, or create a key with more")]
    ScopeBeyondKey,
    /// The life is out of range.
    #[error("a token lives 60 to 3600 seconds")]
    TtlOutOfRange,
    /// The server cannot serve now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Makes a session token with some or (if none are named) all scopes of the caller's key, for
/// `ttl_seconds` or 900 seconds.
///
/// # Errors
///
/// See [`IssueError`].
pub async fn issue(
    server: &Server,
    caller: &Caller,
    scopes: Option<Vec<String>>,
    ttl_seconds: Option<u32>,
) -> Result<IssuedToken, IssueError> {
    let _ = (server, caller, scopes, ttl_seconds);
    Err(IssueError::Unavailable(Unavailable))
}

impl fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IssuedToken({})", self.id)
    }
}
