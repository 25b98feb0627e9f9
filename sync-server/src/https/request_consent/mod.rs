//! `POST /request-consent` and `POST /grants/{id}/amend`: ask a user, and hold the call open for the
//! answer.

mod fields;
mod signed;
mod terms;
mod wording;

use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::HeaderMap,
    response::Response,
};
use serde_json::Value as Json;
use vault_wire::{
    id::{GrantId, SubjectId},
    time::Timestamp,
};

use super::{
    auth::{DeveloperCaller, require},
    consent_requests,
    json_body::JsonBody,
    prefer::{Preference, WAIT_SECONDS_MAX},
    problem::{Code, Problem},
    strict::{Faults, Node},
};
use crate::{
    Server,
    service::{
        auth::Caller,
        request_consent::{self as service, METADATA_BYTES_MAX, NewRequest, RequestError},
        request_view::RequestView,
        signed_request::request_signed,
    },
};

pub(super) use signed::prepare;

const SCOPE: &str = "consent:request";

/// Without `Prefer` it waits for the whole immediate window.
pub(super) async fn request_consent(
    State(server): State<Server>,
    DeveloperCaller(caller): DeveloperCaller,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    require(&caller, SCOPE)?;
    let asked = match signed::parse(&body)? {
        Some(signed) => request_signed(&server, &caller, signed).await?,
        None => service::request_consent(&server, &caller, parse(&body, server.now())?).await?,
    };
    drop(body);
    answered(&server, &caller, asked, &headers).await
}

/// The same body; the grant that it would change stands in the path.
pub(super) async fn amend(
    State(server): State<Server>,
    DeveloperCaller(caller): DeveloperCaller,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    require(&caller, SCOPE)?;
    let grant = id.ok().and_then(|Path(id)| id.parse::<GrantId>().ok());
    let grant = grant.ok_or(RequestError::NoSuchGrant)?;
    let new = parse(&body, server.now())?;
    drop(body);
    if new.amends.is_some_and(|named| named != grant) {
        let detail = "#/amends: is another grant than the one in the path";
        return Err(Problem::new(Code::InvalidRequest, detail));
    }
    let new = NewRequest {
        amends: Some(grant),
        ..new
    };
    let asked = service::request_consent(&server, &caller, new).await?;
    answered(&server, &caller, asked, &headers).await
}

async fn answered(
    server: &Server,
    caller: &Caller,
    asked: RequestView,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let preference = Preference::of(headers);
    let wait_ms = preference.wait_ms(WAIT_SECONDS_MAX);
    let view = consent_requests::awaited(server, caller, asked, wait_ms).await?;
    Ok(consent_requests::answer(&view, server.now(), preference))
}

/// A body as a request, or everything that is wrong with it.
fn parse(body: &Json, now: Timestamp) -> Result<NewRequest, Problem> {
    let faults = Faults::default();
    let request = read(&Node::root(body, &faults), now);
    faults.unless_any(request)
}

fn read(body: &Node<'_>, now: Timestamp) -> Option<NewRequest> {
    let mut members = body.members()?;
    let subject = members
        .required("subject_id")
        .and_then(|node| node.parsed::<SubjectId>(Code::InvalidRequest));
    let purpose = members
        .required("purpose")
        .and_then(|node| wording::purpose(&node));
    let terms = terms::read(&mut members, now);
    let wording = wording::read(&mut members);
    let binding_code = members
        .optional("binding_code")
        .map_or(Some(false), |node| node.flag());
    let amends = members
        .optional("amends")
        .map(|node| node.parsed::<GrantId>(Code::InvalidRequest));
    let metadata = members.optional("metadata").map(|node| metadata(&node));
    members.finish();
    let (purpose, words) = (purpose?, wording?);
    let (terms, required) = terms?.with_purpose(purpose.code);
    Some(NewRequest {
        subject: subject?,
        terms,
        required,
        amends: match amends {
            Some(read) => Some(read?),
            None => None,
        },
        wording: words.with_purpose(purpose),
        binding_code: binding_code?,
        metadata: match metadata {
            Some(read) => Some(read?),
            None => None,
        },
    })
}

fn metadata(node: &Node<'_>) -> Option<Json> {
    node.members()?;
    if node.json().to_string().len() > METADATA_BYTES_MAX {
        return node.fault(
            Code::InvalidRequest,
            format!("may have {METADATA_BYTES_MAX} bytes as JSON"),
        );
    }
    Some(node.json().clone())
}

impl From<RequestError> for Problem {
    fn from(error: RequestError) -> Self {
        let detail = error.to_string();
        match error {
            RequestError::NoSealingKey
            | RequestError::NoSigningKey
            | RequestError::InvalidTerms(_)
            | RequestError::TooLarge(_) => Self::new(Code::InvalidRequest, detail),
            RequestError::SignatureRequired => Self::plain(Code::SignatureRequired),
            RequestError::InvalidSignature(_) => Self::new(Code::InvalidSignature, detail),
            RequestError::NoSuchGrant => Self::new(Code::NotFound, detail),
            RequestError::GrantOver => Self::new(Code::InvalidStateTransition, detail),
            RequestError::RecentlyRefused { retry_after_s } => {
                Self::new(Code::RecentlyRefused, detail).retry_after(retry_after_s)
            }
            RequestError::PromptBudgetExceeded { retry_after_s } => {
                Self::new(Code::PromptBudgetExceeded, detail).retry_after(retry_after_s)
            }
            RequestError::Unavailable(unavailable) => unavailable.into(),
        }
    }
}

#[cfg(test)]
mod tests;
