//! What the server says of each grant at the start of a session, and what follows from it.

use vault_file::{Snapshot, Transaction};
use vault_wire::{
    frame::{GrantPosition, Standing},
    id::GrantId,
    terms::Duration,
    time::Timestamp,
};

use super::{
    lane::Lane,
    progress::{self, Progress},
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
            let generation = row.extent.generation;
            let held = Progress::load(view, grant, generation)?.held;
            positions.push(GrantPosition {
                grant,
                statement: row.acknowledged,
                generation,
                count: held.count,
                fingerprint: held.fingerprint(),
            });
        }
    }
    Ok(positions)
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
    match standing {
        None => Lane::open(view, grant, generation, false).map(Some),
        Some(Standing::Reconcile) => Lane::open(view, grant, generation, true).map(Some),
        Some(Standing::StatementStale(number)) => {
            step_back(transaction, grant, number)?;
            Lane::open(view, grant, generation, true).map(Some)
        }
        Some(Standing::Unknown) => step_back(transaction, grant, 0).map(|()| None),
        Some(Standing::Withdrawn | Standing::Expired | Standing::Superseded) => {
            ended_elsewhere(transaction, grant, store.now()).map(|()| None)
        }
        Some(Standing::Behind(_)) => Ok(None),
    }
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
