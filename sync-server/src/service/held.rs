//! Writing what is held of one generation of a grant: the entries in the order in which they arrive, and
//! what stands in their slots.

use std::collections::BTreeMap;

use vault_wire::{
    entry::{Body, ContentTag, Entry},
    frame::Rejection,
    reconcile::{Change, Item},
    time::Timestamp,
};

use super::slots::Slots;
use crate::{
    Server,
    store::{
        EntryRow, GrantRow, Opened, Place, SlotRow, StoreError, Tx,
        tables::{ENTRIES, key},
    },
};

/// One generation of a grant, being written. Nothing is written before [`finish`](Self::finish).
pub(super) struct Holding<'t> {
    generation: Vec<u8>,
    entries: Opened<'t, EntryRow>,
    slots: Slots<'t>,
    /// Entries that arrived, by their keys.
    arrived: BTreeMap<Vec<u8>, EntryRow>,
}

impl<'t> Holding<'t> {
    /// The generation of a grant that its row names.
    pub(super) fn of(
        server: &'t Server,
        tx: &'t Tx,
        grant: &[u8],
        row: &GrantRow,
    ) -> Result<Self, StoreError> {
        let generation = key(&[grant, &row.generation.to_be_bytes()]);
        Ok(Self {
            slots: Slots::of(server, tx, &generation, row)?,
            entries: tx.open(&ENTRIES)?,
            arrived: BTreeMap::new(),
            generation,
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
        if let Some(before) = self.slots.get(slot)? {
            if before.rev == rev && before.tag() == tag {
                return Ok(Ok(()));
            }
            if before.rev >= rev {
                return Ok(Err(Rejection::Stale(before.rev)));
            }
            if let Some(place) = before.place {
                Change::Removed(Item::new(slot, place.tag)).make(&mut row.held);
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
            Change::Added(Item::new(slot, tag)).make(&mut row.held);
            let arrived = EntryRow {
                entry,
                statement,
                updated_at: now,
            };
            self.arrived.insert(self.key_of(place), arrived);
        }
        self.slots.set(slot, SlotRow { rev, place });
        Ok(Ok(()))
    }

    /// Writes it all down, in the order of the keys.
    pub(super) fn finish(mut self, row: &GrantRow, now: Timestamp) -> Result<(), StoreError> {
        self.entries.put_sorted(self.arrived)?;
        self.slots.finish(row, now)
    }

    fn remove(&mut self, place: Place) -> Result<(), StoreError> {
        let at = self.key_of(place);
        match self.arrived.remove(&at) {
            Some(_) => Ok(()),
            None => self.entries.remove(&at),
        }
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
