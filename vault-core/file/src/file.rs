//! The door: creating, opening and using one sealed file.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::disk::{Disk, FileDisk, NewFile};
use crate::engine::{Database, Health, Snapshot, Transaction};
use crate::entropy::Entropy;
use crate::error::{Error, Part};
use crate::header::{Copies, FileId, HeaderInfo, Unlocked, seal_new, unlock};
use crate::keys::{Key, NewSlot, Secret, subkey};
use crate::layout::SealedBackend;
use crate::options::Options;

/// An open file. Clones share it; it is closed, and its keys are wiped, when the last clone and the last
/// snapshot and transaction are gone.
///
/// It can be used from many threads: any number of readers, one writer.
#[derive(Clone)]
pub struct SealedFile(Arc<Open>);

struct Open {
    database: Arc<Database>,
    vault_key: Key,
    file_id: FileId,
    mended: Vec<Part>,
}

impl SealedFile {
    /// Creates a file and opens it.
    ///
    /// It is written under a temporary name beside `path`, made durable, and only then given its name, so
    /// that a crash leaves either a whole vault or none. Where the system knows owners, only the owner can
    /// read it.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyExists`] if anything has that name; [`Error::InvalidInput`] for no slot or more than
    /// 8; [`Error::KdfOutOfRange`] if a passphrase slot is wanted and `options.kdf` is below
    /// [`KdfParams::FLOOR`](crate::KdfParams::FLOOR) or above `options.kdf_ceiling`; [`Error::NoSpace`],
    /// [`Error::Entropy`] or [`Error::Io`] if the system fails. No file is left behind.
    pub fn create(
        path: &Path,
        slots: &[NewSlot<'_>],
        entropy: Entropy,
        options: &Options,
    ) -> Result<Self, Error> {
        let (new_file, disk) = NewFile::beside(path, &entropy)?;
        let file = Self::create_on(disk, slots, entropy, options)?;
        new_file.take_name()?;
        Ok(file)
    }

    /// Creates a file on an empty disk and opens it, as [`create`](Self::create) does once it has one.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyExists`] if the disk is not empty, [`Error::Busy`] if somebody else uses it, and
    /// those of [`create`](Self::create).
    pub fn create_on(
        disk: impl Disk,
        slots: &[NewSlot<'_>],
        entropy: Entropy,
        options: &Options,
    ) -> Result<Self, Error> {
        let disk = locked(disk)?;
        if !disk.is_empty()? {
            return Err(Error::AlreadyExists);
        }
        let (header, unlocked) = seal_new(slots, &entropy, options)?;
        Copies::write_new(&*disk, &header)?;
        let health = Arc::new(Health::default());
        let backend = SealedBackend::create(
            disk,
            &unlocked,
            entropy,
            options.max_file_bytes,
            Arc::clone(&health),
        )?;
        Self::start(backend, unlocked, options, &health, Vec::new())
    }

    /// Opens a file.
    ///
    /// # Errors
    ///
    /// [`Error::WrongSecret`], [`Error::SlotUnavailable`], [`Error::KdfOutOfRange`], [`Error::Busy`],
    /// [`Error::NotAVault`], [`Error::NewerFormat`], [`Error::Damaged`], [`Error::Tampered`],
    /// [`Error::TooLarge`] if the file is over `options.max_file_bytes`, [`Error::NoSpace`],
    /// [`Error::Entropy`], or [`Error::Io`], which also says that there is no such file.
    pub fn open(
        path: &Path,
        secret: &Secret<'_>,
        entropy: Entropy,
        options: &Options,
    ) -> Result<Self, Error> {
        Self::open_on(FileDisk::open(path)?, secret, entropy, options)
    }

    /// Opens what a disk holds.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open).
    pub fn open_on(
        disk: impl Disk,
        secret: &Secret<'_>,
        entropy: Entropy,
        options: &Options,
    ) -> Result<Self, Error> {
        let disk = locked(disk)?;
        let header = Copies::read(&*disk)?;
        let unlocked = unlock(header.newest(), *secret, options)?;
        let health = Arc::new(Health::default());
        let (backend, slot_mended) = SealedBackend::open(
            Arc::clone(&disk),
            &unlocked,
            entropy,
            options.max_file_bytes,
            Arc::clone(&health),
        )?;
        let header_mended = header.mend(&*disk)?;
        let mended = [(header_mended, Part::Header), (slot_mended, Part::CommitSlots)];
        let mended = mended
            .into_iter()
            .filter_map(|(mended, part)| mended.then_some(part))
            .collect();
        Self::start(backend, unlocked, options, &health, mended)
    }

    /// What a file says about itself while it is locked. No secret is needed, and nobody is kept out. On
    /// Windows, where locks are mandatory, a file that is open elsewhere cannot be read and gives
    /// [`Error::Io`].
    ///
    /// # Errors
    ///
    /// [`Error::NotAVault`], [`Error::NewerFormat`], [`Error::Damaged`] or [`Error::Io`].
    pub fn inspect(path: &Path) -> Result<HeaderInfo, Error> {
        HeaderInfo::read(path)
    }

    fn start<D: Disk>(
        backend: SealedBackend<D>,
        unlocked: Unlocked,
        options: &Options,
        health: &Arc<Health>,
        mended: Vec<Part>,
    ) -> Result<Self, Error> {
        let database = Database::start(backend, options.cache_bytes(), health)?;
        let Unlocked { file, vault_key, .. } = unlocked;
        Ok(Self(Arc::new(Open {
            database: Arc::new(database),
            vault_key,
            file_id: file.id,
            mended,
        })))
    }

    /// The identity of the file.
    pub fn file_id(&self) -> FileId {
        self.0.file_id
    }

    /// The parts that were found damaged when the file was opened and were mended from their second copy:
    /// nothing was lost, but the storage should be checked.
    pub fn mended(&self) -> &[Part] {
        &self.0.mended
    }

    /// The newest committed state. Never waits for the writer.
    ///
    /// # Errors
    ///
    /// The cause, if the handle is finished (see [`Error`]).
    pub fn read(&self) -> Result<Snapshot, Error> {
        Snapshot::take(&self.0.database)
    }

    /// Begins a transaction, after waiting for the one that is running. A thread that already has one would
    /// wait for itself.
    ///
    /// # Errors
    ///
    /// The cause, if the handle is finished (see [`Error`]).
    pub fn write(&self) -> Result<Transaction, Error> {
        Transaction::begin(&self.0.database)
    }

    /// A key for the layers above, derived from the vault key and the label (HKDF-SHA-256). It is the same
    /// each time the file is open and different for each file and label.
    pub fn derive_key(&self, label: &str) -> Key {
        subkey(&self.0.vault_key, self.0.file_id, label)
    }
}

fn locked<D: Disk>(disk: D) -> Result<Arc<D>, Error> {
    if disk.try_lock()? {
        Ok(Arc::new(disk))
    } else {
        Err(Error::Busy)
    }
}

impl fmt::Debug for SealedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedFile({})", self.0.file_id)
    }
}
