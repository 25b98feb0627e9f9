//! Writing what is held of one generation of a grant: the entries, their order of arrival, their sums.

use std::collections::{BTreeMap, btree_map};

use vault_wire::{
    entry::{Body, Entry},
    frame::Rejection,
    reconcile::{Change, Item, Tally},
    time::Timestamp,
};

use crate::store::{
    EntryRow, GrantRow, Opened, StoreError, Tx,
    tables::{ARRIVALS, ENTRIES, TALLIES, key},
};

/// One generation of a grant, being written.
pub(super) struct Holding<'t> {
    generation: Vec<u8>,
    entries: Opened<'t, EntryRow>,
    arrivals: Opened<'t, vault_wire::id::Slot>,
    tallies: Opened<'t, Tally>,
    /// The tallies that changed.
    changed: BTreeMap<u8, Tally>,
}

impl<'t> Holding<'t> {
    /// The generation of a grant that its row names.
    pub(super) fn of(tx: &'t Tx, grant: &[u8], row: &GrantRow) -> Result<Self, StoreError> {
        Ok(Self {
            generation: key(&[grant, &row.generation.to_be_bytes()]),
            entries: tx.open(&ENTRIES)?,
            arrivals: tx.open(&ARRIVALS)?,
            tallies: tx.open(&TALLIES)?,
            changed: BTreeMap::new(),
        })
    }

    /// Stores an entry. A deletion stays as a marker, so that an older put cannot bring the slot back.
    pub(super) fn put(
        &mut self,
        row: &mut GrantRow,
        entry: &Entry,
        statement: u64,
        now: Timestamp,
    ) -> Result<Result<(), Rejection>, StoreError> {
        let at = key(&[&self.generation, entry.slot.as_bytes()]);
        if let Some(before) = self.entries.get(&at)? {
            if before.entry.rev == entry.rev && before.entry.tag == entry.tag {
                return Ok(Ok(()));
            }
            if before.entry.rev >= entry.rev {
                return Ok(Err(Rejection::Stale(before.entry.rev)));
            }
            if let Body::Put { category, .. } = before.entry.body {
                let item = Item::new(before.entry.slot, before.entry.tag);
                self.change(row, &Change::Removed(item))?;
                self.arrivals
                    .remove(&self.arrival_key(category as u8, before.arrival))?;
            }
        }
        let arrival = row.next_arrival;
        if let Body::Put { category, .. } = entry.body {
            self.change(row, &Change::Added(Item::new(entry.slot, entry.tag)))?;
            row.next_arrival += 1;
            self.arrivals
                .put(&self.arrival_key(category as u8, arrival), &entry.slot)?;
        }
        let stored = EntryRow {
            entry: entry.clone(),
            statement,
            arrival,
            updated_at: now,
        };
        self.entries.put(&at, &stored)?;
        Ok(Ok(()))
    }

    /// Writes the sums down.
    pub(super) fn finish(mut self) -> Result<(), StoreError> {
        for (first, tally) in &self.changed {
            let at = key(&[&self.generation, &[*first]]);
            if tally.is_empty() {
                self.tallies.remove(&at)?;
            } else {
                self.tallies.put(&at, tally)?;
            }
        }
        Ok(())
    }

    fn change(&mut self, row: &mut GrantRow, change: &Change) -> Result<(), StoreError> {
        change.make(&mut row.held);
        let tally = match self.changed.entry(change.first_byte()) {
            btree_map::Entry::Occupied(tally) => tally.into_mut(),
            btree_map::Entry::Vacant(place) => {
                let at = key(&[&self.generation, &[change.first_byte()]]);
                place.insert(self.tallies.get(&at)?.unwrap_or_default())
            }
        };
        tally.change(change);
        Ok(())
    }

    fn arrival_key(&self, category: u8, arrival: u64) -> Vec<u8> {
        key(&[&self.generation, &[category], &arrival.to_be_bytes()])
    }
}
