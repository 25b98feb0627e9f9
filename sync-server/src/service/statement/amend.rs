//! Amendments: a new grant takes the place of the one that it amends, or the running grant becomes what
//! was asked of it.

use std::ops::ControlFlow;

use vault_wire::{
    id::{GrantId, RequestId},
    request::ConsentRequest,
};

use super::Submitted;
use crate::store::{
    GrantRow, GrantState, RequestState, Rows, StoreError, Tx,
    tables::{DOOMED, GRANTS, PENDING, REQUESTS, key},
};

/// Ends the grant that the accepted request amends, and dooms its keys and entries. Returns it, if it was
/// this application's and not withdrawn.
pub(super) fn supersede(
    tx: &Tx,
    submitted: &Submitted,
    amended: GrantId,
) -> Result<Option<GrantId>, StoreError> {
    let at = key(&[submitted.vault.as_bytes(), amended.as_bytes()]);
    let Some(mut row) = tx.get(&GRANTS, &at)? else {
        return Ok(None);
    };
    let statement = &submitted.statement;
    let is_theirs = row.app == statement.app && row.subject == statement.subject;
    if !is_theirs || row.state == GrantState::Withdrawn {
        return Ok(None);
    }
    tx.put(&DOOMED, &key(&[&at, &row.generation.to_be_bytes()]), &())?;
    row.state = GrantState::Superseded;
    row.ended_at = row.ended_at.or(Some(submitted.effective_at()));
    row.superseded_by = Some(statement.grant);
    tx.put(&GRANTS, &at, &row)?;
    Ok(Some(amended))
}

/// Closes the pending request that asked for just the terms which the grant now has.
pub(super) fn close_fulfilled(
    tx: &Tx,
    submitted: &Submitted,
    row: &GrantRow,
) -> Result<Option<RequestId>, StoreError> {
    let (vault, grant) = (submitted.vault.as_bytes(), submitted.statement.grant);
    let of_app = key(&[vault, row.app.as_bytes()]);
    let mut pending = Vec::new();
    tx.scan(&PENDING, &of_app, &[], |id, _| {
        pending.extend(<[u8; 16]>::try_from(id).map(RequestId));
        ControlFlow::Continue(())
    })?;
    for id in pending {
        let at = key(&[vault, id.as_bytes()]);
        let Some(mut asked) = tx.get(&REQUESTS, &at)? else {
            continue;
        };
        let request = ConsentRequest::from_bytes(&asked.bytes).map_err(|_| StoreError::Row("requests"))?;
        if request.amends == Some(grant) && request.subject == row.subject && request.terms == row.terms {
            asked.state = RequestState::Granted;
            asked.decided_at = Some(submitted.now);
            asked.decision = Some(submitted.digest);
            asked.grant = Some(grant);
            asked.granted = Some(row.terms.clone());
            tx.put(&REQUESTS, &at, &asked)?;
            tx.remove(&PENDING, &key(&[&of_app, id.as_bytes()]))?;
            return Ok(Some(id));
        }
    }
    Ok(None)
}
