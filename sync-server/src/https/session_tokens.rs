//! `POST /session-tokens`: a short-lived token for an API key.

use axum::{Json as JsonAnswer, extract::State, http::StatusCode};
use serde::Serialize;
use serde_json::Value as Json;
use zeroize::Zeroizing;

use super::{
    auth::KeyCaller,
    json_body::JsonBody,
    limits,
    problem::{Code, Problem},
    strict::{Faults, Node},
};
use crate::{
    Server,
    service::{
        auth::{AuthError, authenticate_key_parts},
        session_token::{self as service, IssueError, IssuedToken, TTL_RANGE_S},
    },
};

/// What a body can say.
struct Wanted {
    key: Option<(Zeroizing<String>, Zeroizing<String>)>,
    scopes: Option<Vec<String>>,
    ttl_seconds: Option<u32>,
}

/// A token, shown once.
#[derive(Serialize)]
pub(super) struct Issued {
    id: String,
    token: String,
    token_type: &'static str,
    scopes: Vec<String>,
    expires_at: String,
}

/// The API key stands in the header or in the body, not in both.
pub(super) async fn issue(
    State(server): State<Server>,
    KeyCaller(caller): KeyCaller,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, JsonAnswer<Issued>), Problem> {
    let wanted = parse(&body)?;
    let caller = match (caller, wanted.key) {
        (Some(caller), None) => caller,
        (None, Some((key, secret))) => authenticate_key_parts(&server, &key, &secret)?,
        (None, None) => return Err(AuthError::Missing.into()),
        (Some(_), Some(_)) => {
            let detail = "Send the API key in the header or in the body, not in both.";
            return Err(Problem::new(Code::InvalidRequest, detail));
        }
    };
    let token = service::issue(&server, &caller, wanted.scopes, wanted.ttl_seconds)
        .await
        .map_err(|error| refused(&error, caller.scopes.names().collect()))?;
    Ok((StatusCode::CREATED, JsonAnswer(rendered(&token))))
}

fn parse(body: &Json) -> Result<Wanted, Problem> {
    let faults = Faults::default();
    let wanted = read(&Node::root(body, &faults));
    faults.unless_any(wanted)
}

/// Gives nothing only when a fault is noted.
fn read(body: &Node<'_>) -> Option<Wanted> {
    let mut members = body.members()?;
    let key = members.optional("api_key");
    let secret = members.optional("api_secret");
    let scopes = members
        .optional("scopes")
        .and_then(|node| node.list(limits::SCOPES_MAX));
    let ttl_seconds = members
        .optional("ttl_seconds")
        .and_then(|node| node.whole(TTL_RANGE_S));
    members.not_offered(
        "ip",
        "binding a token to an address is not offered by this server yet",
    );
    members.finish();
    let text = |node: Node<'_>| node.text(limits::TOKEN_CHARS_MAX).map(str::to_owned);
    let key = match (key, secret) {
        (Some(key), Some(secret)) => Some((text(key)?.into(), text(secret)?.into())),
        (Some(key), None) => return key.fault(Code::InvalidRequest, "needs `api_secret` beside it"),
        (None, Some(secret)) => return secret.fault(Code::InvalidRequest, "needs `api_key` beside it"),
        (None, None) => None,
    };
    Some(Wanted {
        key,
        scopes: scopes.map(|nodes| nodes.into_iter().filter_map(text).collect()),
        ttl_seconds,
    })
}

fn rendered(issued: &IssuedToken) -> Issued {
    Issued {
        id: issued.id.to_string(),
        token: issued.token.to_string(),
        token_type: "Bearer",
        scopes: issued.scopes.names().map(str::to_owned).collect(),
        expires_at: issued.expires_at.to_string(),
    }
}

fn refused(error: &IssueError, key_scopes: Vec<&str>) -> Problem {
    let detail = error.to_string();
    match error {
        IssueError::UnknownScope(_) | IssueError::TtlOutOfRange => Problem::new(Code::InvalidRequest, detail),
        IssueError::ScopeBeyondKey => {
            Problem::new(Code::InsufficientKeyScope, detail).with("key_scopes", key_scopes)
        }
        IssueError::Unavailable(unavailable) => (*unavailable).into(),
    }
}
