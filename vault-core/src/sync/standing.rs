//! What the server says of each grant at the start of a session, and what follows from it.

use vault_file::{Snapshot, Transaction};
use vault_wire::{
    frame::{GrantPosition, Standing},
    id::GrantId,
    limits::ENDED_MAX,
};

use super::{
    lane::Lane,
    progress::{self, Progress},
    server::connected_server,
};
use crate::{
    consent::{
        GrantState, digest_of, ended as end_here, grant_row, grant_rows, load_grant, store_grant,
        was_known_to, withdrawn_elsewhere,
    },
    error::Error,
    store::Store,
};

/// Where every grant that is not over stands here, for HELLO.
pub(super) fn positions(view: &Snapshot) -> Result<Vec<GrantPosition>, Error> {
    let mut positions = Vec::new();
    for row in grant_rows(view)? {
        let (grant, row) = row?;
        if row.state.is_running() && row.acknowledged > 0 {
            let generation = row.extent.generation;
            let held = Progress::load(view, grant, generation)?.held;
            positions.push(GrantPosition {
                grant,
                statement: row.acknowledged,
                last: digest_of(view, grant, row.acknowledged)?,
                generation,
                count: held.count,
                fingerprint: held.fingerprint(),
            });
        }
    }
    Ok(positions)
}

/// Grants that the owner ended and that this server knew, latest first: it may have forgotten the end.
pub(super) fn ended(view: &Snapshot) -> Result<Vec<GrantId>, Error> {
    let Some(server) = connected_server(view)?.keys else {
        return Ok(Vec::new());
    };
    let mut ended = Vec::new();
    for row in grant_rows(view)? {
        let (id, row) = row?;
        let by_the_owner = matches!(
            row.state,
            GrantState::Withdrawn | GrantState::Erased | GrantState::Superseded
        );
        if by_the_owner && was_known_to(view, id, &server.receipts)? {
            ended.push((row.ended_at, id));
        }
    }
    ended.sort_unstable_by(|a, b| b.cmp(a));
    Ok(ended.into_iter().take(ENDED_MAX).map(|(_, id)| id).collect())
}

/// Grants of which an earlier session was cut off while it was told what another copy said.
pub(super) fn cut_off(view: &Snapshot) -> Result<Vec<GrantId>, Error> {
    let mut cut_off = Vec::new();
    for row in grant_rows(view)? {
        let (id, row) = row?;
        if row.lacks_key(id) {
            cut_off.push(id);
        }
    }
    Ok(cut_off)
}

/// The lane of a grant that goes on as the server says; none if the grant is not in force there.
/// Nothing is ever deleted here because the server lacks it.
pub(super) fn settle(
    store: &Store,
    transaction: &Transaction,
    view: &Snapshot,
    position: &GrantPosition,
    standing: Option<Standing>,
) -> Result<Option<Lane>, Error> {
    let (grant, generation) = (position.grant, position.generation);
    let is_keyless = grant_row(view, grant)?.is_some_and(|row| row.keyless);
    match standing {
        // What another device sent stays as it is.
        None | Some(Standing::Reconcile) if is_keyless => Ok(None),
        None => Lane::open(view, grant, generation, false).map(Some),
        Some(Standing::Reconcile) => Lane::open(view, grant, generation, true).map(Some),
        Some(Standing::StatementStale(number)) => {
            step_back(transaction, grant, number)?;
            Lane::open(view, grant, generation, true).map(Some)
        }
        Some(Standing::KeyMissing) => {
            let row = load_grant(transaction, grant)?;
            if row.key_of(grant, &row.extent).is_none() {
                return Ok(None);
            }
            step_back(transaction, grant, row.extent_number.saturating_sub(1))?;
            Lane::open(view, grant, generation, true).map(Some)
        }
        Some(Standing::Unknown) => step_back(transaction, grant, 0).map(|()| None),
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
