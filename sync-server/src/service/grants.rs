//! A developer's view of its grants.

use std::ops::ControlFlow;

use vault_wire::{
    catalogue::Category,
    id::{AppId, GrantId, RequestId, SubjectId},
    terms::Terms,
    time::Timestamp,
};

use super::{Unavailable, auth::Caller, grant_rules::state_at, page::Page};
use crate::{
    Server,
    store::{
        GrantRow, GrantState, Rows,
        tables::{APP_GRANTS, GRANTS, key},
    },
};

/// Most grants that one call looks at; a filter that fits few of them gives a short page.
const SCAN_MAX: usize = 1_000;

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
    /// The grant whose place it took.
    pub supersedes: Option<GrantId>,
    /// The grant that took its place.
    pub superseded_by: Option<GrantId>,
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
    /// Another grant took its place.
    Superseded,
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
    pub const ALL: [Self; 6] = [
        Self::Active,
        Self::Paused,
        Self::Withdrawn,
        Self::Expired,
        Self::Consumed,
        Self::Superseded,
    ];

    /// Its name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::Consumed => "consumed",
            Self::Superseded => "superseded",
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
    let after = match after {
        None => Vec::new(),
        Some(cursor) => {
            let last: GrantId = cursor.parse().map_err(|_| GrantsError::InvalidCursor)?;
            [last.as_bytes().as_slice(), &[0]].concat()
        }
    };
    let (now, limit) = (server.now(), usize::try_from(limit.clamp(1, 200)).unwrap_or(200));
    let view = server.store().view().map_err(Unavailable::from)?;
    let mut candidates = Vec::new();
    let prefix = key(&[caller.account.as_bytes(), caller.app.as_bytes()]);
    view.scan(&APP_GRANTS, &prefix, &after, |rest, vault| {
        candidates.extend(<[u8; 16]>::try_from(rest).ok().map(|id| (GrantId(id), vault)));
        if candidates.len() < SCAN_MAX {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })
    .map_err(Unavailable::from)?;
    let scanned_all = candidates.len() < SCAN_MAX;
    let mut items = Vec::new();
    let mut last = None;
    for (id, vault) in candidates {
        if items.len() == limit {
            return Ok(Page { items, next: last });
        }
        let row = view
            .get(&GRANTS, &key(&[vault.as_bytes(), id.as_bytes()]))
            .map_err(Unavailable::from)?;
        items.extend(
            row.map(|row| GrantView::of(id, &row, now))
                .filter(|grant| filter.fits(grant)),
        );
        last = Some(id.to_string());
    }
    let next = last.filter(|_| !scanned_all);
    Ok(Page { items, next })
}

/// One of the caller's own grants.
///
/// # Errors
///
/// See [`GrantsError`].
pub fn grant(server: &Server, caller: &Caller, id: GrantId) -> Result<GrantView, GrantsError> {
    let view = server.store().view().map_err(Unavailable::from)?;
    let at = key(&[caller.account.as_bytes(), caller.app.as_bytes(), id.as_bytes()]);
    let vault = view.get(&APP_GRANTS, &at).map_err(Unavailable::from)?;
    let vault = vault.ok_or(GrantsError::NotFound)?;
    let row = view
        .get(&GRANTS, &key(&[vault.as_bytes(), id.as_bytes()]))
        .map_err(Unavailable::from)?;
    Ok(GrantView::of(
        id,
        &row.ok_or(GrantsError::NotFound)?,
        server.now(),
    ))
}

impl GrantView {
    fn of(id: GrantId, row: &GrantRow, now: Timestamp) -> Self {
        let status = match state_at(row, now) {
            GrantState::Active => GrantStatus::Active,
            GrantState::Paused => GrantStatus::Paused,
            GrantState::Withdrawn | GrantState::Ending => GrantStatus::Withdrawn,
            GrantState::Expired => GrantStatus::Expired,
            GrantState::Consumed => GrantStatus::Consumed,
            GrantState::Superseded => GrantStatus::Superseded,
        };
        Self {
            id,
            status,
            subject: row.subject,
            app: row.app,
            request: row.request,
            terms: row.terms.clone(),
            supersedes: row.supersedes,
            superseded_by: row.superseded_by,
            created_at: row.created_at,
            expires_at: row.expires_at,
            paused_at: row.paused_at,
            ended_at: row
                .ended_at
                .or(row.expires_at.filter(|_| status == GrantStatus::Expired)),
            ended_by: match status {
                GrantStatus::Active | GrantStatus::Paused => None,
                GrantStatus::Withdrawn | GrantStatus::Superseded => Some(EndedBy::Subject),
                GrantStatus::Expired | GrantStatus::Consumed => Some(EndedBy::Terms),
            },
            usage: Usage {
                reads_total: row.reads_total,
                last_read_at: row.last_read_at,
            },
        }
    }
}

impl GrantFilter {
    fn fits(&self, grant: &GrantView) -> bool {
        self.status.is_none_or(|status| status == grant.status)
            && self.subject.is_none_or(|subject| subject == grant.subject)
            && self
                .category
                .is_none_or(|category| grant.terms.detail(category).is_some())
    }
}
