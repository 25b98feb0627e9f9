//! `GET /consent-requests/{id}`, and how a consent request is answered wherever it is.

use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::Value as Json;
use vault_wire::{id::RequestId, time::Timestamp};

use super::{
    auth::{DeveloperCaller, require},
    prefer::Preference,
    problem::{Code, Problem},
    terms_view,
};
use crate::{
    Server,
    service::{
        auth::Caller,
        await_decision::await_decision,
        request_view::{Coverage, Phase, RequestView, Status, ViewError, consent_request},
    },
};

/// How often it makes sense to ask again, in seconds.
const POLL_INTERVAL_S: u32 = 5;

/// A consent request as JSON. `receipt_id` and `reason` belong to the contract; nothing gives them a
/// value yet.
#[derive(Serialize)]
struct ConsentRequest<'a> {
    id: String,
    object: &'static str,
    status: &'static str,
    phase: Option<&'static str>,
    message: &'static str,
    subject_id: String,
    app_id: String,
    requested: Json,
    granted: Option<Json>,
    amends: Option<String>,
    grant_id: Option<String>,
    receipt_id: (),
    reason: (),
    binding_code: Option<&'a str>,
    created_at: String,
    immediate_until: String,
    expires_at: String,
    decided_at: Option<String>,
    poll_interval: u32,
    reused: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<&'static str>,
    metadata: Option<&'a Json>,
}

/// Does not wait unless the caller prefers it to.
pub(super) async fn show(
    State(server): State<Server>,
    DeveloperCaller(caller): DeveloperCaller,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    require(&caller, "consent:read")?;
    let id: RequestId = id
        .ok()
        .and_then(|Path(id)| id.parse().ok())
        .ok_or(ViewError::NotFound)?;
    let view = consent_request(&server, &caller, id)?;
    let preference = Preference::of(&headers);
    let view = awaited(&server, &caller, view, preference.wait_ms(0)).await?;
    Ok(answer(&view, server.now(), preference))
}

/// The request once it is decided, the wait is over, or the server is asked to end.
pub(super) async fn awaited(
    server: &Server,
    caller: &Caller,
    view: RequestView,
    wait_ms: i64,
) -> Result<RequestView, ViewError> {
    if view.status.is_terminal() || wait_ms == 0 {
        return Ok(view);
    }
    let (reused, coverage) = (view.reused, view.coverage);
    let decided = tokio::select! {
        decided = await_decision(server, caller, view.id, wait_ms) => decided?,
        () = server.stopping().requested() => consent_request(server, caller, view.id)?,
    };
    Ok(RequestView {
        reused,
        coverage,
        ..decided
    })
}

/// `200` once nothing can change any more; before that `202`, with where and when to ask again.
pub(super) fn answer(view: &RequestView, now: Timestamp, preference: Preference) -> Response {
    let mut response = axum::Json(rendered(view)).into_response();
    let headers = response.headers_mut();
    if let Some(applied) = preference.applied() {
        insert(headers, HeaderName::from_static("preference-applied"), &applied);
    }
    if !view.status.is_terminal() {
        let location = format!("/api/v1/consent-requests/{}", view.id);
        insert(headers, header::LOCATION, &location);
        insert(
            headers,
            header::RETRY_AFTER,
            &retry_after_s(view, now).to_string(),
        );
        *response.status_mut() = StatusCode::ACCEPTED;
    }
    response
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// While the user may answer at once, soon; after that, when the request will have lapsed.
fn retry_after_s(view: &RequestView, now: Timestamp) -> i64 {
    match view.phase {
        Some(Phase::Extended) => (view.expires_at.ms_since(now) / 1_000).max(i64::from(POLL_INTERVAL_S)),
        Some(Phase::Immediate) | None => i64::from(POLL_INTERVAL_S),
    }
}

fn rendered(view: &RequestView) -> ConsentRequest<'_> {
    ConsentRequest {
        id: view.id.to_string(),
        object: "consent_request",
        status: view.status.name(),
        phase: view.phase.map(phase_name),
        message: message(view.status, view.phase),
        subject_id: view.subject.to_string(),
        app_id: view.app.to_string(),
        requested: terms_view::of_request(&view.requested, &view.required, &view.wording),
        granted: view.granted.as_ref().map(terms_view::of_terms),
        amends: view.amends.map(|id| id.to_string()),
        grant_id: view.grant_id.map(|id| id.to_string()),
        receipt_id: (),
        reason: (),
        binding_code: view.binding_code.as_deref(),
        created_at: view.created_at.to_string(),
        immediate_until: view.immediate_until.to_string(),
        expires_at: view.expires_at.to_string(),
        decided_at: view.decided_at.map(|at| at.to_string()),
        poll_interval: POLL_INTERVAL_S,
        reused: view.reused,
        coverage: view.coverage.map(coverage_name),
        metadata: view.metadata.as_ref(),
    }
}

/// The sentence for the developer. Programs read `status` and `phase`.
fn message(status: Status, phase: Option<Phase>) -> &'static str {
    match (status, phase) {
        (Status::Granted, _) => "You can immediately access the data.",
        (Status::Rejected, _) => "You cannot access the data.",
        (Status::Pending, Some(Phase::Extended)) => {
            "Consent request sent and awaiting user acceptance. Please check again after 24 hours."
        }
        (Status::Pending, _) => "Consent request sent. The user has not answered yet.",
        (Status::Expired, _) => "The user did not answer in time.",
        (Status::Cancelled, _) => "The consent request was cancelled.",
        (Status::Superseded, _) => "Another consent request took the place of this one.",
    }
}

const fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Immediate => "immediate",
        Phase::Extended => "extended",
    }
}

const fn coverage_name(coverage: Coverage) -> &'static str {
    match coverage {
        Coverage::Exact => "exact",
        Coverage::Broader => "broader",
    }
}

impl From<ViewError> for Problem {
    fn from(error: ViewError) -> Self {
        match error {
            ViewError::NotFound => Self::new(Code::NotFound, "This application has no such consent request."),
            ViewError::Unavailable(unavailable) => unavailable.into(),
        }
    }
}
