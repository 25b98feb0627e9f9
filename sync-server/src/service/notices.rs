//! What the owner of a vault is told: numbered, kept until the vault has it, told again after a
//! connection was lost.

use std::ops::ControlFlow;

use vault_wire::{
    frame::{Event, Notice},
    id::VaultId,
    request::ConsentRequest,
};

use super::Unavailable;
use crate::{
    Server,
    store::{
        Rows, StoreError, Tx,
        tables::{NOTICE_HEADS, NOTICES, REQUEST_DIGESTS, REQUESTS, key},
    },
};

/// Most notices handed to a device at a time.
const PAGE: usize = 64;
/// No vault can have been told so many notices; a number above it is not believed.
const NUMBER_MAX: u64 = u64::MAX / 2;

/// Adds a notice, as part of the transaction in which it happened.
pub(crate) fn append(tx: &Tx, vault: VaultId, event: &Event) -> Result<(), StoreError> {
    let number = head(tx, vault)?.saturating_add(1);
    tx.put(&NOTICE_HEADS, vault.as_bytes(), &number)?;
    tx.put(&NOTICES, &notice_key(vault, number), event)
}

/// Number of the last notice that the vault has not yet confirmed; 0 if there is none. What an older
/// copy of the vault never saw but another one confirmed is gone, and must not be waited for.
pub(super) fn last_kept(tx: &Tx, vault: VaultId) -> Result<u64, StoreError> {
    let head = head(tx, vault)?;
    let is_kept = tx.has(&NOTICES, &notice_key(vault, head))?;
    Ok(if is_kept { head } else { 0 })
}

/// Counts on from what the vault has, if that is more than it was ever told: then this data was
/// restored from a backup. What waits is told under new numbers, because twice is better than never.
pub(super) fn count_on_from(tx: &Tx, vault: VaultId, seen: u64) -> Result<(), StoreError> {
    if seen <= head(tx, vault)? || seen > NUMBER_MAX {
        return Ok(());
    }
    let waiting = tx.rows(&NOTICES, vault.as_bytes(), usize::MAX)?;
    tx.put(&NOTICE_HEADS, vault.as_bytes(), &seen)?;
    for (number, event) in waiting {
        tx.remove(&NOTICES, &key(&[vault.as_bytes(), &number]))?;
        append(tx, vault, &event)?;
    }
    Ok(())
}

fn head(tx: &Tx, vault: VaultId) -> Result<u64, StoreError> {
    Ok(tx.get(&NOTICE_HEADS, vault.as_bytes())?.unwrap_or(0))
}

/// The next notices after a number, at most 64. That a consent request was handed out, and when, is
/// durable before this returns: a late decision is only heard if its request came in time.
pub(crate) async fn after(server: &Server, vault: VaultId, number: u64) -> Result<Vec<Notice>, Unavailable> {
    let mut notices = Vec::new();
    let view = server.store().view()?;
    view.scan(
        &NOTICES,
        vault.as_bytes(),
        &number.saturating_add(1).to_be_bytes(),
        |rest, event| {
            let number = rest.try_into().map_or(0, u64::from_be_bytes);
            notices.push(Notice { number, event });
            if notices.len() < PAGE {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        },
    )?;
    let delivered: Vec<_> = notices
        .iter()
        .filter_map(|notice| match &notice.event {
            Event::Request(request) => Some(ConsentRequest::digest_of(&request.bytes)),
            _ => None,
        })
        .collect();
    if !delivered.is_empty() {
        let now = server.now();
        server
            .store()
            .write(move |tx| {
                for digest in delivered {
                    let Some(request) = tx.get(&REQUEST_DIGESTS, &key(&[vault.as_bytes(), &digest]))? else {
                        continue;
                    };
                    let at = key(&[vault.as_bytes(), request.as_bytes()]);
                    let Some(mut row) = tx.get(&REQUESTS, &at)? else {
                        continue;
                    };
                    if row.delivered_at.is_none() {
                        row.delivered_at = Some(now);
                        tx.put(&REQUESTS, &at, &row)?;
                    }
                }
                Ok(())
            })
            .await?;
    }
    Ok(notices)
}

/// Forgets what the vault has.
pub(crate) async fn seen(server: &Server, vault: VaultId, through: u64) -> Result<(), Unavailable> {
    server
        .store()
        .write(move |tx| {
            let mut seen = Vec::new();
            tx.scan(&NOTICES, vault.as_bytes(), &[], |rest, _| {
                let number = rest.try_into().map_or(u64::MAX, u64::from_be_bytes);
                if number > through {
                    return ControlFlow::Break(());
                }
                seen.push(number);
                ControlFlow::Continue(())
            })?;
            for number in seen {
                tx.remove(&NOTICES, &notice_key(vault, number))?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}

fn notice_key(vault: VaultId, number: u64) -> Vec<u8> {
    key(&[vault.as_bytes(), &number.to_be_bytes()])
}
