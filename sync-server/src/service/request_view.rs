//! A consent request as the developer sees it.

use vault_wire::{
    id::{AppId, GrantId, RequestId, SubjectId},
    request::{ConsentRequest, Required, Wording},
    terms::Terms,
    time::Timestamp,
};

use super::{Unavailable, auth::Caller};
use crate::{
    Server,
    store::{
        RequestRow, RequestState, Rows, StoreError,
        tables::{APP_REQUESTS, REQUESTS, key},
    },
};

/// A consent request as the developer sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestView {
    /// Its id.
    pub id: RequestId,
    /// Where it stands.
    pub status: Status,
    /// In which window it is, while it is pending.
    pub phase: Option<Phase>,
    /// The data subject, as the application knows it.
    pub subject: SubjectId,
    /// The application that asks.
    pub app: AppId,
    /// What was asked.
    pub requested: Terms,
    /// Fields without which no answer is wanted.
    pub required: Vec<Required>,
    /// The running grant that it would change.
    pub amends: Option<GrantId>,
    /// What was asked, in words.
    pub wording: Wording,
    /// What was given, once it is granted; perhaps narrower than asked.
    pub granted: Option<Terms>,
    /// The grant, once there is one.
    pub grant_id: Option<GrantId>,
    /// Three characters that vault and application both show, if asked for.
    pub binding_code: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the immediate window closes.
    pub immediate_until: Timestamp,
    /// When it lapses.
    pub expires_at: Timestamp,
    /// When the decision took effect on the server.
    pub decided_at: Option<Timestamp>,
    /// Whether this is an older request or grant that answers the call.
    pub reused: bool,
    /// How an active grant covers what was asked; only when it made a new request unnecessary.
    pub coverage: Option<Coverage>,
    /// The developer's own note.
    pub metadata: Option<serde_json::Value>,
}

/// Where a consent request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nobody has decided yet.
    Pending,
    /// The subject gave consent.
    Granted,
    /// The subject refused.
    Rejected,
    /// Nobody decided in time.
    Expired,
    /// The developer took it back.
    Cancelled,
    /// Another request replaced it.
    Superseded,
}

/// In which window a pending request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The first 180 seconds.
    Immediate,
    /// The 24 hours after them.
    Extended,
}

/// How an active grant covers a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// It allows exactly what is asked.
    Exact,
    /// It allows more.
    Broader,
}

/// Why a request cannot be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ViewError {
    /// The application has no such request.
    #[error("this application has no such consent request")]
    NotFound,
    /// The server cannot serve now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Status {
    /// Its name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Granted => "granted",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
        }
    }

    /// Whether nothing can change it any more.
    pub const fn is_terminal(self) -> bool {
        !matches!(self, Self::Pending)
    }
}

/// One of the caller's own requests as it stands now.
///
/// # Errors
///
/// See [`ViewError`].
pub fn consent_request(server: &Server, caller: &Caller, id: RequestId) -> Result<RequestView, ViewError> {
    let view = server.store().view().map_err(Unavailable::from)?;
    let found = find(&view, caller, id).map_err(Unavailable::from)?;
    let row = found.ok_or(ViewError::NotFound)?;
    Ok(view_of(&row, id, server.now()).map_err(Unavailable::from)?)
}

fn find(rows: &impl Rows, caller: &Caller, id: RequestId) -> Result<Option<RequestRow>, StoreError> {
    let at = key(&[caller.account.as_bytes(), caller.app.as_bytes(), id.as_bytes()]);
    let Some(home) = rows.get(&APP_REQUESTS, &at)? else {
        return Ok(None);
    };
    rows.get(&REQUESTS, &key(&[home.as_bytes(), id.as_bytes()]))
}

/// A stored request as it stands at `now`; it can have lapsed before anybody noted it.
pub(super) fn view_of(row: &RequestRow, id: RequestId, now: Timestamp) -> Result<RequestView, StoreError> {
    let request = ConsentRequest::from_bytes(&row.bytes).map_err(|_| StoreError::Row("requests"))?;
    let status = match row.state {
        RequestState::Pending if request.expires_at <= now => Status::Expired,
        RequestState::Pending => Status::Pending,
        RequestState::Granted => Status::Granted,
        RequestState::Rejected => Status::Rejected,
        RequestState::Expired => Status::Expired,
        RequestState::Cancelled => Status::Cancelled,
        RequestState::Superseded => Status::Superseded,
    };
    let phase = if now < request.immediate_until {
        Phase::Immediate
    } else {
        Phase::Extended
    };
    Ok(RequestView {
        id,
        status,
        phase: (status == Status::Pending).then_some(phase),
        subject: request.subject,
        app: row.app,
        requested: request.terms,
        required: request.required,
        amends: request.amends,
        wording: Wording {
            purpose_text: request.purpose_text,
            benefit: request.benefit,
            recipients: request.recipients,
            storage_locations: request.storage_locations,
            notice: request.notice,
        },
        granted: row.granted.clone(),
        grant_id: row.grant,
        binding_code: Some(request.binding_code).filter(|code| !code.is_empty()),
        created_at: request.created_at,
        immediate_until: request.immediate_until,
        expires_at: request.expires_at,
        decided_at: row.decided_at,
        reused: false,
        coverage: None,
        metadata: row
            .metadata
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok()),
    })
}
