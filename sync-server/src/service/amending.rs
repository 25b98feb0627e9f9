//! Asking to change a running grant: which may be asked for, and what becomes of an earlier request.

use vault_wire::{
    frame::{Closed, Event},
    id::{GrantId, RequestId, SubjectId, VaultId},
    request::ConsentRequest,
    time::Timestamp,
};

use super::{auth::Caller, grant_rules::state_at, notices, request_consent::RequestError};
use crate::store::{
    PendingRow, RequestState, Rows, StoreError, Tx,
    tables::{GRANTS, PENDING, REQUESTS, key},
};

/// Whether a grant can be amended: it is the application's own, of this subject, and not over.
pub(super) fn amendable(
    tx: &Tx,
    caller: &Caller,
    home: VaultId,
    subject: SubjectId,
    grant: GrantId,
    now: Timestamp,
) -> Result<Result<(), RequestError>, StoreError> {
    let row = tx.get(&GRANTS, &key(&[home.as_bytes(), grant.as_bytes()]))?;
    let theirs = row.filter(|row| row.app == caller.app && row.subject == subject);
    Ok(match theirs {
        None => Err(RequestError::NoSuchGrant),
        Some(row) if state_at(&row, now).is_over() => Err(RequestError::GrantOver),
        Some(_) => Ok(()),
    })
}

/// The pending requests that would amend a grant.
pub(super) fn amending(
    tx: &Tx,
    home: VaultId,
    pending: &[(RequestId, PendingRow)],
    grant: GrantId,
) -> Result<Vec<RequestId>, StoreError> {
    let mut amending = Vec::new();
    for (id, _) in pending {
        let Some(row) = tx.get(&REQUESTS, &key(&[home.as_bytes(), id.as_bytes()]))? else {
            continue;
        };
        let request = ConsentRequest::from_bytes(&row.bytes).map_err(|_| StoreError::Row("requests"))?;
        if request.amends == Some(grant) {
            amending.push(*id);
        }
    }
    Ok(amending)
}

/// A newer amendment takes the place of a pending one.
pub(super) fn supersede(tx: &Tx, caller: &Caller, home: VaultId, id: RequestId) -> Result<(), StoreError> {
    let at = key(&[home.as_bytes(), id.as_bytes()]);
    if let Some(mut row) = tx.get(&REQUESTS, &at)? {
        row.state = RequestState::Superseded;
        tx.put(&REQUESTS, &at, &row)?;
    }
    tx.remove(
        &PENDING,
        &key(&[home.as_bytes(), caller.app.as_bytes(), id.as_bytes()]),
    )?;
    let closed = Event::RequestClosed {
        request: id,
        how: Closed::Superseded,
    };
    notices::append(tx, home, &closed)
}
