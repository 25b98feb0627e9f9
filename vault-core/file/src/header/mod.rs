//! The vault header: what a file says about itself while it is locked, and how a secret unlocks it.
//!
//! Until the MAC is verified nothing in it is trusted but its form: it is parsed within fixed bounds, and
//! the work that its slots ask for is held between a floor and a ceiling.

mod bytes;
mod copies;
mod recovery_slot;
mod seal;
mod sealed_key;
mod slot;
mod slot_info;
mod slot_rules;

use std::fmt;
use std::path::Path;

pub(crate) use bytes::{HEADER_BYTES, HeaderBytes};
pub(crate) use copies::Copies;
pub(crate) use seal::{Refill, Sealed, Unlocked, refill, seal_new, unlock};
pub(crate) use sealed_key::SealedKey;
pub(crate) use slot::{KeySlot, SLOTS_MAX};
pub use slot_info::{SlotId, SlotInfo, SlotKind};
pub(crate) use slot_rules::{check_new, check_removal};

use crate::disk::FileDisk;
use crate::error::{Error, Part};
use crate::kdf::KdfParams;
use crate::keys::FileIdentity;

/// The identity of a file: 16 random bytes, drawn when it is created.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub [u8; 16]);

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileId({self})")
    }
}

/// What all copies of one vault have in common: 16 random bytes, drawn when it is created and kept by
/// rewriting, backup, restoring and salvage. Two files of one lineage open with the same secrets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lineage(pub [u8; 16]);

impl fmt::Display for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        FileId(self.0).fmt(f)
    }
}

impl fmt::Debug for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lineage({self})")
    }
}

/// How a file came to be a copy. Such a file can be read, but not written before it is
/// [claimed](crate::SealedFile::claim).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// A copy of a vault that was open.
    Backup,
    /// Restored from a backup.
    Restored,
    /// Saved from a damaged file: content can be missing.
    Salvaged,
}

impl Origin {
    /// The number in the header: 0 is a file that nobody copied, or that was claimed.
    fn number(origin: Option<Self>) -> u8 {
        match origin {
            None => 0,
            Some(Self::Backup) => 1,
            Some(Self::Restored) => 2,
            Some(Self::Salvaged) => 3,
        }
    }

    fn from_number(number: u8) -> Result<Option<Self>, Error> {
        match number {
            0 => Ok(None),
            1 => Ok(Some(Self::Backup)),
            2 => Ok(Some(Self::Restored)),
            3 => Ok(Some(Self::Salvaged)),
            _ => Err(Error::Damaged { what: Part::Header }),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Backup => "a backup",
            Self::Restored => "restored from a backup",
            Self::Salvaged => "saved from a damaged file",
        })
    }
}

/// The fields of a header.
#[derive(Clone)]
pub(crate) struct Header {
    pub(crate) seq: u64,
    pub(crate) file: FileIdentity,
    pub(crate) lineage: Lineage,
    pub(crate) origin: Option<Origin>,
    pub(crate) kdf_ceiling: KdfParams,
    pub(crate) slots: Vec<KeySlot>,
    pub(crate) sealed_file_key: SealedKey,
    pub(crate) sealed_root_key: SealedKey,
}

/// What can be known about a file while it is locked. None of it is authenticated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderInfo {
    /// The identity of the file.
    pub file_id: FileId,
    /// What it has in common with the other copies of the vault.
    pub lineage: Lineage,
    /// How it came to be a copy, if it is one that nobody has claimed.
    pub origin: Option<Origin>,
    /// The format it was written in.
    pub format: u32,
    /// The oldest format that a reader must know.
    pub min_reader: u32,
    /// Counts the changes of the header, from 1.
    pub header_seq: u64,
    /// The kinds of its key slots, in the order of the file.
    pub slots: Vec<SlotKind>,
}

impl HeaderInfo {
    /// Reads the header of a file without locking it and without any secret.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let copies = Copies::read(&FileDisk::open_read_only(path)?)?;
        let header = copies.newest().parse()?;
        Ok(Self {
            file_id: header.file.id,
            lineage: header.lineage,
            origin: header.origin,
            format: copies.newest().format(),
            min_reader: copies.newest().min_reader(),
            header_seq: header.seq,
            slots: header.slots.iter().map(KeySlot::kind).collect(),
        })
    }
}
