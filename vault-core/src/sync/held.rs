//! The held set of a grant: slot → what the server holds there. One table a generation, so that it can
//! go at once.

use serde::{Deserialize, Serialize};
use vault_file::{ReadTable, Snapshot, Table};
use vault_wire::{
    entry::ContentTag,
    id::{GrantId, RecordId, Slot},
    reconcile::{Edge, Item, Set, Span, Tallied, Tally},
};

use super::progress::tally_prefix;
use crate::{
    error::Error,
    store::{decode, tables::TALLIES},
};

/// What the server holds in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    pub(super) rev: u64,
    pub(super) tag: ContentTag,
    /// The record behind the slot, which only this device can tell.
    pub(super) record: RecordId,
}

impl Held {
    pub(super) fn decode(row: &[u8]) -> Result<Self, Error> {
        decode(row, "a held entry")
    }
}

/// The table of a generation.
pub(super) fn held_table(grant: GrantId, generation: u32) -> Table {
    Table::named(format!("held/{grant}/{generation}"))
}

/// The held set as it stands in a view.
pub(super) struct HeldSet(ReadTable);

impl HeldSet {
    pub(super) fn of(view: &Snapshot, grant: GrantId, generation: u32) -> Result<Self, Error> {
        Ok(Self(view.table(&held_table(grant, generation))?))
    }

    /// What the server holds in a slot.
    pub(super) fn get(&self, slot: Slot) -> Result<Option<Held>, Error> {
        self.0.get_with(slot.as_bytes(), Held::decode)?.transpose()
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
                .map_err(|_| Error::unreadable("a held entry"))?;
            let item = Item::new(Slot(slot), Held::decode(&value)?.tag);
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

/// The held set, to be compared with what the server holds.
pub(super) fn compared(
    view: &Snapshot,
    grant: GrantId,
    generation: u32,
) -> Result<impl Set<Error = Error>, Error> {
    let held = HeldSet::of(view, grant, generation)?;
    let mut tallies: Vec<(u8, Tally)> = Vec::new();
    for row in view.table(&TALLIES)?.prefix(&tally_prefix(grant, generation))? {
        let (key, row) = row?;
        let first = key.as_slice().last().copied().unwrap_or_default();
        tallies.push((first, decode(&row, "a tally")?));
    }
    Ok(Tallied::new(tallies, move |span: &Span, limit: usize| {
        held.items(span, limit)
    }))
}
