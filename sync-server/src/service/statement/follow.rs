//! A statement that follows another: narrower, longer, paused, resumed.

use vault_wire::{
    frame::StatementRefusal,
    reconcile::Summary,
    request::ConsentRequest,
    statement::{Event, Extent},
    terms::Terms,
    time::Timestamp,
};

use super::{InForce, Submitted, Taken, amend, keep, keys};
use crate::{
    Server,
    service::grant_rules::state_at,
    store::{
        Deadline, GrantRow, GrantState, Rows, StoreError, Tx,
        tables::{DEADLINES, DOOMED, GRANTS, REQUESTS, key},
    },
};

pub(super) fn follow(server: &Server, tx: &Tx, submitted: &Submitted) -> Result<Taken, StoreError> {
    let statement = &submitted.statement;
    let vault = submitted.vault.as_bytes();
    let at = key(&[vault, statement.grant.as_bytes()]);
    let Some(mut row) = tx.get(&GRANTS, &at)? else {
        return Ok(Err(StatementRefusal::OutOfOrder));
    };
    if statement.subject != row.subject || statement.app != row.app || statement.request != row.request_digest
    {
        return Ok(Err(StatementRefusal::UnknownRequest));
    }
    if statement.number != row.number.saturating_add(1) || statement.previous != row.last {
        return Ok(Err(StatementRefusal::OutOfOrder));
    }
    let at_moment = submitted.effective_at();
    match state_at(&row, at_moment) {
        GrantState::Withdrawn | GrantState::Ending => return Ok(Err(StatementRefusal::Withdrawn)),
        state if state.is_over() => return Ok(Err(StatementRefusal::AlreadyClosed)),
        _ => {}
    }
    let mut decided = None;
    match &statement.event {
        Event::Paused => {
            row.state = GrantState::Paused;
            row.paused_at = row.paused_at.or(Some(at_moment));
        }
        Event::Resumed => {
            row.state = GrantState::Active;
            row.paused_at = None;
        }
        Event::Narrowed(extent) => {
            if !extent.terms.within(&row.terms) {
                return Ok(Err(StatementRefusal::WiderThanAsked));
            }
            let since = row.confirmed_at;
            if let Err(refusal) = take_extent(server, tx, submitted, &mut row, extent, since)? {
                return Ok(Err(refusal));
            }
            decided = amend::close_fulfilled(tx, submitted, &row)?;
        }
        Event::Renewed(extent) => {
            if !extent.terms.within(&asked(tx, vault, &row)?) {
                return Ok(Err(StatementRefusal::WiderThanAsked));
            }
            if let Err(refusal) = take_extent(server, tx, submitted, &mut row, extent, at_moment)? {
                return Ok(Err(refusal));
            }
        }
        Event::Given(_) | Event::Refused | Event::Withdrawn => {
            return Ok(Err(StatementRefusal::OutOfOrder));
        }
    }
    row.number = statement.number;
    row.last = submitted.digest;
    keep(tx, submitted)?;
    tx.put(&GRANTS, &at, &row)?;
    Ok(Ok(InForce {
        decided,
        ..InForce::default()
    }))
}

fn asked(tx: &Tx, vault: &[u8], row: &GrantRow) -> Result<Terms, StoreError> {
    let request = tx.get(&REQUESTS, &key(&[vault, row.request.as_bytes()]))?;
    let request = request.ok_or(StoreError::Row("requests"))?;
    let request = ConsentRequest::from_bytes(&request.bytes).map_err(|_| StoreError::Row("requests"))?;
    Ok(request.terms)
}

/// Puts new terms in force, confirmed at `since`. A new generation begins empty. Those before are doomed with
/// it: before the statement is acknowledged, what they sealed can no longer be read by anybody.
fn take_extent(
    server: &Server,
    tx: &Tx,
    submitted: &Submitted,
    row: &mut GrantRow,
    extent: &Extent,
    since: Timestamp,
) -> Result<Result<(), StatementRefusal>, StoreError> {
    let (vault, grant) = (submitted.vault, submitted.statement.grant);
    // What was sealed under other details must not be read under these.
    let needs_new = extent.terms.details != row.terms.details;
    if extent.generation < row.generation + u32::from(needs_new) {
        return Ok(Err(StatementRefusal::OutOfOrder));
    }
    if extent.generation == row.generation {
        if extent.key != row.key {
            return Ok(Err(StatementRefusal::BadGrantKey));
        }
        keys::complete(server, submitted, extent)?;
    } else {
        keys::begin(server, submitted, extent)?;
        let doomed = key(&[vault.as_bytes(), grant.as_bytes(), &row.generation.to_be_bytes()]);
        tx.put(&DOOMED, &doomed, &())?;
        row.generation = extent.generation;
        row.key = extent.key;
        row.held = Summary::default();
    }
    row.extent_number = submitted.statement.number;
    row.terms = extent.terms.clone();
    row.confirmed_at = since;
    row.expires_at = extent.terms.duration.ends_at(since);
    if let Some(end) = row.expires_at {
        tx.put(&DEADLINES, &Deadline::Grant(vault, grant).key(end), &())?;
    }
    Ok(Ok(()))
}
