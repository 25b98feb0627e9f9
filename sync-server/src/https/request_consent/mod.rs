//! `POST /request-consent`: asks a user, and holds the call open for the answer.

mod fields;
mod signed;
mod terms;
mod wording;

use axum::{extract::State, http::HeaderMap, response::Response};
use serde_json::Value as Json;
use vault_wire::{id::SubjectId, time::Timestamp};

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
        request_consent::{self as service, METADATA_BYTES_MAX, NewRequest, RequestError},
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
    let preference = Preference::of(&headers);
    let wait_ms = preference.wait_ms(WAIT_SECONDS_MAX);
    let view = consent_requests::awaited(&server, &caller, asked, wait_ms).await?;
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
    let metadata = members.optional("metadata").map(|node| metadata(&node));
    members.not_offered("amends", "amending a grant is not offered by this server yet");
    members.finish();
    let (purpose, words) = (purpose?, wording?);
    Some(NewRequest {
        subject: subject?,
        terms: terms?.with_purpose(purpose.code),
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
