//! Writing records: the record, its indexes and one entry in the change index, in one transaction.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vault_file::{Snapshot, Transaction, WriteTable};
use vault_wire::{catalogue::Category, id::RecordId, time::Timestamp};

use super::{NewRecord, Record, added::Added, collection};
use crate::{
    error::Error,
    store::{
        Store, decode, encode, sortable_time,
        tables::{CHANGES, IMPORTED, META, RECORDS, by_time, meta},
        u64_key,
    },
};

/// One row of the change index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Change {
    pub(crate) record: RecordId,
    pub(crate) category: Category,
    /// Whether the record is gone.
    pub(crate) deleted: bool,
}

/// The last change sequence that was given out.
pub(crate) fn last_change(view: &Snapshot) -> Result<u64, Error> {
    let row = view.table(&META)?.get(meta::LAST_CHANGE)?;
    row.map_or(Ok(0), |row| decode(&row, "the change sequence"))
}

/// Writes records within one transaction; its tables stay open, so that an import pays for them once.
pub(crate) struct RecordWriter<'t> {
    transaction: &'t Transaction,
    store: &'t Store,
    now: Timestamp,
    records: WriteTable<'t>,
    changes: WriteTable<'t>,
    imported: WriteTable<'t>,
    by_time: BTreeMap<Category, WriteTable<'t>>,
    added: Added,
    last_change: u64,
}

impl<'t> RecordWriter<'t> {
    pub(crate) fn begin(store: &'t Store, transaction: &'t Transaction) -> Result<Self, Error> {
        let last_change = transaction.table(&META)?.get(meta::LAST_CHANGE)?;
        Ok(Self {
            transaction,
            store,
            now: store.now(),
            records: transaction.table(&RECORDS)?,
            changes: transaction.table(&CHANGES)?,
            imported: transaction.table(&IMPORTED)?,
            by_time: BTreeMap::new(),
            added: Added::default(),
            last_change: last_change.map_or(Ok(0), |row| decode(&row, "the change sequence"))?,
        })
    }

    /// Closes the tables and remembers the change sequence. Without it nothing may be committed.
    pub(crate) fn finish(mut self) -> Result<(), Error> {
        self.settle()?;
        self.transaction
            .table(&META)?
            .insert(meta::LAST_CHANGE, &encode(&self.last_change))?;
        Ok(())
    }

    /// Adds a record.
    pub(crate) fn put(&mut self, new: NewRecord) -> Result<RecordId, Error> {
        new.check()?;
        self.time_table(new.category)?;
        let id = RecordId::fresh(self.now, &mut self.store.host.randomness.clone());
        let NewRecord {
            category,
            occurred_at,
            fields,
            source,
        } = new;
        let record = Record {
            id,
            category,
            occurred_at,
            fields,
            source,
            created_at: self.now,
            updated_at: self.now,
            seq: self.next_change(),
        };
        self.added.add(&record);
        Ok(id)
    }

    /// Adds a record unless the same item was imported before.
    pub(crate) fn put_once(&mut self, item: &[u8; 32], new: NewRecord) -> Result<Option<RecordId>, Error> {
        if self.imported.get(item)?.is_some() {
            return Ok(None);
        }
        let id = self.put(new)?;
        self.imported.insert(item, id.as_bytes())?;
        Ok(Some(id))
    }

    /// Gives a record other fields and another time. Its category stays.
    pub(crate) fn update(&mut self, id: RecordId, new: NewRecord) -> Result<(), Error> {
        new.check()?;
        let before = self.take(id)?;
        if before.category != new.category {
            let reason = "cannot change: delete the record and add another";
            return Err(Error::InvalidRecord {
                category: before.category,
                field: "category".to_owned(),
                reason,
            });
        }
        let NewRecord {
            category,
            occurred_at,
            fields,
            source,
        } = new;
        let seq = self.next_change();
        self.insert(&Record {
            id,
            category,
            occurred_at,
            fields,
            source,
            updated_at: self.now,
            seq,
            ..before
        })
    }

    /// Deletes a record. A tombstone stays in the change index, so that what was shared follows.
    pub(crate) fn delete(&mut self, id: RecordId) -> Result<(), Error> {
        let before = self.take(id)?;
        let seq = self.next_change();
        let change = Change {
            record: id,
            category: before.category,
            deleted: true,
        };
        self.changes.insert(&u64_key(seq), &encode(&change))?;
        Ok(())
    }

    /// Takes a record and its index entries out.
    fn take(&mut self, id: RecordId) -> Result<Record, Error> {
        self.settle()?;
        let row = self
            .records
            .get(id.as_bytes())?
            .ok_or(Error::NotFound("record"))?;
        let record = Record::from_row(id, &row)?;
        self.records.remove(id.as_bytes())?;
        self.changes.remove(&u64_key(record.seq))?;
        self.time_table_of(record.category)?.remove(&time_key(&record))?;
        Ok(record)
    }

    fn insert(&mut self, record: &Record) -> Result<(), Error> {
        self.added.add(record);
        self.settle()
    }

    /// Puts what was added into the tables.
    fn settle(&mut self) -> Result<(), Error> {
        let rows = std::mem::take(&mut self.added).sorted();
        self.records.insert_sorted(&rows.records)?;
        self.changes.insert_sorted(&rows.changes)?;
        for (category, times) in rows.by_time {
            self.time_table_of(category)?.insert_sorted(&times)?;
        }
        Ok(())
    }

    /// The time index of a category that may be collected.
    fn time_table(&mut self, category: Category) -> Result<(), Error> {
        if !self.by_time.contains_key(&category) {
            collection::require(self.transaction, category)?;
            self.time_table_of(category)?;
        }
        Ok(())
    }

    fn time_table_of(&mut self, category: Category) -> Result<&mut WriteTable<'t>, Error> {
        use std::collections::btree_map::Entry;
        match self.by_time.entry(category) {
            Entry::Occupied(table) => Ok(table.into_mut()),
            Entry::Vacant(place) => Ok(place.insert(self.transaction.table(&by_time(category))?)),
        }
    }

    fn next_change(&mut self) -> u64 {
        self.last_change += 1;
        self.last_change
    }
}

/// Records without a time come first, under a zero.
pub(super) fn time_key(record: &Record) -> [u8; 25] {
    let mut key = [0; 25];
    if let Some(at) = record.occurred_at {
        key[0] = 1;
        key[1..9].copy_from_slice(&sortable_time(at));
    }
    key[9..].copy_from_slice(record.id.as_bytes());
    key
}
