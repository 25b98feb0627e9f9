//! A vault file while it is locked.

use std::path::{Path, PathBuf};

use vault_file::{HeaderInfo, NewSlot, Passphrase, RawKey, SealedFile, Secret};

use super::{Vault, protecting};
use crate::{error::Error, host::Host, store::Store};

/// A vault file that is not open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultFile {
    path: PathBuf,
}

impl VaultFile {
    /// The vault file at a path, whether or not there is one.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a new vault that opens with a passphrase. An existing file is never overwritten.
    ///
    /// # Errors
    /// [`vault_file::Error::AlreadyExists`], and those of the disk.
    pub fn create(&self, passphrase: &Passphrase, host: Host) -> Result<Vault, Error> {
        self.create_with(&[NewSlot::Passphrase(passphrase)], host)
    }

    /// Makes a new vault that opens with 32 bytes that the host keeps, without stretching: for hosts with
    /// a key store of their own, and for tests.
    pub fn create_with_key(&self, key: &RawKey, host: Host) -> Result<Vault, Error> {
        self.create_with(&[NewSlot::RawKey(key)], host)
    }

    /// Opens the vault. A copy of one (a backup, a restored or a salvaged file) that is opened for the first
    /// time becomes a vault of its own, and the next sync finds what the other did since.
    ///
    /// # Errors
    /// [`vault_file::Error::WrongSecret`], [`vault_file::Error::Busy`], [`vault_file::Error::NotAVault`],
    /// [`vault_file::Error::Damaged`] and the other errors of the file. With an [anchor](Host::anchor),
    /// [`vault_file::Error::RolledBack`] if the file was put back as it was earlier: the newer one is to be brought
    /// back, or, knowingly, this one [restored](Self::restore), which makes a vault of its own of it; and
    /// [`vault_file::Error::AnchorUnavailable`].
    pub fn open(&self, secret: &Secret<'_>, host: Host) -> Result<Vault, Error> {
        let file = Store::open_file(&self.path, secret, &host)?;
        protecting::begin(file, secret, host)
    }

    /// What the file says of itself while it is locked.
    pub fn inspect(&self) -> Result<HeaderInfo, Error> {
        Ok(SealedFile::inspect(&self.path)?)
    }

    fn create_with(&self, slots: &[NewSlot<'_>], host: Host) -> Result<Vault, Error> {
        let file = Store::create_file(&self.path, slots, &host)?;
        Ok(Vault::of(Store::create(file, host)?))
    }
}
