//! `POST /request-consent/prepare`, and bodies that hold a signed request: for applications that sign
//! what they ask.

use axum::{Json as JsonAnswer, extract::State};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde::Serialize;
use serde_json::Value as Json;
use vault_wire::{limits, signature::Signature};

use super::{
    super::{
        auth::{DeveloperCaller, require},
        json_body::JsonBody,
        problem::{Code, Problem},
        strict::{Faults, Node},
    },
    SCOPE, metadata,
};
use crate::{
    Server,
    service::signed_request::{SIGNING_TIME_MS, SignedRequest, prepare_request},
};

/// A request that waits for the application's signature; nothing of it is kept.
#[derive(Serialize)]
pub(in crate::https) struct Prepared {
    object: &'static str,
    id: String,
    request: String,
    sign_until: String,
}

/// The exact bytes that the application is to sign.
pub(in crate::https) async fn prepare(
    State(server): State<Server>,
    DeveloperCaller(caller): DeveloperCaller,
    JsonBody(body): JsonBody,
) -> Result<JsonAnswer<Prepared>, Problem> {
    require(&caller, SCOPE)?;
    let new = super::parse(&body, server.now())?;
    let request = prepare_request(&server, &caller, new)?;
    Ok(JsonAnswer(Prepared {
        object: "prepared_consent_request",
        id: request.id.to_string(),
        request: BASE64.encode(request.to_bytes()),
        sign_until: request.created_at.plus_ms(SIGNING_TIME_MS).to_string(),
    }))
}

/// The signed request of a body, if it is one.
pub(super) fn parse(body: &Json) -> Result<Option<SignedRequest>, Problem> {
    if body.get("signed_request").is_none() {
        return Ok(None);
    }
    let faults = Faults::default();
    let signed = read(&Node::root(body, &faults));
    faults.unless_any(signed).map(Some)
}

fn read(body: &Node<'_>) -> Option<SignedRequest> {
    let mut members = body.members()?;
    let signed = members.required("signed_request").and_then(|node| {
        let mut members = node.members()?;
        let request = members
            .required("request")
            .and_then(|node| bytes(&node, limits::REQUEST_BYTES_MAX));
        let signature = members.required("signature").and_then(|node| signature(&node));
        members.finish();
        request.zip(signature)
    });
    let note = members.optional("metadata").map(|node| metadata(&node));
    members.finish();
    let (bytes, signature) = signed?;
    Some(SignedRequest {
        bytes,
        signature,
        metadata: match note {
            Some(read) => Some(read?),
            None => None,
        },
    })
}

fn signature(node: &Node<'_>) -> Option<Signature> {
    match bytes(node, 64)?.try_into() {
        Ok(signature) => Some(Signature(signature)),
        Err(_) => node.fault(
            Code::InvalidRequest,
            "must be the 64 bytes of an Ed25519 signature",
        ),
    }
}

fn bytes(node: &Node<'_>, most: usize) -> Option<Vec<u8>> {
    let text = node.text(most.div_ceil(3) * 4)?;
    match BASE64.decode(text) {
        Ok(bytes) => Some(bytes),
        Err(_) => node.fault(
            Code::InvalidRequest,
            "must be base64 with padding (RFC 4648, section 4)",
        ),
    }
}
