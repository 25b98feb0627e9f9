//! Telling owners of refused reads, at most once an hour an application and category. A refusal only
//! counts; telling comes later, so that it costs the same whether there is anybody to tell or not.

use vault_wire::{
    catalogue::Category, frame::Event, id::AppId, id::VaultId, receipt::RefusedReads, time::Timestamp,
};

use super::{Unavailable, auth::Caller, notices};
use crate::{
    Server,
    store::{
        RefusalRow, Rows, StoreError, Tx,
        tables::{APPS, REFUSALS, VAULTS, key},
    },
};

/// Least time between two notices of one application and category, in milliseconds (1 hour).
const INTERVAL_MS: i64 = 3_600_000;
/// Rows looked at in one go.
const PAGE: usize = 1_024;

/// Counts a refused read, as part of its transaction.
pub(super) fn count(
    tx: &Tx,
    vault: VaultId,
    caller: &Caller,
    category: Category,
    now: Timestamp,
) -> Result<(), StoreError> {
    let at = key(&[
        vault.as_bytes(),
        caller.account.as_bytes(),
        caller.app.as_bytes(),
        &[category as u8],
    ]);
    let before = tx.get(&REFUSALS, &at)?;
    let app = tx.get(&APPS, &key(&[caller.account.as_bytes(), caller.app.as_bytes()]))?;
    let row = RefusalRow {
        app_name: app.map_or_else(String::new, |app| app.identity.display_name),
        attempts: before.as_ref().map_or(0, |row| row.attempts).saturating_add(1),
        last_at: now,
        told_at: before.and_then(|row| row.told_at),
    };
    tx.put(&REFUSALS, &at, &row)
}

/// Tells the owners whose turn it is, and forgets what there is nobody to tell.
pub(super) async fn tell(server: &Server) -> Result<(), Unavailable> {
    let now = server.now();
    let due: Vec<_> = server
        .store()
        .view()?
        .rows(&REFUSALS, &[], PAGE)?
        .into_iter()
        .filter(|(_, row)| row.told_at.is_none_or(|told| now.ms_since(told) >= INTERVAL_MS))
        .map(|(at, _)| at)
        .collect();
    if due.is_empty() {
        return Ok(());
    }
    let told = server
        .store()
        .write(move |tx| {
            let mut told = Vec::new();
            for at in due {
                told.extend(tell_one(tx, &at, now)?);
            }
            Ok(told)
        })
        .await?;
    told.into_iter().for_each(|vault| server.devices().wake(vault));
    Ok(())
}

fn tell_one(tx: &Tx, at: &[u8], now: Timestamp) -> Result<Option<VaultId>, StoreError> {
    let Some(row) = tx.get(&REFUSALS, at)? else {
        return Ok(None);
    };
    let Some((vault, app, category)) = parse(at) else {
        return Err(StoreError::Row("refusals"));
    };
    if row.attempts == 0 || !tx.has(&VAULTS, vault.as_bytes())? {
        tx.remove(&REFUSALS, at)?;
        return Ok(None);
    }
    let event = Event::RefusedReads(RefusedReads {
        at: row.last_at,
        app,
        app_name: row.app_name.clone(),
        category,
        attempts: row.attempts,
    });
    notices::append(tx, vault, &event)?;
    let row = RefusalRow {
        attempts: 0,
        told_at: Some(now),
        ..row
    };
    tx.put(&REFUSALS, at, &row)?;
    Ok(Some(vault))
}

fn parse(at: &[u8]) -> Option<(VaultId, AppId, Category)> {
    let (vault, rest) = at.split_first_chunk::<16>()?;
    let (_account, rest) = rest.split_first_chunk::<16>()?;
    let (app, category) = rest.split_first_chunk::<16>()?;
    let category = Category::ALL.get(usize::from(*category.first()?)).copied()?;
    Some((VaultId(*vault), AppId(*app), category))
}
