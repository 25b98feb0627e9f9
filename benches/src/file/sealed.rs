//! The vault file, as vault-core uses it: raw bytes, one index table a category.

use std::{array, hint::black_box, ops::ControlFlow, path::Path};

use anyhow::Context;
use vault_file::{Entropy, NewSlot, Options, RawKey, SealedFile, Secret, Table};

use super::engine::{Engine, Writer};
use crate::workload::{CATEGORIES, Id, Item};

const RECORDS: Table = Table::new("records");

pub(super) struct Sealed {
    file: SealedFile,
    by_time: ByTime,
}

/// The index: one table a category.
type ByTime = [Table; CATEGORIES as usize];

fn raw_key() -> RawKey {
    RawKey::new(&[7; 32])
}

fn entropy() -> Entropy {
    Entropy::new(getrandom::SysRng)
}

fn options(cache_bytes: usize) -> Options {
    Options {
        cache_bytes,
        ..Options::default()
    }
}

impl Sealed {
    pub(super) fn create(path: &Path, cache_bytes: usize) -> anyhow::Result<Self> {
        let slots = [NewSlot::RawKey(&raw_key())];
        Ok(Self::over(SealedFile::create(
            path,
            &slots,
            entropy(),
            &options(cache_bytes),
        )?))
    }

    pub(super) fn open(path: &Path, cache_bytes: usize) -> anyhow::Result<Self> {
        let key = raw_key();
        let secret = Secret::RawKey(&key);
        Ok(Self::over(SealedFile::open(
            path,
            &secret,
            entropy(),
            &options(cache_bytes),
        )?))
    }

    fn over(file: SealedFile) -> Self {
        let by_time = array::from_fn(|category| Table::named(format!("time/{category}")));
        Self { file, by_time }
    }
}

impl Engine for Sealed {
    fn import(&self, items: &[Item]) -> anyhow::Result<()> {
        let transaction = self.file.write()?;
        let rows: Vec<_> = items.iter().map(|item| (&item.id, &item.body)).collect();
        transaction.table(&RECORDS)?.insert_sorted(&rows)?;
        for (category, table) in (0..).zip(&self.by_time) {
            let of_category = items.iter().filter(|item| item.category == category);
            let entries: Vec<_> = of_category.map(|item| (item.time_key(), [])).collect();
            transaction.table(table)?.insert_sorted(&entries)?;
        }
        Ok(transaction.commit()?)
    }

    fn insert(&self, items: &[Item]) -> anyhow::Result<()> {
        let transaction = self.file.write()?;
        {
            let mut records = transaction.table(&RECORDS)?;
            let mut by_time = Vec::with_capacity(self.by_time.len());
            for table in &self.by_time {
                by_time.push(transaction.table(table)?);
            }
            for item in items {
                records.insert(&item.id, &item.body)?;
                by_time[usize::from(item.category)].insert(&item.time_key(), &[])?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn get_all(&self, ids: &[Id]) -> anyhow::Result<()> {
        let records = self.file.read()?.table(&RECORDS)?;
        ids.iter().try_for_each(|id| {
            records
                .get_with(id, |body| _ = black_box(body))?
                .context("a record is missing")
        })
    }

    fn scan(&self) -> anyhow::Result<u64> {
        let snapshot = self.file.read()?;
        let mut seen = 0;
        for table in &self.by_time {
            let walked = snapshot.table(table)?.range(..)?.visit(|key, value| {
                black_box((key, value));
                seen += 1;
                ControlFlow::<()>::Continue(())
            })?;
            anyhow::ensure!(walked.is_continue(), "the walk broke off");
        }
        Ok(seen)
    }

    fn writers(&self, count: usize) -> anyhow::Result<Vec<Writer>> {
        let writer = || {
            let (file, by_time) = (self.file.clone(), self.by_time.clone());
            Box::new(move |item: &Item| commit(&file, &by_time, item)) as Writer
        };
        Ok((0..count).map(|_| writer()).collect())
    }
}

fn commit(file: &SealedFile, by_time: &ByTime, item: &Item) -> anyhow::Result<()> {
    let transaction = file.write()?;
    transaction.table(&RECORDS)?.insert(&item.id, &item.body)?;
    transaction
        .table(&by_time[usize::from(item.category)])?
        .insert(&item.time_key(), &[])?;
    Ok(transaction.commit()?)
}
