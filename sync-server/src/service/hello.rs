//! Where each grant stands when a device connects, and which it must not find alive.

use std::cmp::Ordering;

use vault_wire::{
    frame::{GrantPosition, Hello, KeptStatement, MINOR, ServerLimits, Standing, Welcome},
    id::{GrantId, LogId, VaultId},
    limits,
    signature::PublicKey,
    time::Timestamp,
};

use super::{Unavailable, grant_rules::state_at, log, notices, recovery::kept_number, statement::kept_from};
use crate::{
    Server,
    store::{
        GrantRow, GrantState, Rows, StoreError, Tx,
        tables::{DEVICES, ERASURES, GRANTS, key},
    },
};

/// What follows a HELLO.
pub(crate) struct Answer {
    pub(crate) welcome: Welcome,
    /// Statements that the device lacks.
    pub(crate) kept: Vec<KeptStatement>,
    /// The number after which notices are told.
    pub(crate) told: u64,
}

/// The answer to a HELLO. It is worked out behind everything that older connections of the device have
/// queued, and those are fenced by now: what it says stays true for this connection.
pub(crate) async fn hello(
    server: &Server,
    vault: VaultId,
    device: PublicKey,
    hello: Hello,
) -> Result<Answer, Unavailable> {
    let now = server.now();
    let (service, another_log) = (server.clone(), LogId::fresh(now, &mut server.entropy()));
    let ((standings, behind), (told, log), escrow) = server
        .store()
        .write(move |tx| {
            let at = key(&[vault.as_bytes(), &device.0]);
            let known = tx.get(&DEVICES, &at)?;
            if known != Some(hello.incarnation) {
                tracing::info!(%vault, again = known.is_some(), "a vault file begins a life");
                tx.put(&DEVICES, &at, &hello.incarnation)?;
            }
            let mut standings: Vec<(GrantId, Standing)> = Vec::new();
            let mut behind = Vec::new();
            for position in hello.grants {
                let standing = standing(tx, vault, &position, now)?;
                if let Some(Standing::StatementStale(_)) = standing {
                    await_statement(tx, vault, &position)?;
                }
                if let Some(Standing::Behind(_)) = standing {
                    behind.push((position.grant, position.statement + 1));
                }
                standings.extend(standing.map(|standing| (position.grant, standing)));
            }
            for grant in hello.ended {
                standings.extend(end(tx, vault, grant, now)?.map(|standing| (grant, standing)));
            }
            notices::continue_log(tx, vault, hello.events_seen, hello.log, another_log)?;
            let told = log::told_from(tx, vault, hello.events_seen, hello.log)?;
            let (_, head) = log::head(&service, tx, vault, now)?;
            let escrow = kept_number(&service, tx, vault)?;
            Ok(((standings, behind), (told, head), escrow))
        })
        .await?;
    let mut kept = Vec::new();
    for (grant, number) in behind {
        kept.extend(kept_from(server, vault, grant, number)?);
    }
    let welcome = Welcome {
        minor: MINOR,
        features: 0,
        state: server.state(),
        time: server.now(),
        limits: ServerLimits {
            batch_entries: u32::try_from(limits::BATCH_ENTRIES_MAX).unwrap_or(u32::MAX),
            credit_bytes: limits::CREDIT_BYTES,
        },
        keys: server.keys().public(),
        escrow,
        log,
        standings,
    };
    Ok(Answer { welcome, kept, told })
}

/// Where a grant stands, if not where the device says.
fn standing(
    tx: &Tx,
    vault: VaultId,
    device: &GrantPosition,
    now: Timestamp,
) -> Result<Option<Standing>, StoreError> {
    let at = key(&[vault.as_bytes(), device.grant.as_bytes()]);
    if tx.has(&ERASURES, &at)? {
        return Ok(Some(Standing::Withdrawn));
    }
    Ok(match tx.get(&GRANTS, &at)? {
        None => Some(Standing::Unknown),
        Some(row) => match row.state {
            GrantState::Withdrawn | GrantState::Ending => Some(Standing::Withdrawn),
            GrantState::Superseded => Some(Standing::Superseded),
            GrantState::Expired | GrantState::Consumed => Some(Standing::Expired),
            GrantState::Active | GrantState::Paused => running(&row, device, now),
        },
    })
}

/// Where a grant stands that is not over.
fn running(row: &GrantRow, device: &GrantPosition, now: Timestamp) -> Option<Standing> {
    match device.statement.cmp(&row.number) {
        Ordering::Greater => Some(Standing::StatementStale(row.number)),
        Ordering::Less => Some(Standing::Behind(row.number)),
        // Its end may not have been swept up yet, or not be known to a device whose clock is behind.
        Ordering::Equal if state_at(row, now).is_over() => Some(Standing::Expired),
        // The statement that opens the device's generation is on its way.
        Ordering::Equal if device.generation > row.generation => None,
        Ordering::Equal => compare(row, device),
    }
}

/// Nothing is read until the statements came that the device named and this data lacks.
fn await_statement(tx: &Tx, vault: VaultId, device: &GrantPosition) -> Result<(), StoreError> {
    let at = key(&[vault.as_bytes(), device.grant.as_bytes()]);
    if let Some(mut row) = tx.get(&GRANTS, &at)? {
        row.named = row.named.max(device.statement);
        tx.put(&GRANTS, &at, &row)?;
    }
    Ok(())
}

/// Stops answering for a grant that the owner ended, if this data does not know of it. The statement
/// that ended it is to be sent again.
fn end(tx: &Tx, vault: VaultId, grant: GrantId, now: Timestamp) -> Result<Option<Standing>, StoreError> {
    let at = key(&[vault.as_bytes(), grant.as_bytes()]);
    if tx.has(&ERASURES, &at)? {
        return Ok(None);
    }
    Ok(match tx.get(&GRANTS, &at)? {
        None => Some(Standing::Unknown),
        Some(row) if row.state == GrantState::Superseded => None,
        Some(mut row) => {
            let known = Standing::StatementStale(row.number);
            if !row.state.is_over() {
                tracing::warn!(%grant, "a grant that the owner ended was alive in restored data");
                row.state = GrantState::Ending;
                row.ended_at = Some(now);
                tx.put(&GRANTS, &at, &row)?;
            }
            Some(known)
        }
    })
}

/// Equal sums are equal sets: whatever was lost on the way, or set back since, shows here.
fn compare(row: &GrantRow, device: &GrantPosition) -> Option<Standing> {
    let holds_the_same = device.generation == row.generation
        && device.count == row.held.count
        && device.fingerprint == row.held.fingerprint();
    (!holds_the_same).then_some(Standing::Reconcile)
}
