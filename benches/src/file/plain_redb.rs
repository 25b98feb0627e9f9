//! redb without anything below it, in the vault file's commit mode: two-phase and quick-repair.

use std::{hint::black_box, ops::Bound, path::Path, sync::Arc};

use anyhow::Context;
use redb::{Database, ReadableDatabase, TableDefinition, WriteTransaction};

use super::engine::{Engine, Writer};
use crate::workload::{CATEGORIES, Id, Item};

const RECORDS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("records");

/// Names of the index tables, one a category.
const BY_TIME: [&str; CATEGORIES as usize] = [
    "time/0", "time/1", "time/2", "time/3", "time/4", "time/5", "time/6", "time/7", "time/8", "time/9",
    "time/10", "time/11", "time/12", "time/13", "time/14", "time/15",
];

fn by_time(name: &str) -> TableDefinition<'_, &'static [u8], &'static [u8]> {
    TableDefinition::new(name)
}

pub(super) struct PlainRedb(Arc<Database>);

impl PlainRedb {
    /// Opens the file at `path`, or makes one.
    pub(super) fn open(path: &Path, cache_bytes: usize) -> anyhow::Result<Self> {
        let database = Database::builder().set_cache_size(cache_bytes).create(path)?;
        Ok(Self(Arc::new(database)))
    }
}

fn begin(database: &Database) -> anyhow::Result<WriteTransaction> {
    let mut transaction = database.begin_write()?;
    transaction.set_two_phase_commit(true);
    transaction.set_quick_repair(true);
    Ok(transaction)
}

/// Adds rows that ascend at the end of a table, as redb does it fastest.
fn append<'r>(
    transaction: &WriteTransaction,
    table: TableDefinition<'_, &'static [u8], &'static [u8]>,
    rows: impl Iterator<Item = (&'r [u8], &'r [u8])>,
) -> anyhow::Result<()> {
    let mut table = transaction.open_table(table)?;
    let mut end = table.upper_bound_mut(Bound::<&[u8]>::Unbounded)?;
    for (key, value) in rows {
        end.insert_before(key, value)?;
    }
    Ok(end.close()?)
}

impl Engine for PlainRedb {
    fn import(&self, items: &[Item]) -> anyhow::Result<()> {
        let transaction = begin(&self.0)?;
        append(
            &transaction,
            RECORDS,
            items
                .iter()
                .map(|item| (item.id.as_slice(), item.body.as_slice())),
        )?;
        for (category, name) in (0..).zip(BY_TIME) {
            let of_category = items.iter().filter(|item| item.category == category);
            let keys: Vec<_> = of_category.map(Item::time_key).collect();
            append(
                &transaction,
                by_time(name),
                keys.iter().map(|key| (key.as_slice(), [].as_slice())),
            )?;
        }
        Ok(transaction.commit()?)
    }

    fn insert(&self, items: &[Item]) -> anyhow::Result<()> {
        let transaction = begin(&self.0)?;
        {
            let mut records = transaction.open_table(RECORDS)?;
            let mut indexes = Vec::with_capacity(BY_TIME.len());
            for name in BY_TIME {
                indexes.push(transaction.open_table(by_time(name))?);
            }
            for item in items {
                records.insert(item.id.as_slice(), item.body.as_slice())?;
                indexes[usize::from(item.category)].insert(item.time_key().as_slice(), [].as_slice())?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn get_all(&self, ids: &[Id]) -> anyhow::Result<()> {
        let records = self.0.begin_read()?.open_table(RECORDS)?;
        for id in ids {
            black_box(
                records
                    .get(id.as_slice())?
                    .context("a record is missing")?
                    .value(),
            );
        }
        Ok(())
    }

    fn scan(&self) -> anyhow::Result<u64> {
        let snapshot = self.0.begin_read()?;
        let mut seen = 0;
        for name in BY_TIME {
            for row in snapshot.open_table(by_time(name))?.range::<&[u8]>(..)? {
                let (key, value) = row?;
                black_box((key.value(), value.value()));
                seen += 1;
            }
        }
        Ok(seen)
    }

    fn writers(&self, count: usize) -> anyhow::Result<Vec<Writer>> {
        let writer = || {
            let database = Arc::clone(&self.0);
            Box::new(move |item: &Item| commit(&database, item)) as Writer
        };
        Ok((0..count).map(|_| writer()).collect())
    }
}

fn commit(database: &Database, item: &Item) -> anyhow::Result<()> {
    let transaction = begin(database)?;
    transaction
        .open_table(RECORDS)?
        .insert(item.id.as_slice(), item.body.as_slice())?;
    transaction
        .open_table(by_time(BY_TIME[usize::from(item.category)]))?
        .insert(item.time_key().as_slice(), [].as_slice())?;
    Ok(transaction.commit()?)
}
