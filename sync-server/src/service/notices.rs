//! What the owner of a vault is told: numbered, kept until the vault has it, told again after a
//! connection was lost.

use std::ops::ControlFlow;

use vault_wire::{
    frame::{Event, LogLeaves, LogPosition, Notice},
    id::{LogId, VaultId},
    log::SignedHead,
    request::ConsentRequest,
};

use super::{
    Unavailable,
    log::{self, Logged},
};
use crate::{
    Server,
    store::{
        Rows, StoreError, Tx,
        tables::{NOTICES, REQUEST_DIGESTS, REQUESTS, key},
    },
};

/// Most notices handed to a device at a time.
const PAGE: usize = 64;

/// Adds a notice, as part of the transaction in which it happened.
pub(crate) fn append(tx: &Tx, vault: VaultId, event: &Event) -> Result<(), StoreError> {
    append_logged(tx, vault, event).map(drop)
}

/// Adds a notice and says where it stands in the log.
pub(super) fn append_logged(tx: &Tx, vault: VaultId, event: &Event) -> Result<Logged, StoreError> {
    let logged = log::append(tx, vault, event)?;
    tx.put(&NOTICES, &notice_key(vault, logged.number), event)?;
    Ok(logged)
}

/// Begins another log if the device's is not the beginning of this one: then this data was restored from
/// a backup. What waits is told under new numbers, because twice is better than never.
pub(super) fn continue_log(
    tx: &Tx,
    vault: VaultId,
    seen: u64,
    device: LogPosition,
    another: LogId,
) -> Result<(), StoreError> {
    if log::continues(tx, vault, seen, device)? {
        return Ok(());
    }
    let waiting = tx.rows(&NOTICES, vault.as_bytes(), usize::MAX)?;
    log::begin_again(tx, vault, seen, another)?;
    for (number, event) in waiting {
        tx.remove(&NOTICES, &key(&[vault.as_bytes(), &number]))?;
        append(tx, vault, &event)?;
    }
    Ok(())
}

/// The leaves between what a device has and the first notice that is kept, at most one frame of them.
pub(crate) fn gone_after(server: &Server, vault: VaultId, number: u64) -> Result<LogLeaves, Unavailable> {
    let view = server.store().view()?;
    let mut first_kept = u64::MAX;
    let from = number.saturating_add(1);
    view.scan(&NOTICES, vault.as_bytes(), &from.to_be_bytes(), |rest, _| {
        first_kept = rest.try_into().map_or(u64::MAX, u64::from_be_bytes);
        ControlFlow::Break(())
    })?;
    Ok(log::leaves(&view, vault, from, first_kept)?)
}

/// The head of a vault's log, if it ends with this number.
pub(crate) fn head_at(
    server: &Server,
    vault: VaultId,
    number: u64,
) -> Result<Option<SignedHead>, Unavailable> {
    let (last, head) = log::head(server, &server.store().view()?, vault, server.now())?;
    Ok((last == number).then_some(head))
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
