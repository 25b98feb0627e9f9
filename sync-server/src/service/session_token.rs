//! Session tokens: short-lived credentials made with an API key.

use std::fmt;

use vault_wire::{id::TokenId, time::Timestamp};
use zeroize::Zeroizing;

use super::{
    Unavailable,
    auth::Caller,
    scopes::{Scopes, UnknownScope},
    secret_text::{SECRET_CHARS, hash, random},
};
use crate::{
    Server,
    store::{
        Deadline, TokenRow,
        tables::{DEADLINES, TOKENS},
    },
};

const PREFIX: &str = "pv_tok_";

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
    let ttl = ttl_seconds.unwrap_or(TTL_DEFAULT_S);
    if !TTL_RANGE_S.contains(&ttl) {
        return Err(IssueError::TtlOutOfRange);
    }
    let scopes = match scopes {
        None => caller.scopes.clone(),
        Some(names) => caller
            .scopes
            .narrowed_to(Scopes::parse(names)?)
            .ok_or(IssueError::ScopeBeyondKey)?,
    };
    let (now, mut entropy) = (server.now(), server.entropy());
    let token = Zeroizing::new(format!("{PREFIX}{}", *random(&mut entropy, SECRET_CHARS)));
    let id = TokenId::fresh(now, &mut entropy);
    let expires_at = now.plus_ms(i64::from(ttl) * 1_000);
    let row = TokenRow {
        id,
        key: caller.key,
        scopes: scopes.clone(),
        expires_at,
        revoked_at: None,
    };
    let at = hash(&token);
    server
        .store()
        .write(move |tx| {
            tx.put(&DEADLINES, &Deadline::Token(at).key(expires_at), &())?;
            tx.put(&TOKENS, &at, &row)
        })
        .await
        .map_err(Unavailable::from)?;
    Ok(IssuedToken {
        id,
        token,
        scopes,
        expires_at,
    })
}

impl fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IssuedToken({})", self.id)
    }
}
