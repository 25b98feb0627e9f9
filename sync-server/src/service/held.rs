//! Writing what is held of one generation of a grant: the entries in the order in which they arrive, the
//! slots that they stand in, and the sums of them.

use std::collections::{BTreeMap, btree_map};

use vault_wire::{
    entry::{Body, ContentTag, Entry},
    frame::Rejection,
    id::Slot,
    reconcile::{Change, Item, Tally},
    time::Timestamp,
};

use crate::store::{
    EntryRow, GrantRow, Opened, Place, SlotRow, StoreError, Tx,
    tables::{ENTRIES, SLOTS, TALLIES, key},
};

/// One generation of a grant, being written. Nothing is written before [`finish`](Self::finish).
pub(super) struct Holding<'t> {
    generation: Vec<u8>,
    entries: Opened<'t, EntryRow>,
    slots: Opened<'t, SlotRow>,
    tallies: Opened<'t, Tally>,
    /// Entries that arrived, by their keys.
    arrived: BTreeMap<Vec<u8>, EntryRow>,
    /// Slots and tallies that changed.
    touched: BTreeMap<Slot, SlotRow>,
    changed: BTreeMap<u8, Tally>,
}

impl<'t> Holding<'t> {
    /// The generation of a grant that its row names.
    pub(super) fn of(tx: &'t Tx, grant: &[u8], row: &GrantRow) -> Result<Self, StoreError> {
        Ok(Self {
            generation: key(&[grant, &row.generation.to_be_bytes()]),
            entries: tx.open(&ENTRIES)?,
            slots: tx.open(&SLOTS)?,
            tallies: tx.open(&TALLIES)?,
            arrived: BTreeMap::new(),
            touched: BTreeMap::new(),
            changed: BTreeMap::new(),
        })
    }

    /// Takes an entry. A slot that is emptied keeps its revision, so that an older put cannot bring it back.
    pub(super) fn put(
        &mut self,
        row: &mut GrantRow,
        entry: Entry,
        statement: u64,
        now: Timestamp,
    ) -> Result<Result<(), Rejection>, StoreError> {
        let (slot, tag, rev) = (entry.slot, entry.tag, entry.rev);
        if let Some(before) = self.slot(slot)? {
            if before.rev == rev && before.tag() == tag {
                return Ok(Ok(()));
            }
            if before.rev >= rev {
                return Ok(Err(Rejection::Stale(before.rev)));
            }
            if let Some(place) = before.place {
                self.change(row, &Change::Removed(Item::new(slot, place.tag)))?;
                self.remove(place)?;
            }
        }
        let place = match entry.body {
            Body::Put { category, .. } => Some(Place {
                tag,
                category: category as u8,
                arrival: row.next_arrival,
            }),
            Body::Delete => None,
        };
        if let Some(place) = place {
            row.next_arrival += 1;
            self.change(row, &Change::Added(Item::new(slot, tag)))?;
            let arrived = EntryRow {
                entry,
                statement,
                updated_at: now,
            };
            self.arrived.insert(self.key_of(place), arrived);
        }
        self.touched.insert(slot, SlotRow { rev, place });
        Ok(Ok(()))
    }

    /// Writes it all down, in the order of the keys.
    pub(super) fn finish(mut self) -> Result<(), StoreError> {
        self.entries.put_sorted(self.arrived)?;
        let prefix = &self.generation;
        let slots = self.touched.into_iter();
        self.slots
            .put_sorted(slots.map(|(slot, row)| (key(&[prefix, slot.as_bytes()]), row)))?;
        for (first, tally) in &self.changed {
            let at = key(&[prefix, &[*first]]);
            if tally.is_empty() {
                self.tallies.remove(&at)?;
            } else {
                self.tallies.put(&at, tally)?;
            }
        }
        Ok(())
    }

    fn slot(&self, slot: Slot) -> Result<Option<SlotRow>, StoreError> {
        match self.touched.get(&slot) {
            Some(row) => Ok(Some(*row)),
            None => self.slots.get(&key(&[&self.generation, slot.as_bytes()])),
        }
    }

    fn remove(&mut self, place: Place) -> Result<(), StoreError> {
        let at = self.key_of(place);
        match self.arrived.remove(&at) {
            Some(_) => Ok(()),
            None => self.entries.remove(&at),
        }
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

    fn key_of(&self, place: Place) -> Vec<u8> {
        key(&[&self.generation, &[place.category], &place.arrival.to_be_bytes()])
    }
}

impl SlotRow {
    /// The tag of what stands there; zeros if it was emptied.
    fn tag(&self) -> ContentTag {
        self.place.map_or(ContentTag([0; 16]), |place| place.tag)
    }
}
