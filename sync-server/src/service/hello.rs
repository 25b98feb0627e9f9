//! Where each grant stands when a device connects, and which it must not find alive.

use std::{
    cmp::Ordering,
    collections::BTreeSet,
    ops::{ControlFlow, RangeInclusive},
};

use vault_wire::{
    frame::{GrantPosition, Hello, MINOR, ServerLimits, Standing, Welcome},
    id::{GrantId, LogId, VaultId},
    limits,
    signature::PublicKey,
    time::Timestamp,
};

use super::{Unavailable, ended::Ended, grant_rules::state_at, log, notices, recovery::kept_number};
use crate::{
    Server,
    store::{
        GrantRow, GrantState, Rows, StoreError, Tx,
        tables::{DEVICES, ERASURES, GRANTS, STATEMENTS, key},
    },
};

/// Statements that a device lacks: those of a grant with these numbers.
pub(crate) type Lacking = (GrantId, RangeInclusive<u64>);

/// What follows a HELLO.
pub(crate) struct Answer {
    pub(crate) welcome: Welcome,
    pub(crate) lacking: Vec<Lacking>,
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
    let ((standings, lacking), (told, log), escrow) = server
        .store()
        .write(move |tx| {
            let at = key(&[vault.as_bytes(), &device.0]);
            let known = tx.get(&DEVICES, &at)?;
            if known != Some(hello.incarnation) {
                tracing::info!(%vault, again = known.is_some(), "a vault file begins a life");
                tx.put(&DEVICES, &at, &hello.incarnation)?;
            }
            let compared = compare_all(&service, tx, vault, &hello, now)?;
            notices::continue_log(tx, vault, hello.events_seen, hello.log, another_log)?;
            let told = log::told_from(tx, vault, hello.events_seen, hello.log)?;
            let (_, head) = log::head(&service, tx, vault, now)?;
            let escrow = kept_number(&service, tx, vault)?;
            Ok((compared, (told, head), escrow))
        })
        .await?;
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
    Ok(Answer {
        welcome,
        lacking,
        told,
    })
}

/// Where grants stand otherwise than the device says.
type Standings = Vec<(GrantId, Standing)>;

fn compare_all(
    server: &Server,
    tx: &Tx,
    vault: VaultId,
    hello: &Hello,
    now: Timestamp,
) -> Result<(Standings, Vec<Lacking>), StoreError> {
    let (mut standings, mut lacking) = (Standings::new(), Vec::new());
    for position in &hello.grants {
        let standing = standing(server, tx, vault, position, now)?;
        match standing {
            Some(Standing::StatementStale(_)) => await_statement(tx, vault, position)?,
            Some(Standing::Behind(last)) => {
                let shared = has_said(tx, vault, position)?;
                let first = if shared { position.statement + 1 } else { 1 };
                lacking.push((position.grant, first..=last));
            }
            _ => {}
        }
        standings.extend(standing.map(|standing| (position.grant, standing)));
    }
    let mut ended = Ended::of(vault);
    for grant in &hello.ended {
        standings.extend(end(tx, &mut ended, *grant, now)?.map(|standing| (*grant, standing)));
    }
    for (grant, number) in unnamed(tx, vault, hello, now)? {
        if standings.len() < limits::GRANTS_MAX + limits::ENDED_MAX {
            standings.push((grant, Standing::Behind(number)));
            lacking.push((grant, 1..=number));
        }
    }
    Ok((standings, lacking))
}

/// The grants that run and that the device did not name, with the number of their last statement: another
/// copy of the vault agreed to them, or this one before it was set back. Its owner must be able to see them
/// and to take them back.
fn unnamed(
    tx: &Tx,
    vault: VaultId,
    hello: &Hello,
    now: Timestamp,
) -> Result<Vec<(GrantId, u64)>, StoreError> {
    let named = hello.grants.iter().map(|position| position.grant);
    let named: BTreeSet<GrantId> = named.chain(hello.ended.iter().copied()).collect();
    let mut unnamed = Vec::new();
    tx.scan(&GRANTS, vault.as_bytes(), &[], |id, row| {
        let id = <[u8; 16]>::try_from(id).map(GrantId);
        let runs = !state_at(&row, now).is_over();
        unnamed.extend(
            id.ok()
                .filter(|id| runs && !named.contains(id))
                .map(|id| (id, row.number)),
        );
        ControlFlow::Continue(())
    })?;
    Ok(unnamed)
}

/// Whether the last statement that the device knows to be accepted is one that is kept here.
fn has_said(tx: &Tx, vault: VaultId, device: &GrantPosition) -> Result<bool, StoreError> {
    let (grant, number) = (device.grant.as_bytes(), device.statement.to_be_bytes());
    tx.has(
        &STATEMENTS,
        &key(&[vault.as_bytes(), grant, &number, &device.last]),
    )
}

/// Where a grant stands, if not where the device says.
fn standing(
    server: &Server,
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
            GrantState::Active | GrantState::Paused => running(server, &row, device, now),
        },
    })
}

/// Where a grant stands that is not over.
fn running(server: &Server, row: &GrantRow, device: &GrantPosition, now: Timestamp) -> Option<Standing> {
    match device.statement.cmp(&row.number) {
        Ordering::Greater => Some(Standing::StatementStale(row.number)),
        Ordering::Less => Some(Standing::Behind(row.number)),
        // Its end may not have been swept up yet, or not be known to a device whose clock is behind.
        Ordering::Equal if state_at(row, now).is_over() => Some(Standing::Expired),
        // Another copy's statement of this number came first, or after this data was set back.
        Ordering::Equal if device.last != row.last => Some(Standing::Behind(row.number)),
        // The statement that opens the device's generation is on its way.
        Ordering::Equal if device.generation > row.generation => None,
        Ordering::Equal if !server.grant_keys().has(device.grant, row.generation) => {
            Some(Standing::KeyMissing)
        }
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
fn end(tx: &Tx, ended: &mut Ended, grant: GrantId, now: Timestamp) -> Result<Option<Standing>, StoreError> {
    let at = key(&[ended.vault.as_bytes(), grant.as_bytes()]);
    if tx.has(&ERASURES, &at)? {
        return Ok(None);
    }
    Ok(match tx.get(&GRANTS, &at)? {
        None => ended.remember(tx, grant)?.then_some(Standing::Unknown),
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
