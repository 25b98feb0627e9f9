//! A grant that this file never knew: another copy of the vault agreed to it, or this one before it was set
//! back. The owner's signed answer and the request that it answers say all that there is to know.

use vault_wire::{
    frame::{DeliveredRequest, KeptStatement},
    request::ConsentRequest,
    statement::{Event, Statement},
};

use super::grant::{GrantRow, GrantState, StoredGrantKey};

/// A grant as it stands before its first statement is taken over, and what was asked for it.
pub(super) struct Met<'k> {
    pub(super) row: GrantRow,
    pub(super) request: ConsentRequest,
    pub(super) delivered: &'k DeliveredRequest,
}

impl<'k> Met<'k> {
    /// The grant that a statement begins, if it comes with the very request that it answers.
    pub(super) fn by(kept: &'k KeptStatement, said: &Statement) -> Option<Self> {
        let (Event::Given(extent), Some(delivered)) = (&said.event, &kept.request) else {
            return None;
        };
        let request = ConsentRequest::from_bytes(&delivered.bytes).ok()?;
        let is_answered = ConsentRequest::digest_of(&delivered.bytes) == said.request
            && request.subject == said.subject
            && request.app.id == said.app;
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
