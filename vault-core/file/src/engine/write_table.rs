//! A table within a transaction.

use std::fmt;
use std::ops::RangeBounds;

use redb::{ReadableTable, ReadableTableMetadata};

use super::fence::Fence;
use super::{KEY_BYTES_MAX, Rows, Transaction, VALUE_BYTES_MAX, bounds};
use crate::error::Error;
use crate::journal::TableNumber;

/// A table within a transaction. It sees the changes that were made so far.
pub struct WriteTable<'t> {
    pub(super) rows: Fence<redb::Table<'t, &'static [u8], &'static [u8]>>,
    pub(super) number: TableNumber,
    pub(super) transaction: &'t Transaction,
}

impl WriteTable<'_> {
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
        let Some(found) = self.rows.run(|rows| rows.get(key))? else {
            return Ok(None);
        };
        let found = Fence::new(found, self.transaction.database().health());
        let value = found.run(|found| Ok::<_, redb::StorageError>(found.value()))?;
        Ok(Some(use_value(value)))
    }

    /// The rows whose keys lie within bounds. Bounds that contain nothing give no rows.
    ///
    /// # Errors
    ///
    /// What the file reports.
    pub fn range<'k>(&self, keys: impl RangeBounds<&'k [u8]>) -> Result<Rows<'_>, Error> {
        let Some(keys) = bounds::checked(&keys) else {
            return Ok(Rows::empty());
        };
        let range = self.rows.run(|rows| rows.range::<&[u8]>(keys))?;
        Ok(Rows::over(Fence::new(
            range,
            self.transaction.database().health(),
        )))
    }

    /// The rows whose keys begin with `prefix`.
    ///
    /// # Errors
    ///
    /// What the file reports.
    pub fn prefix(&self, prefix: &[u8]) -> Result<Rows<'_>, Error> {
        let end = bounds::after_prefix(prefix);
        self.range(bounds::of_prefix(prefix, end.as_deref()))
    }

    /// Sets the value of a key. Returns whether the key had one before.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] for a key over [`KEY_BYTES_MAX`](crate::KEY_BYTES_MAX) or a value over
    /// [`VALUE_BYTES_MAX`](crate::VALUE_BYTES_MAX); otherwise what the file reports.
    pub fn insert(&mut self, key: &[u8], value: &[u8]) -> Result<bool, Error> {
        check_len("a key", key, KEY_BYTES_MAX)?;
        check_len("a value", value, VALUE_BYTES_MAX)?;
        let replaced = self
            .rows
            .run_mut(|rows| rows.insert(key, value).map(|previous| previous.is_some()))?;
        self.transaction.did().insert(self.number, key, value);
        Ok(replaced)
    }

    /// Removes a key. Returns whether it was there.
    ///
    /// # Errors
    ///
    /// What the file reports.
    pub fn remove(&mut self, key: &[u8]) -> Result<bool, Error> {
        let removed = self
            .rows
            .run_mut(|rows| rows.remove(key).map(|previous| previous.is_some()))?;
        if removed {
            self.transaction.did().remove(self.number, key);
        }
        Ok(removed)
    }

    /// How many rows the table has.
    ///
    /// # Errors
    ///
    /// What the file reports.
    pub fn len(&self) -> Result<u64, Error> {
        self.rows.run(ReadableTableMetadata::len)
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

impl fmt::Debug for WriteTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WriteTable(..)")
    }
}

fn check_len(what: &'static str, bytes: &[u8], limit: usize) -> Result<(), Error> {
    if bytes.len() <= limit {
        return Ok(());
    }
    Err(Error::TooLarge {
        what,
        bytes: bytes.len() as u64,
        limit: limit as u64,
    })
}
