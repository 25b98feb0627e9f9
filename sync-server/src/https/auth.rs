//! Who calls, as extractors: a handler's arguments say which credentials it takes.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};

use super::problem::{Code, Problem};
use crate::{
    Server,
    service::auth::{AuthError, Caller, authenticate_key, authenticate_token},
};

/// What session tokens start with; API keys start otherwise.
const TOKEN_PREFIX: &str = "pv_tok_";

/// An application with an API key or a session token.
#[derive(Debug)]
pub(super) struct DeveloperCaller(pub(super) Caller);

/// An application with a session token, and not a browser.
#[derive(Debug)]
pub(super) struct TokenCaller(pub(super) Caller);

/// An application with an API key in its header, or with nothing there: then the body may hold it.
#[derive(Debug)]
pub(super) struct KeyCaller(pub(super) Option<Caller>);

impl FromRequestParts<Server> for DeveloperCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Problem> {
        let presented = bearer(&parts.headers)?.ok_or(AuthError::Missing)?;
        let caller = if presented.starts_with(TOKEN_PREFIX) {
            authenticate_token(server, presented)?
        } else {
            authenticate_key(server, presented)?
        };
        Ok(Self(caller))
    }
}

impl FromRequestParts<Server> for TokenCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Problem> {
        let presented = bearer(&parts.headers)?;
        if presented.is_some() && parts.headers.contains_key(header::ORIGIN) {
            return Err(Problem::plain(Code::BrowserNotAllowed));
        }
        let presented = presented.ok_or(AuthError::Missing)?;
        if !presented.starts_with(TOKEN_PREFIX) {
            return Err(challenged(Problem::new(
                Code::InvalidToken,
                "Data is read with a session token, not with an API key: get one at POST /api/v1/session-tokens.",
            )));
        }
        Ok(Self(authenticate_token(server, presented)?))
    }
}

impl FromRequestParts<Server> for KeyCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Problem> {
        match bearer(&parts.headers)? {
            None => Ok(Self(None)),
            Some(token) if token.starts_with(TOKEN_PREFIX) => Err(challenged(Problem::new(
                Code::InvalidApiKey,
                "A session token cannot make another: send the API key.",
            ))),
            Some(key) => Ok(Self(Some(authenticate_key(server, key)?))),
        }
    }
}

/// Whether the credential may call what needs this scope.
pub(super) fn require(caller: &Caller, scope: &str) -> Result<(), Problem> {
    if caller.scopes.allows(scope) {
        return Ok(());
    }
    let has: Vec<&str> = caller.scopes.names().collect();
    let refusal = Problem::new(
        Code::InsufficientKeyScope,
        format!("This call needs the scope {scope}."),
    );
    Err(refusal
        .with("required_scopes", vec![scope])
        .with("key_scopes", has)
        .with_header(
            header::WWW_AUTHENTICATE,
            &format!(r#"Bearer realm="sync-server", error="insufficient_scope", scope="{scope}""#),
        ))
}

/// The bearer credential (RFC 6750), if there is one; nothing but one.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut stated = headers.get_all(header::AUTHORIZATION).iter();
    let Some(first) = stated.next() else {
        return Ok(None);
    };
    let credential = first
        .to_str()
        .ok()
        .filter(|_| stated.next().is_none())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, credential)| credential.trim());
    credential.map(Some).ok_or_else(|| {
        challenged(Problem::new(
            Code::MissingCredentials,
            "Send one header `Authorization: Bearer …` with an API key or a session token.",
        ))
    })
}

fn challenged(problem: Problem) -> Problem {
    let challenge = if problem.code() == Code::MissingCredentials {
        r#"Bearer realm="sync-server""#
    } else {
        r#"Bearer realm="sync-server", error="invalid_token""#
    };
    problem.with_header(header::WWW_AUTHENTICATE, challenge)
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        let code = match error {
            AuthError::Missing => Code::MissingCredentials,
            AuthError::InvalidApiKey => Code::InvalidApiKey,
            AuthError::KeyRevoked => Code::KeyRevoked,
            AuthError::KeyExpired => Code::KeyExpired,
            AuthError::InvalidToken => Code::InvalidToken,
            AuthError::TokenExpired => Code::TokenExpired,
            AuthError::TokenRevoked => Code::TokenRevoked,
            AuthError::Unavailable(unavailable) => return unavailable.into(),
        };
        challenged(Self::plain(code))
    }
}
