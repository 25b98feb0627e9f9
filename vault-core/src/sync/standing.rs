//! What the server says of each grant at the start of a session, and what follows from it.

use vault_file::{Snapshot, Transaction};
use vault_wire::{
    frame::{GrantPosition, Standing},
    id::GrantId,
    limits::ENDED_MAX,
};

use super::{
    incarnation,
    lane::Lane,
    progress::{self, Progress, batches_on_the_way},
};
use crate::{
    consent::{
        GrantRow, GrantState, ended as end_here, grant_row, load_grant, store_grant, withdrawn_elsewhere,
    },
    error::Error,
    store::{Store, decode, tables::GRANTS},
};

/// Where every grant that is not over stands here, for HELLO.
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
        if row.state.is_running() && row.acknowledged > 0 {
            let generation = row.extent.generation;
            let Progress {
                acked,
                count,
                fingerprint,
                ..
            } = Progress::load(view, grant, generation)?;
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

/// Grants that the owner ended and the server confirmed, latest first: it may have forgotten.
pub(super) fn ended(view: &Snapshot) -> Result<Vec<GrantId>, Error> {
    let mut ended = Vec::new();
    for row in view.table(&GRANTS)?.range(..)? {
        let (key, value) = row?;
        let row: GrantRow = decode(&value, "a grant")?;
        let by_the_owner = matches!(
            row.state,
            GrantState::Withdrawn | GrantState::Erased | GrantState::Superseded
        );
        if by_the_owner {
            let id = key.as_slice().try_into();
            let id = GrantId(id.map_err(|_| Error::unreadable("a grant"))?);
            ended.push((row.ended_at, id));
        }
    }
    ended.sort_unstable_by(|a, b| b.cmp(a));
    Ok(ended.into_iter().take(ENDED_MAX).map(|(_, id)| id).collect())
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
        Some(Standing::Reconcile) => reconcile(store, transaction, view, grant).map(Some),
        Some(Standing::StatementStale(number)) => {
            step_back(transaction, grant, number)?;
            go_on(transaction, view, grant, None).map(Some)
        }
        Some(Standing::Unknown) => {
            step_back(transaction, grant, 0)?;
            progress::forget(transaction, grant)?;
            Ok(None)
        }
        // The statements that follow tell how it goes on.
        Some(Standing::Behind(_)) => Ok(None),
        Some(Standing::Withdrawn) => {
            withdrawn_elsewhere(store, transaction, grant)?;
            progress::forget(transaction, grant)?;
            Ok(None)
        }
        Some(Standing::Expired) => over(store, transaction, grant, GrantState::Expired),
        Some(Standing::Superseded) => over(store, transaction, grant, GrantState::Superseded),
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
    let generation = generation_of(view, grant)?;
    let mut progress = Progress::load(view, grant, generation)?;
    if !Progress::is_begun(view, grant, generation)? {
        progress = Progress::begin(transaction, grant, generation)?;
        return match acked {
            None | Some(0) => Ok(Lane::resume(grant, progress)),
            Some(_) => compare(transaction, grant, generation),
        };
    }
    let acked = acked.unwrap_or(progress.acked);
    let batches = batches_on_the_way(view, grant)?;
    let known = acked == progress.acked || batches.iter().any(|(through, _)| *through == acked);
    if !known {
        // Behind what it acknowledged, or ahead of all that was sent: one side was set back.
        return compare(transaction, grant, generation);
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
fn reconcile(
    store: &Store,
    transaction: &Transaction,
    view: &Snapshot,
    grant: GrantId,
) -> Result<Lane, Error> {
    incarnation::begin(store, transaction)?;
    compare(transaction, grant, generation_of(view, grant)?)
}

/// What the server holds is to be compared with the vault.
fn compare(transaction: &Transaction, grant: GrantId, generation: u32) -> Result<Lane, Error> {
    Ok(Lane::resume(
        grant,
        Progress::start_reconciling(transaction, grant, generation)?,
    ))
}

/// The server knows fewer statements than it acknowledged: the rest is sent again.
fn step_back(transaction: &Transaction, grant: GrantId, number: u64) -> Result<(), Error> {
    let mut row = load_grant(transaction, grant)?;
    row.acknowledged = row.acknowledged.min(number);
    store_grant(transaction, grant, &row)
}

fn over(
    store: &Store,
    transaction: &Transaction,
    grant: GrantId,
    state: GrantState,
) -> Result<Option<Lane>, Error> {
    end_here(store, transaction, grant, state)?;
    progress::forget(transaction, grant)?;
    Ok(None)
}

fn generation_of(view: &Snapshot, grant: GrantId) -> Result<u32, Error> {
    let row = grant_row(view, grant)?.ok_or(Error::NotFound("grant"))?;
    Ok(row.extent.generation)
}
