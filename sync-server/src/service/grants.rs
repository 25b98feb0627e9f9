//! A developer's view of its grants.

use vault_wire::{
    catalogue::Category,
    id::{AppId, GrantId, RequestId, SubjectId},
    terms::Terms,
    time::Timestamp,
};

use super::{Unavailable, auth::Caller, page::Page};
use crate::Server;

/// A grant as the developer sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantView {
    /// Its id.
    pub id: GrantId,
    /// Where it stands.
    pub status: GrantStatus,
    /// The data subject, as the application knows it.
    pub subject: SubjectId,
    /// The application.
    pub app: AppId,
    /// The request that it answers.
    pub request: RequestId,
    /// What may be read now; perhaps narrower than what was given.
    pub terms: Terms,
    /// When it was given.
    pub created_at: Timestamp,
    /// When reading ends by itself.
    pub expires_at: Option<Timestamp>,
    /// Since when it is paused.
    pub paused_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Who ended it.
    pub ended_by: Option<EndedBy>,
    /// How much it was used.
    pub usage: Usage,
}

/// Where a grant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantStatus {
    /// Reads are answered.
    Active,
    /// The subject suspended it.
    Paused,
    /// The subject withdrew it.
    Withdrawn,
    /// Its time is over.
    Expired,
    /// Its one read was made.
    Consumed,
}

/// Who ended a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// The data subject.
    Subject,
    /// The clock, or the one read that was allowed.
    Terms,
}

/// How much a grant was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Answers given.
    pub reads_total: u64,
    /// When the last one was given.
    pub last_read_at: Option<Timestamp>,
}

/// Which grants to list; everything that is left out fits all.
#[derive(Clone, Copy, Debug, Default)]
pub struct GrantFilter {
    /// Only those that stand so.
    pub status: Option<GrantStatus>,
    /// Only those of this subject.
    pub subject: Option<SubjectId>,
    /// Only those that allow something of this category.
    pub category: Option<Category>,
}

/// Why grants cannot be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantsError {
    /// The application has no such grant.
    #[error("this application has no such grant")]
    NotFound,
    /// The cursor is not one that was handed out.
    #[error("this cursor was not handed out by this listing: start again without one")]
    InvalidCursor,
    /// The server cannot serve now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl GrantStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [
        Self::Active,
        Self::Paused,
        Self::Withdrawn,
        Self::Expired,
        Self::Consumed,
    ];

    /// Its name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::Consumed => "consumed",
        }
    }
}

impl EndedBy {
    /// Its name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Terms => "terms",
        }
    }
}

/// The caller's own grants, oldest first, `limit` (1 to 200) a page.
///
/// # Errors
///
/// See [`GrantsError`].
pub fn grants(
    server: &Server,
    caller: &Caller,
    filter: &GrantFilter,
    after: Option<&str>,
    limit: u32,
) -> Result<Page<GrantView>, GrantsError> {
    let _ = (server, caller, filter, after, limit);
    Err(GrantsError::Unavailable(Unavailable))
}

/// One of the caller's own grants.
///
/// # Errors
///
/// See [`GrantsError`].
pub fn grant(server: &Server, caller: &Caller, id: GrantId) -> Result<GrantView, GrantsError> {
    let _ = (server, caller, id);
    Err(GrantsError::Unavailable(Unavailable))
}
