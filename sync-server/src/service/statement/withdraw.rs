//! Withdrawing consent (invariant I7): it is put down in the ledger, then the keys are destroyed. From then
//! on no read is answered, also if power fails before the database knows: the ledger says how it goes on.
//! The owner gets the receipt once all is durable and no earlier answer is on its way.

use std::sync::Arc;

use vault_wire::{
    frame::{StatementOutcome, StatementRefusal},
    id::RequestId,
    limits,
    receipt::SignedErasure,
};

use super::{REVOKED, Submitted, erasure, keep};
use crate::{
    Server,
    service::{Unavailable, recovery::is_revoked},
    store::{
        Erased, GrantState, RequestState, Rows, StoreError, Tx,
        tables::{ERASURES, GRANTS, PENDING, REQUEST_DIGESTS, REQUESTS, key},
    },
};

/// Withdraws. It needs no statement before it, and a repetition gets the same receipt.
pub(super) async fn withdraw(
    server: &Server,
    submitted: Arc<Submitted>,
) -> Result<StatementOutcome, Unavailable> {
    let (grant, service) = (submitted.statement.grant, server.clone());
    let begun = server
        .store()
        .write(move |tx| begin(&service, tx, &submitted))
        .await?;
    let (receipt, decided) = match begun {
        Ok(begun) => begun,
        Err(refusal) => return Ok(StatementOutcome::Refused(refusal)),
    };
    if let Some(request) = decided {
        server.waits().wake(request);
    }
    server.guards().drain(grant, server.clock()).await;
    tracing::info!(%grant, "grant withdrawn");
    Ok(StatementOutcome::Erased(receipt))
}

/// The receipt, and the request that the withdrawal decided.
type Begun = (SignedErasure, Option<RequestId>);

fn begin(
    server: &Server,
    tx: &Tx,
    submitted: &Submitted,
) -> Result<Result<Begun, StatementRefusal>, StoreError> {
    let statement = &submitted.statement;
    let (vault, grant) = (submitted.vault, statement.grant);
    if is_revoked(server, vault, submitted.device) {
        return Ok(Err(REVOKED));
    }
    let at = key(&[vault.as_bytes(), grant.as_bytes()]);
    if let Some(erased) = tx.get(&ERASURES, &at)? {
        return Ok(Ok((erased.receipt, None)));
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
    server.ledger().erase(Erased {
        vault,
        grant,
        statement: submitted.digest,
    })?;
    let keys = server.grant_keys().destroy(grant, None)?;
    let by = (submitted.digest, keys);
    let receipt = erasure::erase(server, tx, (vault, grant), row.as_ref(), by)?;
    keep(tx, submitted)?;
    if let Some(mut row) = row {
        row.state = GrantState::Withdrawn;
        row.ended_at = Some(submitted.now);
        row.number = row.number.max(statement.number);
        row.last = submitted.digest;
        tx.put(&GRANTS, &at, &row)?;
    }
    Ok(Ok((receipt, close_request(tx, submitted)?)))
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
