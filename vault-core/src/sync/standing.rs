//! What the server says of each grant at the start of a session, and what follows from it.

use vault_file::{Snapshot, Transaction};
use vault_wire::{
    frame::{GrantPosition, Standing},
    id::GrantId,
    terms::Duration,
    time::Timestamp,
};

use super::{
    incarnation,
    lane::Lane,
    progress::{self, Progress, batches_on_the_way},
};
use crate::{
    consent::{GrantRow, GrantState, StoredGrantKey, load_grant, store_grant},
    error::Error,
    store::{Store, decode, tables::GRANTS},
};

/// Where every grant that is in force stands here, for HELLO.
pub(super) fn positions(view: &Snapshot) -> Result<Vec<GrantPosition>, Error> {
    let mut positions = Vec::new();
    for row in view.table(&GRANTS)?.range(..)? {
        let (key, value) = row?;
        let grant = GrantId(
            key.as_slice()
                .try_into()
                .map_err(|_| Error::unreadable("a grant"))?,
        );
        let row: GrantRow = decode(&value, "a grant")?;
        if row.state == GrantState::Active && row.acknowledged > 0 {
            let Progress {
                acked,
                count,
                fingerprint,
                ..
            } = Progress::load(view, grant)?;
            let generation = row.extent.generation;
            positions.push(GrantPosition {
                grant,
                statement: row.acknowledged,
                generation,
                acked,
                count,
                fingerprint,
            });
        }
    }
    Ok(positions)
}

/// The lane of a grant that goes on as the server says; none if the grant is not in force there.
pub(super) fn settle(
    store: &Store,
    transaction: &Transaction,
    view: &Snapshot,
    grant: GrantId,
    standing: Option<Standing>,
) -> Result<Option<Lane>, Error> {
    match standing {
        None => go_on(transaction, view, grant, None).map(Some),
        Some(Standing::Resume(acked)) => go_on(transaction, view, grant, Some(acked)).map(Some),
        Some(Standing::Reconcile) => reconcile(store, transaction, grant).map(Some),
        Some(Standing::StatementStale(number)) => {
            step_back(transaction, grant, number)?;
            go_on(transaction, view, grant, None).map(Some)
        }
        Some(Standing::Unknown) => {
            step_back(transaction, grant, 0)?;
            progress::forget(transaction, grant)?;
            Ok(None)
        }
        Some(Standing::Withdrawn) => ended_elsewhere(transaction, grant, store.now()).map(|()| None),
    }
}

/// The two sides continue each other: batches up to what the server has are held, later ones never
/// reached it.
fn go_on(
    transaction: &Transaction,
    view: &Snapshot,
    grant: GrantId,
    acked: Option<u64>,
) -> Result<Lane, Error> {
    let mut progress = Progress::load(view, grant)?;
    let acked = acked.unwrap_or(progress.acked);
    let batches = batches_on_the_way(view, grant)?;
    let known = acked == progress.acked || batches.iter().any(|(through, _)| *through == acked);
    if !known {
        // Behind what it acknowledged, or ahead of all that was sent: one side was set back.
        return compare(transaction, grant);
    }
    for (through, rows) in batches.iter().filter(|(through, _)| *through <= acked) {
        progress.confirm(
            transaction,
            grant,
            *through,
            rows,
            &std::collections::BTreeMap::new(),
        )?;
    }
    progress::drop_batches(transaction, grant)?;
    progress.store(transaction, grant)?;
    Ok(Lane::resume(grant, progress))
}

/// This file may be an older copy of itself: it gets a life of its own, and what the server holds is
/// compared. Nothing is ever deleted here because the server lacks it.
fn reconcile(store: &Store, transaction: &Transaction, grant: GrantId) -> Result<Lane, Error> {
    incarnation::begin(store, transaction)?;
    compare(transaction, grant)
}

/// What the server holds is to be compared with the vault.
fn compare(transaction: &Transaction, grant: GrantId) -> Result<Lane, Error> {
    Ok(Lane::resume(
        grant,
        Progress::start_reconciling(transaction, grant)?,
    ))
}

/// The server knows fewer statements than it acknowledged: the rest is sent again.
fn step_back(transaction: &Transaction, grant: GrantId, number: u64) -> Result<(), Error> {
    let mut row = load_grant(transaction, grant)?;
    row.acknowledged = row.acknowledged.min(number);
    store_grant(transaction, grant, &row)
}

/// The grant is over at the server. If it did not end by its own terms, another device of the owner
/// withdrew it, or this one before a restore. A withdrawal always wins.
fn ended_elsewhere(transaction: &Transaction, grant: GrantId, now: Timestamp) -> Result<(), Error> {
    let mut row = load_grant(transaction, grant)?;
    let by_its_terms =
        row.extent.terms.duration == Duration::OneTime || row.state_at(now) == GrantState::Expired;
    if by_its_terms {
        row.state = GrantState::Expired;
    } else {
        row.state = GrantState::Withdrawn;
        row.ended_at = row.ended_at.or(Some(now));
    }
    row.acknowledged = row.statement;
    row.key = StoredGrantKey::destroyed();
    store_grant(transaction, grant, &row)?;
    progress::forget(transaction, grant)
}
