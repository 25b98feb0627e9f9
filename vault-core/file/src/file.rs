//! The door: creating, opening and using one sealed file.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::disk::{Disk, FileDisk, NewFile, Replacement};
use crate::engine::{Database, Health, Snapshot, Transaction};
use crate::entropy::Entropy;
use crate::error::{Error, Part};
use crate::header::{Copies, FileId, Header, HeaderInfo, Lineage, Sealed, SlotId, seal_new, unlock};
use crate::journal::{Area, Found, Journal};
use crate::keys::{Key, NewSlot, Secret, subkey};
use crate::layout::{JournalMark, SealedBackend, Shared, Sizes, Store};
use crate::options::Options;

/// An open file. Clones share it; it is closed, and its keys are wiped, when the last clone and the last
/// snapshot and transaction are gone.
///
/// It can be used from many threads: any number of readers, one writer.
#[derive(Clone)]
pub struct SealedFile(pub(crate) Arc<Open>);

pub(crate) struct Open {
    pub(crate) database: Arc<Database>,
    pub(crate) store: Arc<dyn Store>,
    /// Held while the header changes; the header itself is locked for a moment only.
    changes: Mutex<()>,
    header: Mutex<Header>,
    pub(crate) vault_key: Key,
    pub(crate) root_key: Key,
    /// The slot whose secret opened the file; `None` for a file that was just made.
    pub(crate) opened_by: Option<SlotId>,
    pub(crate) entropy: Entropy,
    pub(crate) options: Options,
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
        Self::begin(
            &locked(disk)?,
            seal_new(slots, &entropy, options)?,
            entropy,
            options,
            0,
        )
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
        loop {
            let disk = locked(FileDisk::open(path)?)?;
            // Between opening and locking, another file may have taken the name: a rewritten vault.
            if disk.is_at(path)? {
                Replacement::clear_leftover(path)?;
                return Self::open_locked(&disk, secret, entropy, options);
            }
        }
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
        Self::open_locked(&locked(disk)?, secret, entropy, options)
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

    fn open_locked<D: Disk>(
        disk: &Arc<D>,
        secret: &Secret<'_>,
        entropy: Entropy,
        options: &Options,
    ) -> Result<Self, Error> {
        let copies = Copies::read(&**disk)?;
        let (sealed, slot) = unlock(copies.newest(), *secret, options)?;
        Self::open_unlocked(disk, &copies, sealed, Some(slot), entropy, options)
    }

    fn open_unlocked<D: Disk>(
        disk: &Arc<D>,
        copies: &Copies,
        sealed: Sealed,
        slot: Option<SlotId>,
        entropy: Entropy,
        options: &Options,
    ) -> Result<Self, Error> {
        let health = Arc::new(Health::default());
        let sizes = Sizes::of(options, disk.len()?);
        let (backend, slot_mended) = SealedBackend::open(
            Arc::clone(disk),
            &sealed.unlocked,
            entropy.clone(),
            &sizes,
            Arc::clone(&health),
        )?;
        let area = Area::new(disk.clone(), &sealed.unlocked, entropy.clone());
        let found = area.walk(backend.journal_mark())?.check()?;
        let header_mended = copies.mend(&**disk)?;
        backend.raise_floor(sealed.unlocked.header_seq)?;
        let mended = [(header_mended, Part::Header), (slot_mended, Part::CommitSlots)];
        let mended = mended
            .into_iter()
            .filter_map(|(mended, part)| mended.then_some(part))
            .collect();
        let file = Self::start(backend, area, &found, sealed, entropy, options, &health)?;
        Ok(Self(Arc::new(Open {
            opened_by: slot,
            mended,
            ..file
        })))
    }

    /// Begins a file on an empty disk, which counts as having had some transactions.
    fn begin<D: Disk>(
        disk: &Arc<D>,
        sealed: Sealed,
        entropy: Entropy,
        options: &Options,
        transactions: u64,
    ) -> Result<Self, Error> {
        if !disk.is_empty()? {
            return Err(Error::AlreadyExists);
        }
        let header = sealed.header.authenticated(&sealed.unlocked.vault_key);
        Copies::write_new(&**disk, &header)?;
        let health = Arc::new(Health::default());
        let backend = SealedBackend::create(
            Arc::clone(disk),
            &sealed.unlocked,
            entropy.clone(),
            &Sizes::of(options, 0),
            Arc::clone(&health),
        )?;
        let area = Area::new(disk.clone(), &sealed.unlocked, entropy.clone());
        let mark = JournalMark {
            applied: transactions,
            ..backend.journal_mark()
        };
        backend.carry_mark(mark);
        let nothing = Found::nothing_after(mark);
        let file = Self::start(backend, area, &nothing, sealed, entropy, options, &health)?;
        Ok(Self(Arc::new(file)))
    }

    /// Begins a file on an empty disk, fills it, packs it and opens it again, which proves that it is whole
    /// before it gets a name. It goes on counting from `transactions`.
    pub(crate) fn filled<T>(
        disk: impl Disk,
        sealed: Sealed,
        entropy: Entropy,
        options: &Options,
        transactions: u64,
        fill: impl FnOnce(&Self) -> Result<T, Error>,
    ) -> Result<(Self, T), Error> {
        let disk = locked(disk)?;
        let again = sealed.duplicate();
        let file = Self::begin(&disk, sealed, entropy.clone(), options, transactions)?;
        let result = fill(&file)?;
        let database = Arc::clone(&file.0.database);
        drop(file);
        database.close_packed()?;
        let file = Self::open_unlocked(&disk, &Copies::read(&*disk)?, again, None, entropy, options)?;
        Ok((file, result))
    }

    fn start<D: Disk>(
        backend: SealedBackend<D>,
        area: Area,
        found: &Found,
        sealed: Sealed,
        entropy: Entropy,
        options: &Options,
        health: &Arc<Health>,
    ) -> Result<Open, Error> {
        let backend = Arc::new(backend);
        let mark = backend.journal_mark();
        let cache_bytes = backend.cache_bytes();
        let journal = Journal::resume(area, mark, found, options.journal_bytes, Arc::clone(health));
        let store: Arc<dyn Store> = backend.clone();
        let database = Arc::new(Database::start(
            Shared(backend),
            sealed.unlocked.file.id,
            store.clone(),
            journal,
            cache_bytes,
            health,
        )?);
        database.replay(
            &found.transactions,
            JournalMark {
                applied: found.last,
                ..mark
            },
        )?;
        let Sealed { header, unlocked } = sealed;
        Ok(Open {
            database,
            store,
            changes: Mutex::new(()),
            header: Mutex::new(header),
            vault_key: unlocked.vault_key,
            root_key: unlocked.root_key,
            opened_by: None,
            entropy,
            options: *options,
            mended: Vec::new(),
        })
    }

    /// The identity of the file.
    pub fn file_id(&self) -> FileId {
        self.header().file.id
    }

    /// What the file has in common with the other copies of the vault.
    pub fn lineage(&self) -> Lineage {
        self.header().lineage
    }

    /// The slot whose secret opened the file; `None` if it was just created.
    pub fn opened_by(&self) -> Option<SlotId> {
        self.0.opened_by
    }

    /// The parts that were found damaged, when the file was opened or read, and were mended from their second
    /// copy: nothing was lost, but the storage should be checked.
    pub fn mended(&self) -> Vec<Part> {
        let mut mended = self.0.mended.clone();
        mended.extend(self.0.store.mended());
        mended
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
    /// [`Error::Unclaimed`] if the file is a copy that nobody has [claimed](Self::claim); the cause, if the
    /// handle is finished (see [`Error`]).
    pub fn write(&self) -> Result<Transaction, Error> {
        match self.unclaimed() {
            Some(origin) => Err(Error::Unclaimed { origin }),
            None => Transaction::begin(&self.0.database),
        }
    }

    /// A key for the layers above, derived from a key of the vault and the label (HKDF-SHA-256). It is the
    /// same each time the file is open, in every copy of it and after every rewrite, and different for each
    /// vault and label.
    pub fn derive_key(&self, label: &str) -> Key {
        subkey(&self.0.root_key, self.lineage(), label)
    }

    /// Keeps the header, in memory and on the disk, as it is.
    pub(crate) fn header_unchanged(&self) -> MutexGuard<'_, ()> {
        self.0.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn header(&self) -> MutexGuard<'_, Header> {
        self.0.header.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A disk that nobody else uses until it is dropped.
pub(crate) fn locked<D: Disk>(disk: D) -> Result<Arc<D>, Error> {
    if disk.try_lock()? {
        Ok(Arc::new(disk))
    } else {
        Err(Error::Busy)
    }
}

impl fmt::Debug for SealedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedFile({})", self.file_id())
    }
}
