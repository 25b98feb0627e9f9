//! What already stands between an application and a subject, before it asks.

use std::ops::ControlFlow;

use vault_wire::{
    id::{GrantId, RequestId, VaultId},
    limits,
    terms::Terms,
    time::Timestamp,
};

use crate::{
    service::{
        auth::Caller,
        grant_rules::is_active,
        request_view::{Coverage, RequestView, view_of},
    },
    store::{
        PendingRow, Rows, StoreError, Tx,
        tables::{COOL_DOWNS, GRANTS, GRANTS_OF_APP, PENDING, REQUESTS, key},
    },
};

/// The request whose grant already covers what is asked.
pub(super) fn covered(
    tx: &Tx,
    caller: &Caller,
    home: VaultId,
    asked: &Terms,
    now: Timestamp,
) -> Result<Option<RequestView>, StoreError> {
    let grants = tx.rows(
        &GRANTS_OF_APP,
        &key(&[home.as_bytes(), caller.app.as_bytes()]),
        limits::GRANTS_MAX,
    )?;
    for (grant, ()) in grants {
        let Some(row) = tx.get(&GRANTS, &key(&[home.as_bytes(), &grant]))? else {
            continue;
        };
        if !is_active(&row, now) || !asked.within(&row.terms) {
            continue;
        }
        let Some(request) = tx.get(&REQUESTS, &key(&[home.as_bytes(), row.request.as_bytes()]))? else {
            continue;
        };
        let coverage = if row.terms.within(asked) {
            Coverage::Exact
        } else {
            Coverage::Broader
        };
        return Ok(Some(RequestView {
            coverage: Some(coverage),
            granted: Some(row.terms.clone()),
            grant_id: <[u8; 16]>::try_from(grant.as_slice()).ok().map(GrantId),
            ..view_of(&request, row.request, now)?
        }));
    }
    Ok(None)
}

/// Its requests to the subject that wait for an answer.
pub(super) fn pending(
    tx: &Tx,
    caller: &Caller,
    home: VaultId,
    now: Timestamp,
) -> Result<Vec<(RequestId, PendingRow)>, StoreError> {
    let mut pending = Vec::new();
    let prefix = key(&[home.as_bytes(), caller.app.as_bytes()]);
    tx.scan(&PENDING, &prefix, &[], |rest, row| {
        if let Ok(id) = <[u8; 16]>::try_from(rest)
            && now < row.expires_at
        {
            pending.push((RequestId(id), row));
        }
        ControlFlow::Continue(())
    })?;
    Ok(pending)
}

/// Until when the subject may not be asked for one of these categories again.
pub(super) fn cooling_down(
    tx: &Tx,
    caller: &Caller,
    home: VaultId,
    terms: &Terms,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    for detail in &terms.details {
        let at = key(&[home.as_bytes(), caller.app.as_bytes(), &[detail.category as u8]]);
        let until = tx.get(&COOL_DOWNS, &at)?;
        if let Some(until) = until.filter(|until| now < *until) {
            return Ok(Some(until));
        }
    }
    Ok(None)
}
