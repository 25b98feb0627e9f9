//! A grant that this file never knew: another copy of the vault agreed to it, or this one before it was set
//! back. The owner's signed answer and the request that it answers say all that there is to know.

use vault_wire::{
    frame::{DeliveredRequest, KeptStatement},
    request::ConsentRequest,
    statement::{Event, Statement},
    time::Timestamp,
};

use super::grant::{GrantRow, GrantState, StoredGrantKey};

/// A grant as it stands before its first statement is taken over, and what was asked for it.
pub(super) struct Met<'k> {
    pub(super) row: GrantRow,
    pub(super) request: ConsentRequest,
    pub(super) delivered: &'k DeliveredRequest,
}

impl<'k> Met<'k> {
    /// The grant that a statement begins, if it comes with the very request that it answers. What the server
    /// accepted before the vault was taken back with a recovery code stays as the lost device left it, until the
    /// owner says how it goes on: when it was given, by that device's own clock, counts for nothing.
    pub(super) fn by(
        kept: &'k KeptStatement,
        said: &Statement,
        recovered_at: Option<Timestamp>,
    ) -> Option<Self> {
        let (Event::Given(extent), Some(delivered)) = (&said.event, &kept.request) else {
            return None;
        };
        let request = ConsentRequest::from_bytes(&delivered.bytes).ok()?;
        let is_answered = ConsentRequest::digest_of(&delivered.bytes) == said.request
            && request.subject == said.subject
            && request.app.id == said.app;
        // Whose acceptance it is, the session has checked.
        let accepted = kept.acceptance.verify(&kept.acceptance.key).ok()?;
        is_answered.then(|| Self {
            row: GrantRow {
                app: said.app,
                subject: said.subject,
                request: request.id,
                request_digest: said.request,
                state: GrantState::Active,
                extent: extent.clone(),
                extent_number: said.number,
                key: StoredGrantKey::destroyed(),
                key_generation: 0,
                keyless: recovered_at.is_some_and(|at| accepted.accepted_at <= at),
                former_key: None,
                created_at: said.decided_at,
                confirmed_at: said.decided_at,
                amends: request.amends,
                superseded_by: None,
                ended_at: None,
                statement: 0,
                acknowledged: 0,
            },
            request,
            delivered,
        })
    }
}
