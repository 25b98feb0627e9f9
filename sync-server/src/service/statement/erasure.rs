//! What is left of a grant that is over: its receipt at once, its rows in steps that leave room for
//! others. By then its keys are destroyed, and no read is answered.

use vault_wire::{
    Digest,
    id::{ErasureId, GrantId, VaultId},
    receipt::{Erasure, SignedErasure},
};

use crate::{
    Server,
    service::{Unavailable, notices},
    store::{
        ErasureRow, GrantRow, Rows, StoreError, Tx,
        tables::{DOOMED, ENDED, ENTRIES, ERASURES, READS, SLOTS, TALLIES, UNFILED, key},
    },
};

/// Rows of a table that are dropped in one transaction.
const STEP_ROWS: usize = 2_048;
/// Generations dropped in one go.
const DOOMED_MAX: usize = 256;
const DAY_MS: i64 = 86_400_000;

/// Puts a withdrawal down, and drops what the grant held: a small grant with it, a large one from now
/// on ([`drop_doomed`]). How many entries it held is known without looking at them. Returns the receipt.
pub(super) fn erase(
    server: &Server,
    tx: &Tx,
    (vault, grant): (VaultId, GrantId),
    row: Option<&GrantRow>,
    (statement, keys): (Digest, u32),
) -> Result<SignedErasure, StoreError> {
    let at = key(&[vault.as_bytes(), grant.as_bytes()]);
    let entries = row.map_or(0, |row| row.held.count);
    let receipt = sign(server, tx, (vault, grant), statement, entries, keys)?;
    let erasure = ErasureRow { receipt };
    tx.put(&ERASURES, &at, &erasure)?;
    tx.remove(&ENDED, &at)?;
    if let Some(row) = row {
        doom(tx, &at, row.generation)?;
        drop_step(tx, &key(&[&at, &row.generation.to_be_bytes()]))?;
    }
    Ok(erasure.receipt)
}

/// Leaves the rows of a generation to be dropped. Its key is destroyed already.
pub(crate) fn doom(tx: &Tx, grant: &[u8], generation: u32) -> Result<(), StoreError> {
    tx.put(&DOOMED, &key(&[grant, &generation.to_be_bytes()]), &())
}

/// Drops the rows of generations that were replaced or whose grant is over, and their keys, if power failed
/// before they were destroyed.
pub(crate) async fn drop_doomed(server: &Server) -> Result<(), Unavailable> {
    let doomed = server.store().view()?.rows(&DOOMED, &[], DOOMED_MAX)?;
    for (doomed, ()) in doomed {
        let (grant, generation) = parse_doomed(&doomed).ok_or(StoreError::Row("doomed"))?;
        server
            .grant_keys()
            .destroy(grant, Some(generation.saturating_add(1)))?;
        while !server.stopping().is_requested() {
            let doomed = doomed.clone();
            let step = server.store().write(move |tx| drop_step(tx, &doomed));
            if step.await? {
                break;
            }
        }
    }
    Ok(())
}

fn parse_doomed(key: &[u8]) -> Option<(GrantId, u32)> {
    let (grant, generation) = key.get(16..)?.split_first_chunk::<16>()?;
    let generation = u32::from_be_bytes(generation.try_into().ok()?);
    Some((GrantId(*grant), generation))
}

fn sign(
    server: &Server,
    tx: &Tx,
    (vault, grant): (VaultId, GrantId),
    statement: Digest,
    entries: u64,
    keys: u32,
) -> Result<SignedErasure, StoreError> {
    let now = server.now();
    let backups_expire_at = server
        .config()
        .backups_expire_days
        .map(|days| now.plus_ms(i64::from(days) * DAY_MS));
    Erasure::new(
        ErasureId::fresh(now, &mut server.entropy()),
        grant,
        statement,
        entries,
        keys,
        now,
        backups_expire_at,
        server.state(),
    )
    .sign(&server.keys().receipts, |notice| {
        Ok(notices::append_logged(tx, vault, notice)?.proof(server, vault, now))
    })
}

/// Drops some rows of a generation, and with the last of them the counted reads of a grant that was
/// withdrawn. Returns whether none is left.
fn drop_step(tx: &Tx, doomed: &[u8]) -> Result<bool, StoreError> {
    let mut none_left = tx.remove_all(&ENTRIES, doomed, STEP_ROWS)?
        & tx.remove_all(&SLOTS, doomed, STEP_ROWS)?
        & tx.remove_all(&TALLIES, doomed, STEP_ROWS)?;
    let grant = doomed.get(..32).ok_or(StoreError::Row("doomed"))?;
    if none_left && tx.has(&ERASURES, grant)? {
        none_left = tx.remove_all(&READS, grant, STEP_ROWS)?;
    }
    if none_left {
        tx.remove(&UNFILED, doomed)?;
        tx.remove(&DOOMED, doomed)?;
    }
    Ok(none_left)
}
