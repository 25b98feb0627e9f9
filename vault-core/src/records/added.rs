//! Rows of records that were added and are not yet in the tables: in key order they go in at once, which takes half
//! the time of single inserts.

use std::collections::BTreeMap;

use vault_wire::catalogue::Category;

use super::{
    Record,
    write::{Change, time_key},
};
use crate::store::{encode, u64_key};

/// What stands in a row whose key says all.
type Nothing = [u8; 0];

/// Rows of each table.
#[derive(Default)]
pub(super) struct Added {
    pub(super) records: Vec<([u8; 16], Vec<u8>)>,
    pub(super) changes: Vec<([u8; 8], Vec<u8>)>,
    pub(super) by_time: BTreeMap<Category, Vec<([u8; 25], Nothing)>>,
}

impl Added {
    /// Adds the rows of a record that has none yet.
    pub(super) fn add(&mut self, record: &Record) {
        let change = Change {
            record: record.id,
            category: record.category,
            deleted: false,
        };
        self.records.push((*record.id.as_bytes(), encode(record)));
        self.changes.push((u64_key(record.seq), encode(&change)));
        self.by_time
            .entry(record.category)
            .or_default()
            .push((time_key(record), []));
    }

    /// All rows in key order.
    pub(super) fn sorted(mut self) -> Self {
        self.records.sort_unstable();
        self.changes.sort_unstable();
        self.by_time.values_mut().for_each(|times| times.sort_unstable());
        self
    }
}
