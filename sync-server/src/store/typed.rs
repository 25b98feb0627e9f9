//! Typed rows over tables of bytes, in a snapshot or in a transaction.

use std::{cell::Cell, marker::PhantomData, ops::ControlFlow};

use serde::{Serialize, de::DeserializeOwned};
use vault_file::{Snapshot, Table, Transaction, WriteTable};

use super::StoreError;

/// A table whose values are `R`.
pub(crate) struct Typed<R> {
    name: &'static str,
    table: Table,
    row: PhantomData<fn() -> R>,
}

impl<R> Typed<R> {
    pub(crate) const fn new(name: &'static str) -> Self {
        Self {
            name,
            table: Table::new(name),
            row: PhantomData,
        }
    }
}

impl<R: DeserializeOwned> Typed<R> {
    fn decode(&self, bytes: &[u8]) -> Result<R, StoreError> {
        postcard::from_bytes(bytes).map_err(|_| StoreError::Row(self.name))
    }
}

/// What can be read, of a snapshot and of a transaction alike.
pub(crate) trait Rows {
    /// The row of a key.
    fn get<R: DeserializeOwned>(&self, table: &Typed<R>, key: &[u8]) -> Result<Option<R>, StoreError>;

    /// Calls `visit` with the rows whose keys begin with `prefix`, from `from` on, in order of keys,
    /// until it breaks. `visit` gets what follows the prefix in the key.
    fn scan<R: DeserializeOwned>(
        &self,
        table: &Typed<R>,
        prefix: &[u8],
        from: &[u8],
        visit: impl FnMut(&[u8], R) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Whether there is a row.
    fn has<R: DeserializeOwned>(&self, table: &Typed<R>, key: &[u8]) -> Result<bool, StoreError> {
        Ok(self.get(table, key)?.is_some())
    }

    /// At most `limit` rows whose keys begin with `prefix`: what follows it, and the row.
    fn rows<R: DeserializeOwned>(
        &self,
        table: &Typed<R>,
        prefix: &[u8],
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, R)>, StoreError> {
        let mut rows = Vec::new();
        if limit > 0 {
            self.scan(table, prefix, &[], |rest, row| {
                rows.push((rest.to_vec(), row));
                if rows.len() < limit {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            })?;
        }
        Ok(rows)
    }
}

/// A consistent view of what is committed.
pub(crate) struct View(pub(super) Snapshot);

impl Rows for View {
    fn get<R: DeserializeOwned>(&self, table: &Typed<R>, key: &[u8]) -> Result<Option<R>, StoreError> {
        self.0
            .table(&table.table)?
            .get_with(key, |bytes| table.decode(bytes))?
            .transpose()
    }

    fn scan<R: DeserializeOwned>(
        &self,
        table: &Typed<R>,
        prefix: &[u8],
        from: &[u8],
        visit: impl FnMut(&[u8], R) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let rows = self.0.table(&table.table)?;
        let start = [prefix, from].concat();
        walk(table, prefix, rows.range(start.as_slice()..)?, visit)
    }
}

/// One transaction. It is durable once the writer has committed it; an error undoes all of it.
pub(crate) struct Tx {
    transaction: Transaction,
    changed: Cell<bool>,
}

impl Tx {
    pub(super) fn new(transaction: Transaction) -> Self {
        Self {
            transaction,
            changed: Cell::new(false),
        }
    }

    /// Sets a row.
    pub(crate) fn put<R: Serialize>(&self, table: &Typed<R>, key: &[u8], row: &R) -> Result<(), StoreError> {
        let bytes = postcard::to_stdvec(row).map_err(|_| StoreError::Row(table.name))?;
        self.changed.set(true);
        self.transaction.table(&table.table)?.insert(key, &bytes)?;
        Ok(())
    }

    /// Removes a row. Returns whether it was there.
    pub(crate) fn remove<R>(&self, table: &Typed<R>, key: &[u8]) -> Result<bool, StoreError> {
        self.changed.set(true);
        Ok(self.transaction.table(&table.table)?.remove(key)?)
    }

    /// Removes at most `limit` rows whose keys begin with `prefix`. Returns whether none is left.
    pub(crate) fn remove_all<R>(
        &self,
        table: &Typed<R>,
        prefix: &[u8],
        limit: usize,
    ) -> Result<bool, StoreError> {
        let mut rows = self.transaction.table(&table.table)?;
        let mut keys = Vec::new();
        for row in rows.prefix(prefix)?.take(limit + 1) {
            keys.push(row?.0);
        }
        let none_left = keys.len() <= limit;
        self.changed.set(self.changed.get() || !keys.is_empty());
        for key in keys.iter().take(limit) {
            rows.remove(key)?;
        }
        Ok(none_left)
    }

    /// A table to be used many times. No other use of the same table may overlap.
    pub(crate) fn open<'t, R>(&'t self, table: &'t Typed<R>) -> Result<Opened<'t, R>, StoreError> {
        Ok(Opened {
            table,
            rows: self.transaction.table(&table.table)?,
            changed: &self.changed,
        })
    }

    /// Makes the changes durable, if there are any.
    pub(super) fn commit(self) -> Result<(), StoreError> {
        if self.changed.get() {
            self.transaction.commit()?;
        } else {
            self.transaction.abort();
        }
        Ok(())
    }
}

/// An open table of a transaction.
pub(crate) struct Opened<'t, R> {
    table: &'t Typed<R>,
    rows: WriteTable<'t>,
    changed: &'t Cell<bool>,
}

impl<R: Serialize + DeserializeOwned> Opened<'_, R> {
    /// The row of a key.
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<R>, StoreError> {
        self.rows
            .get_with(key, |bytes| self.table.decode(bytes))?
            .transpose()
    }

    /// Sets a row.
    pub(crate) fn put(&mut self, key: &[u8], row: &R) -> Result<(), StoreError> {
        let bytes = postcard::to_stdvec(row).map_err(|_| StoreError::Row(self.table.name))?;
        self.changed.set(true);
        self.rows.insert(key, &bytes)?;
        Ok(())
    }

    /// Sets many rows, whose keys ascend.
    pub(crate) fn put_sorted(
        &mut self,
        rows: impl IntoIterator<Item = (Vec<u8>, R)>,
    ) -> Result<(), StoreError> {
        let encoded = |(key, row)| {
            let bytes = postcard::to_stdvec(&row).map_err(|_| StoreError::Row(self.table.name))?;
            Ok((key, bytes))
        };
        let rows: Vec<(Vec<u8>, Vec<u8>)> =
            rows.into_iter().map(encoded).collect::<Result<_, StoreError>>()?;
        self.changed.set(self.changed.get() || !rows.is_empty());
        self.rows.insert_sorted(&rows)?;
        Ok(())
    }

    /// Removes a row.
    pub(crate) fn remove(&mut self, key: &[u8]) -> Result<(), StoreError> {
        self.changed.set(true);
        self.rows.remove(key)?;
        Ok(())
    }
}

impl Rows for Tx {
    fn get<R: DeserializeOwned>(&self, table: &Typed<R>, key: &[u8]) -> Result<Option<R>, StoreError> {
        self.transaction
            .table(&table.table)?
            .get_with(key, |bytes| table.decode(bytes))?
            .transpose()
    }

    fn scan<R: DeserializeOwned>(
        &self,
        table: &Typed<R>,
        prefix: &[u8],
        from: &[u8],
        visit: impl FnMut(&[u8], R) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let rows = self.transaction.table(&table.table)?;
        let start = [prefix, from].concat();
        walk(table, prefix, rows.range(start.as_slice()..)?, visit)
    }
}

fn walk<R: DeserializeOwned, K: AsRef<[u8]>, V: AsRef<[u8]>>(
    table: &Typed<R>,
    prefix: &[u8],
    rows: impl Iterator<Item = Result<(K, V), vault_file::Error>>,
    mut visit: impl FnMut(&[u8], R) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    for row in rows {
        let (key, value) = row?;
        let Some(rest) = key.as_ref().strip_prefix(prefix) else {
            return Ok(());
        };
        if visit(rest, table.decode(value.as_ref())?).is_break() {
            return Ok(());
        }
    }
    Ok(())
}
