//! Reading: a snapshot is one committed state, whatever is written meanwhile.

use std::fmt;
use std::ops::RangeBounds;
use std::sync::Arc;

use redb::{ReadOnlyTable, ReadTransaction, ReadableTable, ReadableTableMetadata, TableHandle};

use super::fence::Fence;
use super::{Database, Rows, Table, bounds};
use crate::error::Error;

/// One committed state of the whole file. It never changes and never blocks the writer.
///
/// The file stays open as long as a snapshot of it lives, and pages that the snapshot needs are not reused:
/// do not keep one longer than needed.
pub struct Snapshot {
    reading: Fence<ReadTransaction>,
    database: Arc<Database>,
}

impl Snapshot {
    pub(crate) fn take(database: &Arc<Database>) -> Result<Self, Error> {
        let reading = database.begin_read()?;
        // A transaction shows as soon as it is committed in memory. What is shown here cannot vanish again.
        database.journal.wait_for_all()?;
        Ok(Self {
            reading,
            database: Arc::clone(database),
        })
    }

    /// A table. One that does not exist in this state reads as empty.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for a name that no table can have; otherwise what the file reports.
    pub fn table(&self, table: &Table) -> Result<ReadTable, Error> {
        table.check()?;
        let opened = self
            .reading
            .run(|reading| match reading.open_table(table.definition()) {
                Ok(opened) => Ok(Some(opened)),
                Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
                Err(error) => Err(error),
            })?;
        Ok(ReadTable {
            rows: opened.map(|opened| Fence::new(opened, self.database.health())),
            database: Arc::clone(&self.database),
        })
    }

    /// Every table of this state, in the order of their names.
    ///
    /// # Errors
    ///
    /// What the file reports.
    pub fn tables(&self) -> Result<Vec<Table>, Error> {
        self.reading.run(|reading| {
            Ok::<_, redb::StorageError>(
                reading
                    .list_tables()?
                    .map(|table| Table::named(table.name()))
                    .collect(),
            )
        })
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Snapshot(..)")
    }
}

/// A table in a snapshot. It may outlive the [`Snapshot`] it came from.
pub struct ReadTable {
    rows: Option<Fence<ReadOnlyTable<&'static [u8], &'static [u8]>>>,
    database: Arc<Database>,
}

impl ReadTable {
    /// The value of a key.
    ///
    /// # Errors
    ///
    /// What the file reports.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.get_with(key, <[u8]>::to_vec)
    }

    /// Calls `use_value` on the value of a key where it lies, without copying it.
    ///
    /// # Errors
    ///
    /// What the file reports.
    pub fn get_with<R>(&self, key: &[u8], use_value: impl FnOnce(&[u8]) -> R) -> Result<Option<R>, Error> {
        let Some(rows) = &self.rows else { return Ok(None) };
        rows.run_with_gate(|rows, gate| {
            let found = ReadableTable::get(rows, key)?;
            Ok::<_, redb::StorageError>(found.map(|found| {
                let value = found.value();
                gate.call(|| use_value(value))
            }))
        })
    }

    /// The rows whose keys lie within bounds. Bounds that contain nothing give no rows.
    ///
    /// # Errors
    ///
    /// What the file reports.
    pub fn range<'k>(&self, keys: impl RangeBounds<&'k [u8]>) -> Result<Rows<'static>, Error> {
        let (Some(rows), Some(keys)) = (&self.rows, bounds::checked(&keys)) else {
            return Ok(Rows::empty());
        };
        let range = rows.run(|rows| rows.range::<&[u8]>(keys))?;
        Ok(Rows::over(Fence::new(range, self.database.health())))
    }

    /// The rows whose keys begin with `prefix`.
    ///
    /// # Errors
    ///
    /// What the file reports.
    pub fn prefix(&self, prefix: &[u8]) -> Result<Rows<'static>, Error> {
        let end = bounds::after_prefix(prefix);
        self.range(bounds::of_prefix(prefix, end.as_deref()))
    }

    /// How many rows the table has.
    ///
    /// # Errors
    ///
    /// What the file reports.
    pub fn len(&self) -> Result<u64, Error> {
        self.rows
            .as_ref()
            .map_or(Ok(0), |rows| rows.run(ReadableTableMetadata::len))
    }

    /// Whether the table has no row.
    ///
    /// # Errors
    ///
    /// What the file reports.
    pub fn is_empty(&self) -> Result<bool, Error> {
        Ok(self.len()? == 0)
    }
}

impl fmt::Debug for ReadTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReadTable(..)")
    }
}
