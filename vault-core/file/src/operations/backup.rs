//! Backup and restore.

use std::path::Path;

use super::{Copied, Watch};
use crate::disk::{Disk, NewFile};
use crate::entropy::Entropy;
use crate::error::Error;
use crate::file::SealedFile;
use crate::header::Origin;
use crate::keys::Secret;
use crate::options::Options;

impl SealedFile {
    /// Copies the newest committed state to a new file, while this one goes on being read and written. The
    /// copy opens with the same secrets, has a file id and a file key of its own, and is
    /// [unclaimed](Self::unclaimed).
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyExists`], [`Error::Cancelled`], and what either file reports. Then there is no copy.
    pub fn back_up(&self, to: &Path, watch: &mut Watch<'_>) -> Result<Copied, Error> {
        let (new_file, disk) = NewFile::beside(to, &self.0.entropy)?;
        let (copy, copied) = self.copy_to(disk, Origin::Backup, watch)?;
        new_file.take_name()?;
        drop(copy);
        Ok(copied)
    }

    /// Copies to an empty disk, as [`back_up`](Self::back_up) does once it has one.
    ///
    /// # Errors
    ///
    /// Those of [`back_up`](Self::back_up), and [`Error::Busy`] if somebody else uses the disk.
    pub fn back_up_on(&self, disk: impl Disk, watch: &mut Watch<'_>) -> Result<Copied, Error> {
        let (_, copied) = self.copy_to(disk, Origin::Backup, watch)?;
        Ok(copied)
    }

    /// Makes a vault of a backup, or of any other file of a vault, which stays as it is. The new file is
    /// opened and [unclaimed](Self::unclaimed): the layer above begins a new incarnation in it by
    /// [`claim`](Self::claim), or can only read. Each restored file has a file id of its own.
    ///
    /// `to` must not exist: move an old vault aside first, and delete it when the new one is proven.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyExists`], [`Error::Cancelled`], those of [`open`](Self::open) for the backup, and
    /// what either file reports. Then there is no new file.
    pub fn restore(
        backup: &Path,
        to: &Path,
        secret: &Secret<'_>,
        entropy: Entropy,
        options: &Options,
        watch: &mut Watch<'_>,
    ) -> Result<Self, Error> {
        let (new_file, disk) = NewFile::beside(to, &entropy)?;
        let backup = Self::open(backup, secret, entropy, options)?;
        let (restored, _) = backup.copy_to(disk, Origin::Restored, watch)?;
        new_file.take_name()?;
        Ok(restored)
    }
}
