//! What a server holds of a grant, and what it did not take.

use std::collections::BTreeMap;

use vault_file::Snapshot;
use vault_wire::{
    entry::GrantSecret,
    frame::Rejection,
    id::{GrantId, RecordId, Slot},
    time::Timestamp,
};

use super::progress::{Progress, RejectedRow};
use crate::{
    consent::GrantRow,
    error::Error,
    records::Change,
    store::{
        Store, decode,
        tables::{CHANGES, REJECTED},
    },
};

/// What a server holds of a grant, as far as this device knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shared {
    /// How many records it holds.
    pub records: u64,
    /// When it last acknowledged any.
    pub last_at: Option<Timestamp>,
    /// Records that it did not take.
    pub rejected: Vec<RejectedRecord>,
}

/// A record that the server did not take. It is sent again when it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RejectedRecord {
    /// The record, if it is still in the vault.
    pub record: Option<RecordId>,
    /// Why.
    pub why: Rejection,
    /// When that was known here.
    pub at: Timestamp,
}

/// What the server holds of a grant's present generation.
pub(crate) fn shared(
    store: &Store,
    view: &Snapshot,
    grant: GrantId,
    row: &GrantRow,
) -> Result<Shared, Error> {
    let progress = Progress::load(view, grant, row.extent.generation)?;
    Ok(Shared {
        records: progress.held.count,
        last_at: progress.acked_at,
        rejected: rejected(store, view, grant, row)?,
    })
}

fn rejected(
    store: &Store,
    view: &Snapshot,
    grant: GrantId,
    row: &GrantRow,
) -> Result<Vec<RejectedRecord>, Error> {
    let mut by_slot: BTreeMap<Slot, RejectedRow> = BTreeMap::new();
    for row in view.table(&REJECTED)?.prefix(grant.as_bytes())? {
        let (key, value) = row?;
        let slot = key.get(16..).and_then(|slot| slot.try_into().ok());
        let slot = Slot(slot.ok_or(Error::unreadable("a rejected entry"))?);
        by_slot.insert(slot, decode(&value, "a rejected entry")?);
    }
    if by_slot.is_empty() {
        return Ok(Vec::new());
    }
    // A slot is a keyed hash of its record, so the records are gone through to find which it is.
    let secret = GrantSecret::derive(store.identity.sharing(), grant, row.extent.generation);
    let mut rejected = Vec::new();
    for change in view.table(&CHANGES)?.range(..)? {
        let change: Change = decode(&change?.1, "a change")?;
        if row.extent.terms.detail(change.category).is_some()
            && let Some(why) = by_slot.remove(&secret.slot(change.record))
        {
            rejected.push(why.of(Some(change.record)));
        }
    }
    rejected.extend(by_slot.into_values().map(|why| why.of(None)));
    Ok(rejected)
}

impl RejectedRow {
    const fn of(self, record: Option<RecordId>) -> RejectedRecord {
        RejectedRecord {
            record,
            why: self.why,
            at: self.at,
        }
    }
}
