//! Starting redb on a sealed file.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use redb::{ReadTransaction, ReadableDatabase, StorageBackend, WriteTransaction};

use super::Health;
use super::fence::Fence;
use crate::anchor::Anchor;
use crate::error::Error;
use crate::header::FileId;
use crate::journal::Journal;
use crate::layout::Store;

/// The running database and its journal. Dropping it closes the file.
pub(crate) struct Database {
    redb: Fence<redb::Database>,
    pub(super) file: FileId,
    pub(super) journal: Journal,
    pub(super) store: Arc<dyn Store>,
    pub(super) anchor: OnceLock<Arc<dyn Anchor>>,
    health: Arc<Health>,
}

impl Database {
    /// Opens what the backend holds, or begins a database if it holds nothing.
    pub(crate) fn start(
        backend: impl StorageBackend,
        file: FileId,
        store: Arc<dyn Store>,
        journal: Journal,
        cache_bytes: usize,
        health: &Arc<Health>,
    ) -> Result<Self, Error> {
        let start = || {
            redb::Builder::new()
                .set_cache_size(cache_bytes)
                .create_with_backend(backend)
        };
        let redb = match catch_unwind(AssertUnwindSafe(start)) {
            Ok(started) => started.map_err(|error| health.explain(error))?,
            Err(_) => return Err(health.explain_panic()),
        };
        Ok(Self {
            redb: Fence::new(redb, health),
            file,
            journal,
            store,
            anchor: OnceLock::new(),
            health: Arc::clone(health),
        })
    }

    pub(super) fn redb_mut(&mut self) -> &mut Fence<redb::Database> {
        &mut self.redb
    }

    pub(super) fn health(&self) -> &Arc<Health> {
        &self.health
    }

    pub(super) fn begin_read(&self) -> Result<Fence<ReadTransaction>, Error> {
        let reading = self.redb.run(|redb| redb.begin_read())?;
        Ok(Fence::new(reading, &self.health))
    }

    /// Waits for the single writer. A commit that is durable by itself has two phases, and records what redb
    /// needs to open after a crash without scanning the file.
    pub(super) fn begin_write(&self) -> Result<Fence<WriteTransaction>, Error> {
        let writing = self.redb.run(|redb| {
            let mut writing = redb.begin_write()?;
            writing.set_two_phase_commit(true);
            writing.set_quick_repair(true);
            Ok::<_, redb::TransactionError>(writing)
        })?;
        Ok(Fence::new(writing, &self.health))
    }
}

impl Drop for Database {
    /// redb makes its newest state durable when it closes. That state contains all that was journaled, and says
    /// so; if it does not come to that, the journal still holds it.
    fn drop(&mut self) {
        self.store.carry_mark(self.journal.last_mark());
        self.redb.close();
        if self.health.check().is_ok() {
            // An anchor that cannot be reached lags behind. Nobody is left to tell.
            let _ = self.tell_anchor();
        }
    }
}
