//! What stands in each slot of one generation of a grant, and the sums of it.
//!
//! Slots are keyed hashes, so rows in their order lie anywhere. Filed at once, each entry of a large grant
//! would write a page of its own. So what arrives is filed later, many at once. Until then the entries
//! themselves, which lie in the order of their arrival, say what stands in their slots; a copy in memory
//! finds them.

use std::{
    collections::{BTreeMap, btree_map},
    ops::ControlFlow,
};

use vault_wire::{
    catalogue::Category,
    id::{GrantId, Slot, VaultId},
    reconcile::{Change, Item, Tally},
    time::Timestamp,
};

use crate::{
    Server,
    live::Run,
    store::{
        EntryRow, GrantRow, Opened, Place, Rows, SlotRow, StoreError, Tx, View,
        tables::{ENTRIES, GRANTS, SLOTS, TALLIES, UNFILED, key},
    },
};

/// So many slots at once are a long row, which others follow.
const LONG_ROW: usize = 256;
/// So many slots are filed with the long row that fills them up.
const UNFILED_IN_LONG_ROWS_MAX: usize = 65_536;
/// So many slots are filed with any other: they would be read again after a pause.
const UNFILED_MAX: usize = 2_048;

/// The slots of one generation, being written. Nothing is written before [`finish`](Self::finish).
pub(super) struct Slots<'t> {
    server: &'t Server,
    tx: &'t Tx,
    generation: Vec<u8>,
    filed: Opened<'t, SlotRow>,
    /// What is not filed, and whether the store says that there is such.
    unfiled: Run,
    is_noted: bool,
    touched: BTreeMap<Slot, SlotRow>,
    /// Whether a slot is emptied: no entry says so, so it must be filed.
    any_emptied: bool,
}

impl<'t> Slots<'t> {
    /// The generation of a grant that its row names.
    pub(super) fn of(
        server: &'t Server,
        tx: &'t Tx,
        generation: &[u8],
        row: &GrantRow,
    ) -> Result<Self, StoreError> {
        let first = tx.get(&UNFILED, generation)?;
        let kept = server.unfiled().take(generation);
        let (first, next) = (first.unwrap_or(row.next_arrival), row.next_arrival);
        // A transaction that failed may have left another copy.
        let unfiled = match kept.filter(|run| (run.first, run.next) == (first, next)) {
            Some(run) => run,
            None => read_unfiled(tx, generation, first, next)?,
        };
        Ok(Self {
            server,
            tx,
            generation: generation.to_vec(),
            filed: tx.open(&SLOTS)?,
            is_noted: first < next,
            unfiled,
            touched: BTreeMap::new(),
            any_emptied: false,
        })
    }

    /// What stands in a slot.
    pub(super) fn get(&self, slot: Slot) -> Result<Option<SlotRow>, StoreError> {
        match self.touched.get(&slot).or_else(|| self.unfiled.slots.get(&slot)) {
            Some(row) => Ok(Some(*row)),
            None => self.filed.get(&key(&[&self.generation, slot.as_bytes()])),
        }
    }

    /// This stands in a slot from now on.
    pub(super) fn set(&mut self, slot: Slot, row: SlotRow) {
        self.any_emptied |= row.place.is_none();
        self.touched.insert(slot, row);
    }

    /// Writes down what stands in the slots that were touched, or leaves it to be filed with what follows.
    pub(super) fn finish(mut self, row: &GrantRow, now: Timestamp) -> Result<(), StoreError> {
        let changes = !self.touched.is_empty();
        let unfiled_max = match self.touched.len() {
            LONG_ROW.. => UNFILED_IN_LONG_ROWS_MAX,
            _ => UNFILED_MAX,
        };
        self.unfiled.slots.extend(std::mem::take(&mut self.touched));
        self.unfiled.next = row.next_arrival;
        if self.unfiled.slots.is_empty() {
            return Ok(());
        }
        if changes && (self.any_emptied || self.unfiled.slots.len() >= unfiled_max) {
            return self.file();
        }
        let (first, run) = (self.unfiled.first, std::mem::take(&mut self.unfiled));
        match self.server.unfiled().keep(&self.generation, run, now) {
            Ok(()) if self.is_noted => Ok(()),
            Ok(()) => self.tx.put(&UNFILED, &self.generation, &first),
            Err(run) => {
                self.unfiled = run;
                self.file()
            }
        }
    }

    /// Files all that is not.
    fn file(mut self) -> Result<(), StoreError> {
        let prefix = &self.generation;
        let mut tallies = Tallies::of(self.tx, prefix)?;
        let slots = std::mem::take(&mut self.unfiled.slots);
        let mut rows = Vec::with_capacity(slots.len());
        for (slot, row) in slots {
            let at = key(&[prefix, slot.as_bytes()]);
            let before = self.filed.get(&at)?.and_then(|before| before.place);
            if let Some(before) = before {
                tallies.change(&Change::Removed(Item::new(slot, before.tag)))?;
            }
            if let Some(place) = row.place {
                tallies.change(&Change::Added(Item::new(slot, place.tag)))?;
            }
            rows.push((at, row));
        }
        self.filed.put_sorted(rows)?;
        tallies.finish()?;
        if self.is_noted {
            self.tx.remove(&UNFILED, prefix)?;
        }
        Ok(())
    }
}

/// Reads which slots the entries from an arrival on stand in.
fn read_unfiled(tx: &Tx, generation: &[u8], first: u64, next: u64) -> Result<Run, StoreError> {
    let mut slots = BTreeMap::new();
    for category in Category::ALL.map(|category| category as u8) {
        if first == next {
            break;
        }
        let prefix = key(&[generation, &[category]]);
        tx.scan(&ENTRIES, &prefix, &first.to_be_bytes(), |rest, row: EntryRow| {
            let arrival = rest.try_into().map_or(u64::MAX, u64::from_be_bytes);
            let (rev, tag) = (row.entry.rev, row.entry.tag);
            let place = Some(Place {
                tag,
                category,
                arrival,
            });
            slots.insert(row.entry.slot, SlotRow { rev, place });
            ControlFlow::Continue(())
        })?;
    }
    Ok(Run { first, next, slots })
}

/// Whether all that is held of a generation is filed, as of a view; also if its grant goes on in another one,
/// and what is left of this one is being dropped.
pub(super) fn all_filed(
    view: &View,
    vault: VaultId,
    (grant, generation): (GrantId, u32),
) -> Result<bool, StoreError> {
    let at = key(&[vault.as_bytes(), grant.as_bytes()]);
    let is_filed = !view.has(&UNFILED, &key(&[&at, &generation.to_be_bytes()]))?;
    Ok(is_filed || goes_on(view, &at, generation)?.is_none())
}

/// Files what is not filed yet of a generation.
pub(super) async fn file_all(
    server: &Server,
    vault: VaultId,
    (grant, generation): (GrantId, u32),
) -> Result<(), StoreError> {
    let at = key(&[vault.as_bytes(), grant.as_bytes()]);
    let service = server.clone();
    let filing = server
        .store()
        .write(move |tx| match goes_on(tx, &at, generation)? {
            Some(row) => Slots::of(&service, tx, &key(&[&at, &generation.to_be_bytes()]), &row)?.file(),
            None => Ok(()),
        });
    filing.await
}

/// A grant that is in a generation.
fn goes_on(rows: &impl Rows, grant: &[u8], generation: u32) -> Result<Option<GrantRow>, StoreError> {
    let row = rows.get(&GRANTS, grant)?;
    Ok(row.filter(|row| row.generation == generation))
}

/// The sums that change.
struct Tallies<'t> {
    rows: Opened<'t, Tally>,
    generation: &'t [u8],
    changed: BTreeMap<u8, Tally>,
}

impl<'t> Tallies<'t> {
    fn of(tx: &'t Tx, generation: &'t [u8]) -> Result<Self, StoreError> {
        Ok(Self {
            rows: tx.open(&TALLIES)?,
            generation,
            changed: BTreeMap::new(),
        })
    }

    fn change(&mut self, change: &Change) -> Result<(), StoreError> {
        let tally = match self.changed.entry(change.first_byte()) {
            btree_map::Entry::Occupied(tally) => tally.into_mut(),
            btree_map::Entry::Vacant(place) => {
                let at = key(&[self.generation, &[change.first_byte()]]);
                place.insert(self.rows.get(&at)?.unwrap_or_default())
            }
        };
        tally.change(change);
        Ok(())
    }

    fn finish(mut self) -> Result<(), StoreError> {
        for (first, tally) in &self.changed {
            let at = key(&[self.generation, &[*first]]);
            if tally.is_empty() {
                self.rows.remove(&at)?;
            } else {
                self.rows.put(&at, tally)?;
            }
        }
        Ok(())
    }
}
