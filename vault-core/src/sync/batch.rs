//! Making the next batch of a grant: walk the change index from where the grant stands, project,
//! compare with what the server holds, seal what differs.

use std::collections::{HashMap, HashSet};

use vault_file::{ReadTable, Snapshot};
use vault_wire::{
    entry::{ContentTag, Entry},
    id::{GrantId, Slot},
    limits::BATCH_BYTES_TARGET,
};

use super::progress::{BatchRows, Held};
use crate::{
    consent::{Export, Exporter},
    error::Error,
    records::{Change, last_change},
    store::{
        Store, decode, grant_key,
        tables::{CHANGES, HELD},
        u64_key, u64_of,
    },
};

/// Most changes that one step looks at, so that a session stays responsive while it walks a large
/// vault of which a grant covers little.
const CHANGES_PER_STEP: usize = 8_192;

/// A batch to be sent, and what it does to each slot.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) entries: Vec<Entry>,
    pub(super) rows: BatchRows,
    pub(super) bytes: usize,
}

/// What one step of the walk came to.
pub(super) struct Step {
    pub(super) batch: Batch,
    /// Change sequence up to which the walk has looked.
    pub(super) looked: u64,
    /// Whether the walk reached the end of the index.
    pub(super) at_end: bool,
}

/// What the last batch on its way does to a slot, and which batch that is.
pub(super) type OnTheWay = HashMap<Slot, (u64, Option<Held>)>;

/// What the server holds, with the batches that are on their way laid over it.
pub(super) struct HeldView<'a> {
    table: ReadTable,
    grant: GrantId,
    on_the_way: &'a OnTheWay,
}

impl<'a> HeldView<'a> {
    pub(super) fn of(view: &Snapshot, grant: GrantId, on_the_way: &'a OnTheWay) -> Result<Self, Error> {
        Ok(Self {
            table: view.table(&HELD)?,
            grant,
            on_the_way,
        })
    }

    fn slot(&self, slot: Slot) -> Result<Option<Held>, Error> {
        if let Some((_, after)) = self.on_the_way.get(&slot) {
            return Ok(*after);
        }
        let row = self
            .table
            .get_with(&grant_key(self.grant, slot.as_bytes()), |row| {
                decode(row, "a held entry")
            })?;
        row.transpose()
    }

    fn entry_in(&self, slot: Slot) -> Result<Option<Held>, Error> {
        Ok(self.slot(slot)?.filter(|held| !held.is_deletion()))
    }
}

impl Batch {
    fn is_full(&self, entries_max: usize) -> bool {
        self.entries.len() >= entries_max || self.bytes >= BATCH_BYTES_TARGET
    }

    fn add(&mut self, entry: Entry, becomes: Option<Held>) {
        self.bytes += entry.wire_bytes();
        self.rows.push((entry.slot, becomes));
        self.entries.push(entry);
    }

    /// Empties a slot. A deletion that had to be raised above the change that it stands for is
    /// remembered, so that whatever comes into the slot later is raised above it.
    fn delete(&mut self, slot: Slot, before: Held, seq: u64) {
        let rev = seq.max(before.rev + 1);
        self.add(
            Entry::delete(slot, rev),
            (rev > seq).then_some(Held::deletion(rev)),
        );
    }

    /// A batch that empties slots which no record of the vault accounts for.
    pub(super) fn of_strays(
        strays: &HashSet<Slot>,
        held: &HeldView<'_>,
        entries_max: usize,
    ) -> Result<Self, Error> {
        let mut batch = Self::default();
        for &slot in strays.iter().take(entries_max) {
            if let Some(before) = held.entry_in(slot)? {
                batch.delete(slot, before, 0);
            }
        }
        Ok(batch)
    }
}

/// Walks on from `looked` until a batch is full, the index ends, or enough was looked at for now.
/// Slots that a record accounts for are taken out of `strays`.
pub(super) fn walk(
    store: &Store,
    view: &Snapshot,
    exporter: &Exporter,
    held: &HeldView<'_>,
    looked: u64,
    entries_max: usize,
    strays: &mut HashSet<Slot>,
) -> Result<Step, Error> {
    let mut step = Step {
        batch: Batch::default(),
        looked,
        at_end: true,
    };
    let from = u64_key(looked + 1);
    for (number, row) in view.table(&CHANGES)?.range(from.as_slice()..)?.enumerate() {
        if step.batch.is_full(entries_max) || number >= CHANGES_PER_STEP {
            step.at_end = false;
            break;
        }
        let (key, value) = row?;
        let (seq, change): (u64, Change) = (u64_of(&key)?, decode(&value, "a change")?);
        match exporter.look(&change)? {
            Export::Unrelated => {}
            Export::Shown(slot, tag, projection) => {
                strays.remove(&slot);
                let before = held.slot(slot)?;
                if let Some(rev) = revision(before, tag, seq) {
                    let entry = exporter.seal(store, change.category, slot, tag, rev, projection);
                    step.batch.add(entry, Some(Held { rev, tag }));
                }
            }
            Export::Hidden(slot) => {
                strays.remove(&slot);
                if let Some(before) = held.entry_in(slot)? {
                    step.batch.delete(slot, before, seq);
                }
            }
        }
        step.looked = seq;
    }
    if step.at_end {
        step.looked = last_change(view)?.max(looked);
    }
    Ok(step)
}

/// The revision under which content is to be sent; none if the server holds just that.
fn revision(before: Option<Held>, tag: ContentTag, seq: u64) -> Option<u64> {
    match before {
        Some(held) if held.tag == tag => None,
        Some(held) => Some(seq.max(held.rev + 1)),
        None => Some(seq),
    }
}
