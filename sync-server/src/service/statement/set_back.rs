//! Data or a ledger that were set back: a withdrawal that one of them knows holds in both.

use std::{collections::HashSet, ops::ControlFlow};

use vault_wire::id::{GrantId, VaultId};

use super::erasure::erase;
use crate::{
    Server,
    service::Unavailable,
    store::{
        Erased, ErasureRow, GrantState, Rows, StoreError, Tx,
        tables::{ERASURES, GRANTS, key},
    },
};

/// Puts every withdrawal of the ledger in force that the data do not know, and enters into the ledger
/// what only the data know.
pub(crate) async fn agree_with_ledger(server: &Server, ledger: Vec<Erased>) -> Result<(), Unavailable> {
    let in_ledger = ledger.iter().map(|erased| (erased.vault, erased.grant)).collect();
    enter(server, &in_ledger)?;
    let service = server.clone();
    server
        .store()
        .write(move |tx| put_in_force(&service, tx, ledger))
        .await?;
    Ok(())
}

fn enter(server: &Server, in_ledger: &HashSet<(VaultId, GrantId)>) -> Result<(), StoreError> {
    for (vault, grant, row) in withdrawn_in_data(server, in_ledger)? {
        let receipt = row.receipt.verify(&server.keys().receipts.public(), vault);
        let statement = receipt.map_err(|_| StoreError::Row("erasures"))?.statement;
        server.ledger().erase(Erased {
            vault,
            grant,
            statement,
        })?;
        tracing::warn!(%vault, %grant, "the ledger did not know a withdrawal");
    }
    Ok(())
}

/// What the data know to be withdrawn, and the ledger does not.
fn withdrawn_in_data(
    server: &Server,
    in_ledger: &HashSet<(VaultId, GrantId)>,
) -> Result<Vec<(VaultId, GrantId, ErasureRow)>, StoreError> {
    let mut missing = Vec::new();
    let mut is_whole = true;
    server
        .store()
        .view()?
        .scan(&ERASURES, &[], &[], |at, row: ErasureRow| {
            match parse(at) {
                Some((vault, grant)) if !in_ledger.contains(&(vault, grant)) => {
                    missing.push((vault, grant, row));
                }
                Some(_) => {}
                None => is_whole = false,
            }
            ControlFlow::Continue(())
        })?;
    if is_whole {
        Ok(missing)
    } else {
        Err(StoreError::Row("erasures"))
    }
}

fn parse(key: &[u8]) -> Option<(VaultId, GrantId)> {
    let (vault, grant) = key.split_first_chunk()?;
    Some((VaultId(*vault), GrantId(grant.try_into().ok()?)))
}

fn put_in_force(server: &Server, tx: &Tx, ledger: Vec<Erased>) -> Result<(), StoreError> {
    for erased in ledger {
        let at = key(&[erased.vault.as_bytes(), erased.grant.as_bytes()]);
        if tx.has(&ERASURES, &at)? {
            continue;
        }
        let keys = server.grant_keys().destroy(erased.grant, None)?;
        let mut row = tx.get(&GRANTS, &at)?;
        if let Some(row) = &mut row {
            row.state = GrantState::Withdrawn;
            row.ended_at = Some(server.now());
            tx.put(&GRANTS, &at, row)?;
        }
        let of = (erased.vault, erased.grant);
        erase(server, tx, of, row.as_ref(), (erased.statement, keys))?;
        tracing::warn!(vault = %erased.vault, grant = %erased.grant, "the data did not know a withdrawal");
    }
    Ok(())
}
