//! A vault on a disk of the host's, for hosts that keep it elsewhere than in a file, and for simulations.

use vault_file::{Disk, NewSlot, RawKey, SealedFile, Secret};

use super::{Vault, protecting};
use crate::{error::Error, host::Host, store::Store};

impl Vault {
    /// Makes a new vault on an empty disk. It opens with 32 bytes that the host keeps, without stretching.
    ///
    /// # Errors
    /// [`vault_file::Error::AlreadyExists`] if the disk is not empty, and those of the disk.
    pub fn create_on(disk: impl Disk, key: &RawKey, host: Host) -> Result<Self, Error> {
        let slots = [NewSlot::RawKey(key)];
        let file = SealedFile::create_on(disk, &slots, host.entropy(), &host.options)?;
        Ok(Self::of(Store::create(file, host)?))
    }

    /// Opens the vault on a disk, as [`VaultFile::open`](crate::VaultFile::open) opens one in a file.
    ///
    /// # Errors
    /// Those of [`VaultFile::open`](crate::VaultFile::open).
    pub fn open_on(disk: impl Disk, secret: &Secret<'_>, host: Host) -> Result<Self, Error> {
        let file = SealedFile::open_on(disk, secret, host.entropy(), &host.options)?;
        protecting::begin(file, secret, host)
    }
}
