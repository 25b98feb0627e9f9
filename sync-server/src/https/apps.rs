//! `GET /apps/{id}` and `PUT /apps/{id}/keys`: the caller's own application, as data subjects are
//! shown it, and its keys.

use axum::{
    Json as JsonAnswer,
    extract::{Path, State, rejection::PathRejection},
};
use serde_json::{Value as Json, json};
use vault_wire::{
    grant_key::SealingPublicKey,
    id::AppId,
    json::{hex, key_of_hex},
    request::{AppIdentity, Vouched},
    signature::PublicKey,
};

use super::{
    auth::{DeveloperCaller, require},
    json_body::JsonBody,
    problem::{Code, Problem},
    strict::{Faults, Node},
};
use crate::{
    Server,
    service::{
        admin::AdminError,
        app_keys::{AppKeys, app_identity, set_app_keys, well_known_document},
        auth::Caller,
    },
};

const SCOPE: &str = "apps:manage";

/// The application, and what it is to publish.
pub(super) async fn show(
    State(server): State<Server>,
    DeveloperCaller(caller): DeveloperCaller,
    id: Result<Path<String>, PathRejection>,
) -> Result<JsonAnswer<Json>, Problem> {
    let app = own(&caller, id)?;
    Ok(JsonAnswer(rendered(&app_identity(&server, app)?)))
}

/// Puts keys in the place of those before.
pub(super) async fn set_keys(
    State(server): State<Server>,
    DeveloperCaller(caller): DeveloperCaller,
    id: Result<Path<String>, PathRejection>,
    JsonBody(body): JsonBody,
) -> Result<JsonAnswer<Json>, Problem> {
    let app = own(&caller, id)?;
    let faults = Faults::default();
    let keys = read(&Node::root(&body, &faults));
    let keys = faults.unless_any(keys)?;
    Ok(JsonAnswer(rendered(&set_app_keys(&server, app, keys).await?)))
}

fn own(caller: &Caller, id: Result<Path<String>, PathRejection>) -> Result<AppId, Problem> {
    require(caller, SCOPE)?;
    let id = id.ok().and_then(|Path(id)| id.parse().ok());
    id.filter(|id| *id == caller.app)
        .ok_or_else(|| Problem::new(Code::NotFound, "This credential belongs to no such application."))
}

fn read(body: &Node<'_>) -> Option<AppKeys> {
    let mut members = body.members()?;
    let signing = members.required("signing_key").and_then(|node| key(&node));
    let sealing = members.optional("sealing_key").map(|node| key(&node));
    members.finish();
    Some(AppKeys {
        signing: PublicKey(signing?),
        sealing: match sealing {
            Some(read) => Some(SealingPublicKey(read?)),
            None => None,
        },
    })
}

fn key(node: &Node<'_>) -> Option<[u8; 32]> {
    key_of_hex(node.text(64)?).or_else(|| {
        node.fault(
            Code::InvalidRequest,
            "must be the 64 hexadecimal digits of a public key",
        )
    })
}

fn rendered(app: &AppIdentity) -> Json {
    let well_known = app
        .domain()
        .map(|domain| json!({ "publish_at": domain.document_url(), "document": well_known_document(app) }));
    json!({
        "id": app.id.to_string(),
        "object": "app",
        "display_name": app.display_name,
        "brand_name": app.brand_name,
        "controller": app.controller,
        "country": app.country,
        "website": app.website,
        "privacy_policy_url": app.privacy_policy_url,
        "support_contact": app.support_contact,
        "vouched": match app.vouched {
            Vouched::ByServer => "server",
            Vouched::ByDomain => "domain",
        },
        "signing_key": app.signing_key.map(|key| hex(&key.0)),
        "sealing_key": app.sealing_key.map(|key| hex(&key.0)),
        "well_known": well_known,
    })
}

impl From<AdminError> for Problem {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Unavailable(unavailable) => unavailable.into(),
            AdminError::UnknownApp(_) | AdminError::UnknownAccount(_) => {
                Self::new(Code::NotFound, error.to_string())
            }
            AdminError::Invalid(_) | AdminError::UnknownScope(_) => {
                Self::new(Code::InvalidRequest, error.to_string())
            }
        }
    }
}
