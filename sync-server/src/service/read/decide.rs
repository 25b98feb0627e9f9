//! The one decision about a read: is there an active grant of this subject for this application
//! that covers it, now?

use vault_wire::{
    id::GrantId,
    terms::{Delivery, Detail, Terms},
    time::Timestamp,
};

use super::{Cursor, ReadError, ReadQuery};
use crate::{
    service::grant_rules::state_at,
    store::{GrantRow, GrantState},
};

/// How long the further pages of a read may be fetched without counting as another, in
/// milliseconds (1 hour).
pub(in crate::service) const CONTINUE_MS: i64 = 3_600_000;

/// A grant of the subject for the application.
pub(super) struct Candidate {
    pub(super) id: GrantId,
    pub(super) row: GrantRow,
}

/// A read that is allowed.
pub(super) struct Allowed<'c> {
    pub(super) grant: &'c Candidate,
    pub(super) detail: &'c Detail,
    /// The leaves that the answer may hold.
    pub(super) leaves: Vec<&'c str>,
    /// Whether this is a further page of a read that was counted already.
    pub(super) continues: bool,
}

/// Decides. What is refused looks the same for a subject that does not exist: it has no candidate.
pub(super) fn decide<'c>(
    candidates: &'c [Candidate],
    query: &ReadQuery,
    cursor: Option<&Cursor>,
    now: Timestamp,
) -> Result<Allowed<'c>, ReadError> {
    let covering: Vec<_> = candidates
        .iter()
        .filter_map(|candidate| Some((candidate, candidate.row.terms.detail(query.category)?)))
        .filter(|(candidate, _)| allows_now(candidate, cursor, now))
        .filter(|(candidate, _)| {
            query
                .purpose
                .is_none_or(|purpose| purpose == candidate.row.terms.purpose)
        })
        .collect();
    let Some((first, _)) = covering.first() else {
        return Err(ReadError::ConsentRequired {
            pending_request: None,
        });
    };
    let chosen = match cursor {
        Some(cursor) => covering
            .iter()
            .find(|(candidate, _)| cursor.is_of(candidate, query))
            .ok_or(ReadError::InvalidCursor)?,
        None => {
            let purpose = first.row.terms.purpose;
            if covering
                .iter()
                .any(|(other, _)| other.row.terms.purpose != purpose)
            {
                return Err(ReadError::PurposeRequired);
            }
            covering
                .iter()
                .max_by_key(|(candidate, detail)| {
                    let answers = leaves(query, &candidate.row.terms, detail).is_ok();
                    (answers, candidate.row.created_at)
                })
                .ok_or(ReadError::ConsentRequired {
                    pending_request: None,
                })?
        }
    };
    let (grant, detail) = *chosen;
    let continues = cursor.is_some_and(|cursor| now.ms_since(cursor.read_at) <= CONTINUE_MS);
    Ok(Allowed {
        grant,
        detail,
        leaves: leaves(query, &grant.row.terms, detail)?,
        continues,
    })
}

fn allows_now(candidate: &Candidate, cursor: Option<&Cursor>, now: Timestamp) -> bool {
    let unused = match candidate.row.one_read {
        None => true,
        Some((read, at)) => {
            now.ms_since(at) <= CONTINUE_MS && cursor.is_some_and(|cursor| cursor.read == read)
        }
    };
    unused && state_at(&candidate.row, now) == GrantState::Active
}

impl Cursor {
    fn is_of(&self, candidate: &Candidate, query: &ReadQuery) -> bool {
        self.grant == candidate.id
            && self.generation == candidate.row.generation
            && self.category == query.category
    }
}

/// The granted leaves that the query asks for.
fn leaves<'c>(query: &ReadQuery, terms: &Terms, detail: &'c Detail) -> Result<Vec<&'c str>, ReadError> {
    let spec = detail.category.spec();
    let filters_by_time = query.from.is_some() || query.to.is_some();
    if terms.delivery == Delivery::Sealed && (filters_by_time || query.fields.is_some()) {
        return Err(ReadError::SealedNotFilterable);
    }
    if filters_by_time && !detail.fields.contains_key(spec.time_field) {
        return Err(ReadError::InvalidFields(vec![spec.time_field.to_owned()]));
    }
    let granted = || detail.fields.keys().map(String::as_str);
    let Some(asked) = &query.fields else {
        return Ok(granted().collect());
    };
    let below = |path: &str| {
        let leaves = spec.expand(path);
        granted().filter(|leaf| leaves.contains(leaf)).collect::<Vec<_>>()
    };
    let not_granted: Vec<_> = asked
        .iter()
        .filter(|path| below(path).is_empty())
        .cloned()
        .collect();
    if !not_granted.is_empty() {
        return Err(ReadError::InvalidFields(not_granted));
    }
    Ok(asked.iter().flat_map(|path| below(path)).collect())
}
