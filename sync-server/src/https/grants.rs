//! `GET /grants` and `GET /grants/{id}`: what this application may read.

use axum::{
    Json as JsonAnswer,
    extract::{Path, State, rejection::PathRejection},
    http::Uri,
};
use serde::Serialize;
use serde_json::{Value as Json, json};
use vault_wire::id::GrantId;

use super::{
    auth::{DeveloperCaller, require},
    problem::{Code, Problem},
    query::Query,
    terms_view,
};
use crate::{
    Server,
    service::grants::{self as service, GrantFilter, GrantStatus, GrantView, GrantsError},
};

const SCOPE: &str = "grants:read";

/// A page of grants.
#[derive(Serialize)]
pub(super) struct GrantPage {
    data: Vec<Json>,
    has_more: bool,
    next_cursor: Option<String>,
}

/// The application's own grants, oldest first.
pub(super) async fn list(
    State(server): State<Server>,
    DeveloperCaller(caller): DeveloperCaller,
    uri: Uri,
) -> Result<JsonAnswer<GrantPage>, Problem> {
    require(&caller, SCOPE)?;
    let mut query = Query::of(&uri)?;
    let filter = GrantFilter {
        status: query.one_of("status", &GrantStatus::ALL.map(|status| (status.name(), status))),
        subject: query.parsed("subject_id", Code::InvalidRequest),
        category: query.parsed("category", Code::UnknownCategory),
    };
    let (after, limit) = (query.text("after"), query.limit());
    let filter = query.finish(filter)?;
    let page = service::grants(&server, &caller, &filter, after.as_deref(), limit)?;
    Ok(JsonAnswer(GrantPage {
        data: page.items.iter().map(rendered).collect(),
        has_more: page.next.is_some(),
        next_cursor: page.next,
    }))
}

/// One of the application's own grants.
pub(super) async fn show(
    State(server): State<Server>,
    DeveloperCaller(caller): DeveloperCaller,
    id: Result<Path<String>, PathRejection>,
) -> Result<JsonAnswer<Json>, Problem> {
    require(&caller, SCOPE)?;
    let id: GrantId = id
        .ok()
        .and_then(|Path(id)| id.parse().ok())
        .ok_or(GrantsError::NotFound)?;
    let grant = service::grant(&server, &caller, id)?;
    Ok(JsonAnswer(rendered(&grant)))
}

/// A grant as JSON: its terms as they hold now, and around them what happened to it.
fn rendered(grant: &GrantView) -> Json {
    let mut json = terms_view::of_terms(&grant.terms);
    let about = json!({
        "id": grant.id.to_string(),
        "object": "grant",
        "status": grant.status.name(),
        "subject_id": grant.subject.to_string(),
        "app_id": grant.app.to_string(),
        "consent_request_id": grant.request.to_string(),
        "supersedes": grant.supersedes.map(|id| id.to_string()),
        "superseded_by": grant.superseded_by.map(|id| id.to_string()),
        "created_at": grant.created_at.to_string(),
        "expires_at": grant.expires_at.map(|at| at.to_string()),
        "paused_at": grant.paused_at.map(|at| at.to_string()),
        "ended_at": grant.ended_at.map(|at| at.to_string()),
        "ended_by": grant.ended_by.map(|who| who.name()),
        "usage": {
            "reads_total": grant.usage.reads_total,
            "last_read_at": grant.usage.last_read_at.map(|at| at.to_string()),
        },
    });
    if let (Json::Object(json), Json::Object(about)) = (&mut json, about) {
        json.extend(about);
    }
    json
}

impl From<GrantsError> for Problem {
    fn from(error: GrantsError) -> Self {
        match error {
            GrantsError::NotFound => Self::new(Code::NotFound, "This application has no such grant."),
            GrantsError::InvalidCursor => Self::plain(Code::InvalidCursor),
            GrantsError::Unavailable(unavailable) => unavailable.into(),
        }
    }
}
