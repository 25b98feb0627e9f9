//! Dropping what a withdrawn grant held, in steps that leave room for others, and the receipt.

use vault_wire::{
    entry::Body,
    id::{ErasureId, GrantId, VaultId},
    receipt::{Erasure, SignedErasure},
};

use crate::{
    Server,
    service::{Unavailable, notices},
    store::{
        Erased, ErasureRow, GrantState, Rows, StoreError, Tx,
        tables::{ARRIVALS, DOOMED, ENTRIES, ERASURES, GRANTS, READS, key},
    },
};

/// Rows dropped in one transaction.
const STEP_ROWS: usize = 2_048;
/// Generations dropped in one go.
const DOOMED_MAX: usize = 256;
const DAY_MS: i64 = 86_400_000;

/// Drops what is left of a withdrawn grant and gives the receipt: the same one each time.
pub(super) async fn finish(
    server: &Server,
    vault: VaultId,
    grant: GrantId,
) -> Result<SignedErasure, Unavailable> {
    loop {
        let service = server.clone();
        let done = server
            .store()
            .write(move |tx| step(&service, tx, vault, grant))
            .await?;
        if let Some(receipt) = done {
            return Ok(receipt);
        }
    }
}

/// Finishes the erasures that an earlier run of the server did not.
pub(crate) async fn finish_all(server: &Server) -> Result<(), Unavailable> {
    let view = server.store().view()?;
    let mut open = Vec::new();
    view.scan(&ERASURES, &[], &[], |at, row| {
        if row.receipt.is_none() {
            open.extend(grant_at(at));
        }
        std::ops::ControlFlow::Continue(())
    })?;
    for (vault, grant) in open {
        finish(server, vault, grant).await?;
    }
    Ok(())
}

/// Drops the entries of generations that were replaced or whose grant is over. Their keys are
/// destroyed already.
pub(crate) async fn drop_doomed(server: &Server) -> Result<(), Unavailable> {
    let doomed = server.store().view()?.rows(&DOOMED, &[], DOOMED_MAX)?;
    for (doomed, ()) in doomed {
        while !server
            .store()
            .write({
                let doomed = doomed.clone();
                move |tx| drop_generation(tx, &doomed)
            })
            .await?
        {}
    }
    Ok(())
}

/// Puts every withdrawal of the ledger in force that the database does not know: it was restored
/// from a backup. Returns how many there were.
pub(crate) async fn recover(server: &Server, ledger: Vec<Erased>) -> Result<u64, Unavailable> {
    let service = server.clone();
    let recovered = server
        .store()
        .write(move |tx| {
            let mut recovered = 0;
            for erased in ledger {
                let at = key(&[erased.vault.as_bytes(), erased.grant.as_bytes()]);
                if tx.has(&ERASURES, &at)? {
                    continue;
                }
                let keys = service.grant_keys().destroy(erased.grant, None)?;
                let erasure = ErasureRow {
                    statement: erased.statement,
                    keys,
                    entries: 0,
                    receipt: None,
                };
                tx.put(&ERASURES, &at, &erasure)?;
                if let Some(mut row) = tx.get(&GRANTS, &at)? {
                    row.state = GrantState::Withdrawn;
                    row.ended_at = Some(service.now());
                    tx.put(&GRANTS, &at, &row)?;
                }
                recovered += 1;
            }
            Ok(recovered)
        })
        .await?;
    Ok(recovered)
}

fn step(
    server: &Server,
    tx: &Tx,
    vault: VaultId,
    grant: GrantId,
) -> Result<Option<SignedErasure>, StoreError> {
    let at = key(&[vault.as_bytes(), grant.as_bytes()]);
    let mut erasure = tx.get(&ERASURES, &at)?.ok_or(StoreError::Row("erasures"))?;
    if let Some(receipt) = erasure.receipt {
        return Ok(Some(receipt));
    }
    let entries = tx.rows(&ENTRIES, &at, STEP_ROWS)?;
    let arrivals = tx.rows(&ARRIVALS, &at, STEP_ROWS)?;
    let reads = tx.rows(&READS, &at, STEP_ROWS)?;
    let whole = entries.len().max(arrivals.len()).max(reads.len()) < STEP_ROWS;
    for (rest, row) in entries {
        erasure.entries += u64::from(matches!(row.entry.body, Body::Put { .. }));
        tx.remove(&ENTRIES, &key(&[&at, &rest]))?;
    }
    for (rest, _) in arrivals {
        tx.remove(&ARRIVALS, &key(&[&at, &rest]))?;
    }
    for (rest, ()) in reads {
        tx.remove(&READS, &key(&[&at, &rest]))?;
    }
    if whole {
        erasure.receipt = Some(sign(server, tx, vault, grant, &erasure)?);
    }
    tx.put(&ERASURES, &at, &erasure)?;
    Ok(erasure.receipt)
}

fn sign(
    server: &Server,
    tx: &Tx,
    vault: VaultId,
    grant: GrantId,
    erasure: &ErasureRow,
) -> Result<SignedErasure, StoreError> {
    let now = server.now();
    let backups_expire_at = server
        .config()
        .backups_expire_days
        .map(|days| now.plus_ms(i64::from(days) * DAY_MS));
    Erasure::new(
        ErasureId::fresh(now, &mut server.entropy()),
        grant,
        erasure.statement,
        erasure.entries,
        erasure.keys,
        now,
        backups_expire_at,
        server.state(),
    )
    .sign(&server.keys().receipts, |notice| {
        Ok(notices::append_logged(tx, vault, notice)?.proof(server, vault, now))
    })
}

/// Drops some rows of a replaced generation. Returns whether none is left.
fn drop_generation(tx: &Tx, doomed: &[u8]) -> Result<bool, StoreError> {
    let entries = tx.rows(&ENTRIES, doomed, STEP_ROWS)?;
    let arrivals = tx.rows(&ARRIVALS, doomed, STEP_ROWS)?;
    let whole = entries.len().max(arrivals.len()) < STEP_ROWS;
    for (rest, _) in entries {
        tx.remove(&ENTRIES, &key(&[doomed, &rest]))?;
    }
    for (rest, _) in arrivals {
        tx.remove(&ARRIVALS, &key(&[doomed, &rest]))?;
    }
    if whole {
        tx.remove(&DOOMED, doomed)?;
    }
    Ok(whole)
}

fn grant_at(at: &[u8]) -> Option<(VaultId, GrantId)> {
    let (vault, grant) = at.split_first_chunk::<16>()?;
    Some((VaultId(*vault), GrantId(grant.try_into().ok()?)))
}
