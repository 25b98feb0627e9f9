//! How far a grant's entries are with the server: what of the vault was looked at, and what the server
//! holds.
//!
//! What the server acknowledged is written here, what was only sent is not. Whatever is lost in between
//! shows as another fingerprint at the start of the next session, and is then found by comparing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vault_file::{Snapshot, Transaction, WriteTable};
use vault_wire::{
    frame::Rejection,
    id::{GrantId, RecordId, Slot},
    reconcile::{Change, Item, Summary},
    time::Timestamp,
};

use super::{
    by_slot::{self, ChangedSlot, Filled, generation_prefix},
    held::{Held, held_table},
};
use crate::{
    error::Error,
    store::{
        decode, encode, grant_key, remove_all,
        tables::{LEFTOVERS, PROGRESS, REJECTED},
    },
};

/// How far one generation of a grant is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// Generation of the grant.
    pub(super) generation: u32,
    /// How far the vault was looked at, and all that differed acknowledged.
    pub(super) looked: Looked,
    /// What the server holds.
    pub(super) held: Summary,
    /// How many changes of it are not in their places by slot yet.
    pub(super) noted: u64,
    /// When the server last acknowledged entries.
    pub(super) acked_at: Option<Timestamp>,
}

/// Which changes of the vault were looked at: all up to `live`, but for those in the gap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Looked {
    pub(super) live: u64,
    pub(super) gap: Option<Gap>,
}

/// Changes that are looked at when there is nothing newer: those after `from`, up to `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Gap {
    pub(super) from: u64,
    pub(super) to: u64,
}

impl Looked {
    /// Leaves what was not looked at yet to a gap, so that what changes from now on goes first. One gap
    /// is enough: what came since is walked in its order.
    pub(super) fn leave_behind(&mut self, last_change: u64) {
        if self.gap.is_none() && last_change > self.live {
            self.gap = Some(Gap {
                from: self.live,
                to: last_change,
            });
            self.live = last_change;
        }
    }

    /// The gap was looked at up to a change.
    pub(super) fn fill(&mut self, through: u64) {
        self.gap = self
            .gap
            .and_then(|gap| (through < gap.to).then_some(Gap { from: through, ..gap }));
    }

    /// How many changes are at most still to be looked at.
    pub(super) fn remaining(&self, last_change: u64) -> u64 {
        let gap = self.gap.map_or(0, |gap| gap.to - gap.from);
        last_change.saturating_sub(self.live) + gap
    }
}

/// Why the server does not hold a slot, and since when.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct RejectedRow {
    pub(super) why: Rejection,
    pub(super) at: Timestamp,
}

/// What becomes of a slot at the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) slot: Slot,
    /// The record behind it; none for one that no record accounts for.
    pub(super) record: Option<RecordId>,
    /// The revision that the slot has then.
    pub(super) rev: u64,
    /// What it holds then; nothing if it is emptied.
    pub(super) becomes: Option<Held>,
}

impl Progress {
    /// Where a generation of a grant stands: at the beginning, if nothing is known of it.
    pub(super) fn load(view: &Snapshot, grant: GrantId, generation: u32) -> Result<Self, Error> {
        let row = view.table(&PROGRESS)?.get(grant.as_bytes())?;
        let row: Option<Self> = row.map(|row| decode(&row, "a grant's progress")).transpose()?;
        Ok(row.filter(|row| row.generation == generation).unwrap_or(Self {
            generation,
            ..Self::default()
        }))
    }

    /// Keeps it. What belonged to a generation before is given up.
    pub(super) fn store(&self, transaction: &Transaction, grant: GrantId) -> Result<(), Error> {
        let mut table = transaction.table(&PROGRESS)?;
        let before = table.get(grant.as_bytes())?;
        let before: Option<Self> = before.map(|row| decode(&row, "a grant's progress")).transpose()?;
        if let Some(before) = before.filter(|before| before.generation != self.generation) {
            give_up(transaction, grant, before.generation)?;
        }
        table.insert(grant.as_bytes(), &encode(self))?;
        Ok(())
    }

    /// Begins to write down what the server holds.
    pub(super) fn keep<'t>(
        &self,
        transaction: &'t Transaction,
        grant: GrantId,
        now: Timestamp,
    ) -> Result<Keeping<'t>, Error> {
        Ok(Keeping {
            table: transaction.table(&held_table(grant, self.generation))?,
            refusals: Refusals::of(transaction, grant, now)?,
            touched: BTreeMap::new(),
            changes: Vec::new(),
            before: *self,
            transaction,
            grant,
        })
    }

    /// Puts what was noted in its place by slot.
    pub(super) fn put_in_place(&mut self, transaction: &Transaction, grant: GrantId) -> Result<(), Error> {
        if self.noted > 0 {
            by_slot::put_in_place(transaction, grant, self.generation)?;
            self.noted = 0;
        }
        Ok(())
    }
}

/// What the server holds of a grant, being written down. Nothing is before [`finish`](Self::finish).
pub(super) struct Keeping<'t> {
    table: WriteTable<'t>,
    refusals: Refusals<'t>,
    /// Records of which the server holds something else.
    touched: BTreeMap<RecordId, Option<Held>>,
    changes: Vec<ChangedSlot>,
    before: Progress,
    transaction: &'t Transaction,
    grant: GrantId,
}

impl Keeping<'_> {
    /// The server holds this in a slot, or rejected it.
    pub(super) fn row(&mut self, row: &Row, rejected: Option<&Rejection>) -> Result<(), Error> {
        self.refusals.note(row.slot, rejected)?;
        let Some(record) = row.record.filter(|_| rejected.is_none()) else {
            return Ok(());
        };
        let before = match self.touched.get(&record) {
            Some(before) => *before,
            None => self
                .table
                .get_with(record.as_bytes(), Held::decode)?
                .transpose()?,
        };
        let held = &mut self.before.held;
        if let Some(before) = before {
            Change::Removed(Item::new(row.slot, before.tag)).make(held);
        }
        if let Some(now) = row.becomes {
            Change::Added(Item::new(row.slot, now.tag)).make(held);
        }
        self.touched.insert(record, row.becomes);
        let filled = row.becomes.map(|Held { tag, .. }| Filled { tag, record });
        self.changes.push((row.slot, filled));
        Ok(())
    }

    /// Writes it all down. Returns where the grant is with it.
    pub(super) fn finish(mut self) -> Result<Progress, Error> {
        let mut kept = Vec::with_capacity(self.touched.len());
        for (record, becomes) in self.touched {
            match becomes {
                Some(now) => kept.push((*record.as_bytes(), encode(&now))),
                None => drop(self.table.remove(record.as_bytes())?),
            }
        }
        self.table.insert_sorted(&kept)?;
        let (generation, noted) = (self.before.generation, self.before.noted);
        by_slot::note(self.transaction, (self.grant, generation), noted, &self.changes)?;
        Ok(Progress {
            noted: noted + self.changes.len() as u64,
            ..self.before
        })
    }
}

/// Which slots the server rejected, and why.
struct Refusals<'t> {
    table: WriteTable<'t>,
    grant: GrantId,
    now: Timestamp,
    /// Whether there may be one to be taken back.
    any: bool,
}

impl<'t> Refusals<'t> {
    fn of(transaction: &'t Transaction, grant: GrantId, now: Timestamp) -> Result<Self, Error> {
        let table = transaction.table(&REJECTED)?;
        Ok(Self {
            any: !table.is_empty()?,
            table,
            grant,
            now,
        })
    }

    fn note(&mut self, slot: Slot, rejected: Option<&Rejection>) -> Result<(), Error> {
        let key = || grant_key(self.grant, slot.as_bytes());
        match rejected {
            Some(why) => {
                let row = RejectedRow {
                    why: *why,
                    at: self.now,
                };
                self.table.insert(&key(), &encode(&row))?;
                self.any = true;
            }
            None if self.any => {
                self.table.remove(&key())?;
            }
            None => {}
        }
        Ok(())
    }
}

/// Forgets all that is known of what the server holds of a grant.
pub(super) fn forget(transaction: &Transaction, grant: GrantId) -> Result<(), Error> {
    let row = transaction.table(&PROGRESS)?.get(grant.as_bytes())?;
    if let Some(row) = row {
        let progress: Progress = decode(&row, "a grant's progress")?;
        give_up(transaction, grant, progress.generation)?;
        transaction.table(&PROGRESS)?.remove(grant.as_bytes())?;
    }
    remove_all(transaction, &REJECTED, grant.as_bytes())
}

/// Leaves the rows of a generation to [`clear_leftovers`]: there may be very many.
fn give_up(transaction: &Transaction, grant: GrantId, generation: u32) -> Result<(), Error> {
    transaction.table(&LEFTOVERS)?.insert(
        &generation_prefix(grant, generation),
        &encode(&(grant, generation)),
    )?;
    Ok(())
}

/// Whether there are rows that nothing needs any more.
pub(super) fn has_leftovers(view: &Snapshot) -> Result<bool, Error> {
    Ok(!view.table(&LEFTOVERS)?.is_empty()?)
}

/// Removes rows that nothing needs any more.
pub(super) fn clear_leftovers(transaction: &Transaction) -> Result<(), Error> {
    let mut table = transaction.table(&LEFTOVERS)?;
    let leftovers: Vec<_> = table.range(..)?.collect::<Result<_, _>>()?;
    for (key, row) in leftovers {
        let (grant, generation): (GrantId, u32) = decode(&row, "what is left of a grant")?;
        transaction.remove_table(&held_table(grant, generation))?;
        by_slot::remove(transaction, grant, generation)?;
        table.remove(&key)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_looked_at_is_left_behind_once() {
        let mut looked = Looked::default();
        looked.leave_behind(100);
        assert_eq!(looked.remaining(130), 130);
        looked.fill(40);
        looked.live = 120;
        looked.leave_behind(200);
        assert_eq!(looked.gap, Some(Gap { from: 40, to: 100 }));
        assert_eq!((looked.live, looked.remaining(200)), (120, 140));
        looked.fill(100);
        assert_eq!((looked.gap, looked.remaining(200)), (None, 80));
    }
}
