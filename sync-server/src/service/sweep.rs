//! What ends by itself: requests, grants, tokens, link codes; and what is told or dropped later.
//! Everything is checked again where it matters, so a late sweep changes no decision.

use std::ops::ControlFlow;

use vault_wire::{
    frame::{Closed, Event},
    id::{GrantId, RequestId, VaultId},
    request::ConsentRequest,
    time::Timestamp,
};

use super::{Unavailable, grant_rules::state_at, log, notices, read::CONTINUE_MS, refusals, statement};
use crate::{
    Server,
    store::{
        Deadline, GrantState, RequestRow, RequestState, Rows, StoreError, Tx,
        tables::{
            COOL_DOWNS, DEADLINES, GRANTS, LINK_CODES, NOTICES, OPEN_LINKS, PENDING, REQUESTS, TOKENS,
            VAULTS, key,
        },
    },
};

/// Time between two sweeps, in milliseconds.
const INTERVAL_MS: i64 = 1_000;
/// Deadlines handled in one transaction.
const PAGE: usize = 256;
/// How long a category is not asked for again after a request lapsed, in milliseconds (1 hour).
const COOL_DOWN_MS: i64 = 3_600_000;

/// Sweeps until the server stops. What takes long to drop keeps nothing else waiting.
pub(crate) async fn run(server: Server) {
    tokio::join!(
        again_and_again(&server, sweep),
        again_and_again(&server, statement::drop_doomed)
    );
}

async fn again_and_again(server: &Server, work: impl AsyncFn(&Server) -> Result<(), Unavailable>) {
    while !server.stopping().is_requested() {
        if work(server).await.is_err() {
            tracing::warn!("the sweep could not be finished; it is tried again");
        }
        let next = server.now().plus_ms(INTERVAL_MS);
        tokio::select! {
            () = server.clock().sleep_until(next) => {}
            () = server.stopping().requested() => {}
        }
    }
}

/// Ends what is due now.
pub(crate) async fn sweep(server: &Server) -> Result<(), Unavailable> {
    while end_due(server).await? == PAGE {}
    refusals::tell(server).await
}

/// Ends at most one page of what is due. Returns how much it was.
async fn end_due(server: &Server) -> Result<usize, Unavailable> {
    let now = server.now();
    let mut due = Vec::new();
    server.store().view()?.scan(&DEADLINES, &[], &[], |at, ()| {
        if Deadline::parse(at).is_some_and(|(at, _)| now < at) || due.len() == PAGE {
            return ControlFlow::Break(());
        }
        due.push(at.to_vec());
        ControlFlow::Continue(())
    })?;
    let count = due.len();
    if count == 0 {
        return Ok(0);
    }
    let service = server.clone();
    let ended = server
        .store()
        .write(move |tx| {
            let mut ended = Vec::new();
            for at in due {
                tx.remove(&DEADLINES, &at)?;
                match Deadline::parse(&at) {
                    Some((_, Deadline::Request(vault, id))) => {
                        ended.extend(expire_request(tx, vault, id, now)?);
                    }
                    Some((_, Deadline::Grant(vault, id))) => end_grant(&service, tx, vault, id, now)?,
                    Some((_, Deadline::Token(hash))) => drop(tx.remove(&TOKENS, &hash)?),
                    Some((_, Deadline::LinkCode(hash))) => close_link(tx, &hash)?,
                    None => return Err(StoreError::Row("deadlines")),
                }
            }
            Ok(ended)
        })
        .await?;
    for (vault, request) in ended {
        server.waits().wake(request);
        server.devices().wake(vault);
    }
    Ok(count)
}

fn expire_request(
    tx: &Tx,
    vault: VaultId,
    id: RequestId,
    now: Timestamp,
) -> Result<Option<(VaultId, RequestId)>, StoreError> {
    let at = key(&[vault.as_bytes(), id.as_bytes()]);
    let Some(mut row) = tx.get(&REQUESTS, &at)? else {
        return Ok(None);
    };
    if row.state != RequestState::Pending {
        return Ok(None);
    }
    row.state = RequestState::Expired;
    tx.put(&REQUESTS, &at, &row)?;
    tx.remove(
        &PENDING,
        &key(&[vault.as_bytes(), row.app.as_bytes(), id.as_bytes()]),
    )?;
    cool_down(tx, vault, &row, now.plus_ms(COOL_DOWN_MS))?;
    if tx.has(&VAULTS, vault.as_bytes())? {
        let closed = Event::RequestClosed {
            request: id,
            how: Closed::Expired,
        };
        notices::append(tx, vault, &closed)?;
    } else {
        // Nobody is behind the subject: what was written as if there were is taken away.
        for (number, _) in tx.rows(&NOTICES, vault.as_bytes(), PAGE)? {
            tx.remove(&NOTICES, &key(&[vault.as_bytes(), &number]))?;
        }
        log::forget(tx, vault, PAGE)?;
    }
    Ok(Some((vault, id)))
}

fn cool_down(tx: &Tx, vault: VaultId, row: &RequestRow, until: Timestamp) -> Result<(), StoreError> {
    let request = ConsentRequest::from_bytes(&row.bytes).map_err(|_| StoreError::Row("requests"))?;
    for detail in &request.terms.details {
        let at = key(&[vault.as_bytes(), row.app.as_bytes(), &[detail.category as u8]]);
        let before = tx.get(&COOL_DOWNS, &at)?;
        tx.put(
            &COOL_DOWNS,
            &at,
            &before.map_or(until, |before| before.max(until)),
        )?;
    }
    Ok(())
}

/// A grant whose time is over, or whose one read was made: its key is destroyed, its entries dropped.
fn end_grant(
    server: &Server,
    tx: &Tx,
    vault: VaultId,
    id: GrantId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let at = key(&[vault.as_bytes(), id.as_bytes()]);
    let Some(mut row) = tx.get(&GRANTS, &at)? else {
        return Ok(());
    };
    let consumed = row.one_read.is_some_and(|(_, at)| now.ms_since(at) > CONTINUE_MS);
    row.state = match state_at(&row, now) {
        _ if row.state.is_over() => return Ok(()),
        GrantState::Expired => GrantState::Expired,
        _ if consumed => GrantState::Consumed,
        _ => return Ok(()),
    };
    row.ended_at = Some(now);
    server.grant_keys().destroy(id, None)?;
    statement::doom(tx, &at, row.generation)?;
    tx.put(&GRANTS, &at, &row)
}

fn close_link(tx: &Tx, hash: &[u8; 32]) -> Result<(), StoreError> {
    let Some(row) = tx.get(&LINK_CODES, hash)? else {
        return Ok(());
    };
    tx.remove(&LINK_CODES, hash)?;
    if tx
        .get(&OPEN_LINKS, row.vault.as_bytes())?
        .is_some_and(|open| open == *hash)
    {
        tx.remove(&OPEN_LINKS, row.vault.as_bytes())?;
    }
    Ok(())
}
