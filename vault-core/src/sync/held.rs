//! The held set of a grant: record → what the server holds of it, as it acknowledged. One table a generation,
//! so that it can go at once. By record, because records are looked at in nearly the order of their ids: the
//! rows that a batch needs lie together. [`by_slot`](super::by_slot) has the same in the order of slots.

use serde::{Deserialize, Serialize};
use vault_file::{ReadTable, Snapshot, Table};
use vault_wire::{
    entry::ContentTag,
    id::{GrantId, RecordId},
};

use crate::{error::Error, store::decode};

/// What the server holds of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    pub(super) rev: u64,
    pub(super) tag: ContentTag,
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

    /// What the server holds of a record.
    pub(super) fn get(&self, record: RecordId) -> Result<Option<Held>, Error> {
        self.0.get_with(record.as_bytes(), Held::decode)?.transpose()
    }
}
