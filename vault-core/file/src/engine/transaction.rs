//! Writing: one transaction at a time, all of it or nothing.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::WriteTransaction;

use super::fence::Fence;
use super::{Database, Table, WriteTable};
use crate::error::Error;
use crate::journal::Recorder;

/// Changes that become durable together. Dropping it without [`commit`](Transaction::commit) undoes them.
///
/// The file stays open as long as a transaction of it lives.
pub struct Transaction {
    writing: Fence<WriteTransaction>,
    did: Mutex<Recorder>,
    database: Arc<Database>,
}

impl Transaction {
    pub(crate) fn begin(database: &Arc<Database>) -> Result<Self, Error> {
        Ok(Self {
            writing: database.begin_write()?,
            did: Mutex::new(Recorder::new()),
            database: Arc::clone(database),
        })
    }

    /// A table to change, created if it does not exist.
    ///
    /// # Errors
    ///
    /// [`Error::TableInUse`] while another handle of the same table lives in this transaction;
    /// [`Error::InvalidInput`] for a name that no table can have; otherwise what the file reports.
    pub fn table(&self, table: &Table) -> Result<WriteTable<'_>, Error> {
        table.check()?;
        let rows = self
            .writing
            .run(|writing| writing.open_table(table.definition()))?;
        Ok(WriteTable {
            rows: Fence::new(rows, self.database.health()),
            number: self.did().table(table.name()),
            transaction: self,
        })
    }

    /// Removes a table with all its rows. Returns whether it existed.
    ///
    /// # Errors
    ///
    /// [`Error::TableInUse`] while a handle of the table lives; otherwise what the file reports.
    pub fn remove_table(&self, table: &Table) -> Result<bool, Error> {
        table.check()?;
        let existed = self
            .writing
            .run(|writing| writing.delete_table(table.definition()))?;
        if existed {
            self.did().remove_table(table.name());
        }
        Ok(existed)
    }

    /// Makes the changes durable. When this returns, they survive a loss of power.
    ///
    /// Other threads can write meanwhile: several small transactions that wait for the disk share one sync.
    ///
    /// # Errors
    ///
    /// What the file reports. Unless it is refused before anything was written, whether the changes count
    /// is known only after the file is opened again: all of them, or none.
    pub fn commit(self) -> Result<(), Error> {
        let Self {
            writing,
            did,
            database,
        } = self;
        database.commit(writing, did.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Undoes the changes, as dropping does.
    pub fn abort(self) {
        drop(self);
    }

    pub(super) fn into_writing(self) -> Fence<WriteTransaction> {
        self.writing
    }

    pub(super) fn did(&self) -> MutexGuard<'_, Recorder> {
        self.did.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn database(&self) -> &Arc<Database> {
        &self.database
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transaction(..)")
    }
}
