//! Withdrawing consent (invariant I7): the keys are destroyed first, from then on every read is
//! refused, and the owner gets the receipt once nothing is left and no earlier answer is on its way.

use std::sync::Arc;

use vault_wire::{
    frame::{StatementOutcome, StatementRefusal},
    id::RequestId,
    limits,
};

use super::{Submitted, erasure, keep};
use crate::{
    Server,
    service::Unavailable,
    store::{
        Erased, ErasureRow, GrantState, RequestState, Rows, StoreError, Tx,
        tables::{ERASURES, GRANTS, PENDING, REQUEST_DIGESTS, REQUESTS, key},
    },
};

/// Withdraws. It needs no statement before it, and a repetition gets the same receipt.
pub(super) async fn withdraw(
    server: &Server,
    submitted: Arc<Submitted>,
) -> Result<StatementOutcome, Unavailable> {
    let (vault, grant) = (submitted.vault, submitted.statement.grant);
    let service = server.clone();
    let begun = server
        .store()
        .write(move |tx| begin(&service, tx, &submitted))
        .await?;
    match begun {
        Ok(Some(request)) => server.waits().wake(request),
        Ok(None) => {}
        Err(refusal) => return Ok(StatementOutcome::Refused(refusal)),
    }
    server.guards().drain(grant, server.clock()).await;
    let receipt = erasure::finish(server, vault, grant).await?;
    tracing::info!(%grant, "grant withdrawn and erased");
    Ok(StatementOutcome::Erased(receipt))
}

fn begin(
    server: &Server,
    tx: &Tx,
    submitted: &Submitted,
) -> Result<Result<Option<RequestId>, StatementRefusal>, StoreError> {
    let statement = &submitted.statement;
    let (vault, grant) = (submitted.vault, statement.grant);
    let at = key(&[vault.as_bytes(), grant.as_bytes()]);
    if tx.has(&ERASURES, &at)? {
        return Ok(Ok(None));
    }
    let row = tx.get(&GRANTS, &at)?;
    if let Some(row) = &row
        && (statement.subject != row.subject || statement.app != row.app)
    {
        return Ok(Err(StatementRefusal::UnknownRequest));
    }
    if row.is_none() && tx.rows(&ERASURES, vault.as_bytes(), limits::GRANTS_MAX)?.len() == limits::GRANTS_MAX
    {
        return Ok(Err(StatementRefusal::UnknownRequest));
    }
    let keys = server.grant_keys().destroy(grant, None)?;
    server.ledger().append(&Erased {
        vault,
        grant,
        statement: submitted.digest,
    })?;
    let erasure = ErasureRow {
        statement: submitted.digest,
        keys,
        entries: 0,
        receipt: None,
    };
    tx.put(&ERASURES, &at, &erasure)?;
    keep(tx, submitted)?;
    if let Some(mut row) = row {
        row.state = GrantState::Withdrawn;
        row.ended_at = Some(submitted.now);
        row.number = row.number.max(statement.number);
        row.last = submitted.digest;
        tx.put(&GRANTS, &at, &row)?;
    }
    Ok(Ok(close_request(tx, submitted)?))
}

/// A withdrawal that overtakes its own approval, or replaces it, also ends the request.
fn close_request(tx: &Tx, submitted: &Submitted) -> Result<Option<RequestId>, StoreError> {
    let vault = submitted.vault.as_bytes();
    let Some(id) = tx.get(&REQUEST_DIGESTS, &key(&[vault, &submitted.statement.request]))? else {
        return Ok(None);
    };
    let at = key(&[vault, id.as_bytes()]);
    let Some(mut row) = tx.get(&REQUESTS, &at)? else {
        return Ok(None);
    };
    if row.state != RequestState::Pending || row.app != submitted.statement.app {
        return Ok(None);
    }
    row.state = RequestState::Rejected;
    row.decided_at = Some(submitted.now);
    row.decision = Some(submitted.digest);
    tx.put(&REQUESTS, &at, &row)?;
    tx.remove(&PENDING, &key(&[vault, row.app.as_bytes(), id.as_bytes()]))?;
    Ok(Some(id))
}
