//! What the server holds of a grant in the order of slots, and the sums of it: what comparing needs.
//!
//! Slots are keyed hashes, so rows in their order lie anywhere. Put in its place at once, each entry of a
//! large grant would write a page of its own. So changes are noted one behind another, and put in their
//! places many at once: when there are many, and before the two sides compare.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vault_file::{ReadTable, Snapshot, Table, Transaction, WriteTable};
use vault_wire::{
    entry::ContentTag,
    id::{GrantId, RecordId, Slot},
    reconcile::{Change, Edge, Item, Set, Span, Tallied, Tally},
};

use crate::{
    error::Error,
    store::{
        decode, encode, grant_key, remove_all,
        tables::{CHANGED_SLOTS, TALLIES},
    },
};

/// Changes in one row, which fills most of a page.
const CHANGES_PER_ROW: usize = 64;

/// What the server holds in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Filled {
    pub(super) tag: ContentTag,
    /// The record behind the slot, which only this device can tell.
    pub(super) record: RecordId,
}

impl Filled {
    fn decode(row: &[u8]) -> Result<Self, Error> {
        decode(row, "a held slot")
    }
}

/// What a slot holds from now on; nothing if it was emptied.
pub(super) type ChangedSlot = (Slot, Option<Filled>);

/// The table of a generation: slot → what the server holds in it.
fn slots_table(grant: GrantId, generation: u32) -> Table {
    Table::named(format!("slots/{grant}/{generation}"))
}

/// Where the sums and the noted changes of a generation stand.
pub(super) fn generation_prefix(grant: GrantId, generation: u32) -> Vec<u8> {
    grant_key(grant, &generation.to_be_bytes())
}

/// Notes changes behind the `before` that are noted already.
pub(super) fn note(
    transaction: &Transaction,
    (grant, generation): (GrantId, u32),
    before: u64,
    changes: &[ChangedSlot],
) -> Result<(), Error> {
    let prefix = generation_prefix(grant, generation);
    let numbers = (before..).step_by(CHANGES_PER_ROW);
    let rows: Vec<_> = numbers
        .zip(changes.chunks(CHANGES_PER_ROW))
        .map(|(number, chunk)| ([&prefix[..], &number.to_be_bytes()].concat(), encode(&chunk)))
        .collect();
    Ok(transaction.table(&CHANGED_SLOTS)?.insert_sorted(&rows)?)
}

/// Puts all noted changes in their places.
pub(super) fn put_in_place(transaction: &Transaction, grant: GrantId, generation: u32) -> Result<(), Error> {
    let changes = take_noted(transaction, &generation_prefix(grant, generation))?;
    let mut slots = transaction.table(&slots_table(grant, generation))?;
    let mut tallies = Tallies::of(transaction, grant, generation)?;
    let mut filled = Vec::with_capacity(changes.len());
    for (slot, becomes) in changes {
        let before = slots.get_with(slot.as_bytes(), Filled::decode)?.transpose()?;
        if let Some(before) = before {
            tallies.change(&Change::Removed(Item::new(slot, before.tag)))?;
        }
        match becomes {
            Some(now) => {
                tallies.change(&Change::Added(Item::new(slot, now.tag)))?;
                filled.push((*slot.as_bytes(), encode(&now)));
            }
            None => drop(slots.remove(slot.as_bytes())?),
        }
    }
    slots.insert_sorted(&filled)?;
    tallies.store()
}

/// The noted changes, of each slot the last, in the order of slots. They are not noted any more.
fn take_noted(transaction: &Transaction, prefix: &[u8]) -> Result<Vec<ChangedSlot>, Error> {
    let mut noted = transaction.table(&CHANGED_SLOTS)?;
    let rows = noted.prefix(prefix)?.collect::<Result<Vec<_>, _>>()?;
    let mut changes: Vec<ChangedSlot> = Vec::new();
    for (key, row) in rows {
        changes.extend(decode::<Vec<ChangedSlot>>(&row, "a changed slot")?);
        noted.remove(&key)?;
    }
    changes.reverse();
    changes.sort_by_key(|(slot, _)| *slot);
    changes.dedup_by_key(|(slot, _)| *slot);
    Ok(changes)
}

/// Removes all that is kept here of a generation.
pub(super) fn remove(transaction: &Transaction, grant: GrantId, generation: u32) -> Result<(), Error> {
    transaction.remove_table(&slots_table(grant, generation))?;
    for table in [&TALLIES, &CHANGED_SLOTS] {
        remove_all(transaction, table, &generation_prefix(grant, generation))?;
    }
    Ok(())
}

/// The slots of a generation as they stand in a view.
pub(super) struct BySlot(ReadTable);

impl BySlot {
    pub(super) fn of(view: &Snapshot, grant: GrantId, generation: u32) -> Result<Self, Error> {
        Ok(Self(view.table(&slots_table(grant, generation))?))
    }

    /// The record behind a slot that the server holds.
    pub(super) fn record(&self, slot: Slot) -> Result<Option<RecordId>, Error> {
        let filled = self.0.get_with(slot.as_bytes(), Filled::decode)?.transpose()?;
        Ok(filled.map(|filled| filled.record))
    }

    fn items(&self, span: &Span, limit: usize) -> Result<Vec<Item>, Error> {
        let Edge::At(first) = span.from else {
            return Ok(Vec::new());
        };
        let mut items = Vec::new();
        let from = first.slot();
        for row in self.0.range(from.as_bytes().as_slice()..)? {
            let (key, value) = row?;
            let slot = key
                .as_slice()
                .try_into()
                .map_err(|_| Error::unreadable("a held slot"))?;
            let item = Item::new(Slot(slot), Filled::decode(&value)?.tag);
            if Edge::At(item) >= span.to || items.len() == limit {
                break;
            }
            if span.contains(&item) {
                items.push(item);
            }
        }
        Ok(items)
    }
}

/// What the server holds of a generation as far as changes are in their places, to be compared with what it
/// says it holds.
pub(super) fn compared(
    view: &Snapshot,
    grant: GrantId,
    generation: u32,
) -> Result<impl Set<Error = Error>, Error> {
    let slots = BySlot::of(view, grant, generation)?;
    let mut tallies: Vec<(u8, Tally)> = Vec::new();
    for row in view
        .table(&TALLIES)?
        .prefix(&generation_prefix(grant, generation))?
    {
        let (key, row) = row?;
        let first = key.as_slice().last().copied().unwrap_or_default();
        tallies.push((first, decode(&row, "a tally")?));
    }
    Ok(Tallied::new(tallies, move |span: &Span, limit: usize| {
        slots.items(span, limit)
    }))
}

/// The tallies of what a grant holds, as far as they were touched.
struct Tallies<'t> {
    table: WriteTable<'t>,
    prefix: Vec<u8>,
    touched: BTreeMap<u8, Tally>,
}

impl<'t> Tallies<'t> {
    fn of(transaction: &'t Transaction, grant: GrantId, generation: u32) -> Result<Self, Error> {
        Ok(Self {
            table: transaction.table(&TALLIES)?,
            prefix: generation_prefix(grant, generation),
            touched: BTreeMap::new(),
        })
    }

    /// Makes a change to the bucket that it belongs to.
    fn change(&mut self, change: &Change) -> Result<(), Error> {
        use std::collections::btree_map::Entry;
        let first = change.first_byte();
        let tally = match self.touched.entry(first) {
            Entry::Occupied(tally) => tally.into_mut(),
            Entry::Vacant(place) => {
                let row = self.table.get(&[&self.prefix[..], &[first]].concat())?;
                place.insert(row.map_or(Ok(Tally::default()), |row| decode(&row, "a tally"))?)
            }
        };
        tally.change(change);
        Ok(())
    }

    fn store(mut self) -> Result<(), Error> {
        for (first, tally) in &self.touched {
            let key = [&self.prefix[..], &[*first]].concat();
            if tally.is_empty() {
                self.table.remove(&key)?;
            } else {
                self.table.insert(&key, &encode(tally))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::{
        ChaCha20Rng,
        rand_core::{Rng, SeedableRng},
    };
    use vault_file::{Entropy, NewSlot, Options, RawKey, SealedFile};
    use vault_wire::reconcile::Summary;

    use super::*;

    const GRANT: GrantId = GrantId([5; 16]);

    fn file(folder: &tempfile::TempDir) -> SealedFile {
        let (key, entropy) = (RawKey::new(&[1; 32]), Entropy::new(ChaCha20Rng::seed_from_u64(0)));
        let path = folder.path().join("test.vault");
        SealedFile::create(&path, &[NewSlot::RawKey(&key)], entropy, &Options::default()).unwrap()
    }

    fn change(file: &SealedFile, change: impl FnOnce(&Transaction) -> Result<(), Error>) {
        let transaction = file.write().unwrap();
        change(&transaction).unwrap();
        transaction.commit().unwrap();
    }

    /// Some changes, of which several may be of one slot.
    fn some_changes(rng: &mut ChaCha20Rng) -> Vec<ChangedSlot> {
        let count = [1, 63, 64, 300][rng.next_u32() as usize % 4];
        let mut changes = Vec::new();
        for _ in 0..count {
            let (number, tag) = (rng.next_u32() % 400, rng.next_u64());
            let slot = Slot((u128::from(number) << 117 | u128::from(number)).to_be_bytes());
            let filled = Filled {
                tag: ContentTag(u128::from(tag).to_le_bytes()),
                record: RecordId(u128::from(number).to_be_bytes()),
            };
            changes.push((slot, (!rng.next_u32().is_multiple_of(3)).then_some(filled)));
        }
        changes
    }

    #[test]
    fn changes_that_are_put_in_place_late_leave_what_they_would_have_left_at_once() {
        for seed in 0..8 {
            let mut rng = ChaCha20Rng::seed_from_u64(seed);
            let folder = tempfile::tempdir().unwrap();
            let file = file(&folder);
            let (mut model, mut noted) = (BTreeMap::new(), 0);
            for _ in 0..12 {
                let changes = some_changes(&mut rng);
                change(&file, |transaction| {
                    note(transaction, (GRANT, 1), noted, &changes)
                });
                noted += changes.len() as u64;
                model.extend(changes);
                if rng.next_u32().is_multiple_of(3) {
                    change(&file, |transaction| put_in_place(transaction, GRANT, 1));
                    noted = 0;
                }
            }
            change(&file, |transaction| put_in_place(transaction, GRANT, 1));
            let view = file.read().unwrap();
            let expected: Vec<Item> = model
                .iter()
                .filter_map(|(slot, filled)| filled.map(|filled: Filled| Item::new(*slot, filled.tag)))
                .collect();
            let slots = BySlot::of(&view, GRANT, 1).unwrap();
            assert_eq!(
                slots.items(&Span::ALL, usize::MAX).unwrap(),
                expected,
                "seed {seed}"
            );
            for (slot, filled) in &model {
                assert_eq!(
                    slots.record(*slot).unwrap(),
                    filled.map(|filled| filled.record),
                    "seed {seed}"
                );
            }
            let sum = compared(&view, GRANT, 1).unwrap().summary(&Span::ALL).unwrap();
            assert_eq!(sum, expected.iter().collect::<Summary>(), "seed {seed}");
            change(&file, |transaction| remove(transaction, GRANT, 1));
            let view = file.read().unwrap();
            for table in [&TALLIES, &CHANGED_SLOTS, &slots_table(GRANT, 1)] {
                assert!(view.table(table).unwrap().is_empty().unwrap());
            }
        }
    }
}
