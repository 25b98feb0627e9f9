//! What the server keeps: one sealed file with the grant keys beside it, and the erasure ledger in the
//! folder of the keys.
//!
//! A closure given to [`Store::write`] is one whole transaction; no transaction leaves the store.
//! Reads run where they are called, from pages in memory.

mod deadline;
mod error;
mod grant_keys;
mod ledger;
mod rows;
mod side_file;
pub(crate) mod tables;
mod typed;
mod writer;

use std::path::Path;

use vault_file::{Disk, NewSlot, Options, RawKey, SealedFile, Secret};
use zeroize::Zeroizing;

use crate::entropy::Entropy;

pub(crate) use deadline::Deadline;
pub use error::StoreError;
pub(crate) use grant_keys::{GrantKeys, HeldKey};
pub(crate) use ledger::{Erased, Ledger};
pub(crate) use rows::*;
pub(crate) use side_file::file_at;
pub(crate) use typed::{Opened, Rows, Tx, View};
pub(crate) use writer::Work;

const FILE_NAME: &str = "store.vault";

/// The data store.
pub(crate) struct Store {
    file: SealedFile,
    writer: writer::Writer,
}

impl Store {
    /// Opens the store in `folder`, or creates it there if the folder holds none.
    pub(crate) fn open(
        folder: &Path,
        key: &Zeroizing<[u8; 32]>,
        entropy: &Entropy,
        cache_mib: usize,
    ) -> Result<Self, StoreError> {
        let path = folder.join(FILE_NAME);
        let key = RawKey::new(key);
        let options = Options {
            cache_bytes: cache_mib.saturating_mul(1 << 20),
            ..Options::default()
        };
        let source = vault_file::Entropy::new(entropy.clone());
        let file = if path.exists() {
            SealedFile::open(&path, &Secret::RawKey(&key), source, &options)?
        } else {
            SealedFile::create(&path, &[NewSlot::RawKey(&key)], source, &options)?
        };
        Self::over(file)
    }

    /// The store on a disk of the caller's, empty or filled, whose transactions happen when the caller does the work.
    pub(crate) fn on(
        disk: impl Disk,
        key: &Zeroizing<[u8; 32]>,
        entropy: &Entropy,
    ) -> Result<(Self, Work), StoreError> {
        let (key, options) = (RawKey::new(key), Options::default());
        let source = vault_file::Entropy::new(entropy.clone());
        let is_new = disk.is_empty().map_err(vault_file::Error::from)?;
        let file = if is_new {
            SealedFile::create_on(disk, &[NewSlot::RawKey(&key)], source, &options)?
        } else {
            SealedFile::open_on(disk, &Secret::RawKey(&key), source, &options)?
        };
        let (writer, work) = writer::Writer::stepped(file.clone());
        Ok((Self { file, writer }, work))
    }

    /// Whether a folder holds a store.
    pub(crate) fn exists_in(folder: &Path) -> bool {
        folder.join(FILE_NAME).exists()
    }

    /// The store over an open file.
    pub(crate) fn over(file: SealedFile) -> Result<Self, StoreError> {
        let writer = writer::Writer::start(file.clone()).map_err(|error| StoreError::Side {
            what: "starting the writer",
            kind: error.kind(),
        })?;
        Ok(Self { file, writer })
    }

    /// What is committed now.
    pub(crate) fn view(&self) -> Result<View, StoreError> {
        Ok(View(self.file.read()?))
    }

    /// Queues `work` as one transaction, at once and in the order of the calls. The future completes
    /// once it is durable. An error undoes it, and everything that shares its commit: what a caller
    /// did wrong is therefore a result, not an error.
    pub(crate) fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx) -> Result<T, StoreError> + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send + 'static {
        self.writer.run(work)
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store(..)")
    }
}
