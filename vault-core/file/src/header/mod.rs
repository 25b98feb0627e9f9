//! The vault header: what a file says about itself while it is locked, and how a secret unlocks it.
//!
//! Until the MAC is verified nothing in it is trusted but its form: it is parsed within fixed bounds, and
//! the work that its slots ask for is held between a floor and a ceiling.

mod bytes;
mod copies;
mod seal;
mod slot;

use std::fmt;
use std::path::Path;

pub(crate) use bytes::{HEADER_BYTES, HeaderBytes};
pub(crate) use copies::Copies;
pub(crate) use seal::{Unlocked, seal_new, unlock};
pub(crate) use slot::{KeySlot, SLOTS_MAX};

use crate::disk::FileDisk;
use crate::error::Error;
use crate::keys::FileIdentity;
use crate::options::KdfParams;

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

/// What opens a key slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SlotKind {
    /// A passphrase.
    Passphrase,
    /// 32 random bytes that a machine keeps.
    RawKey,
    /// The key store of the platform. Its number is reserved; format 0 has no such slots.
    KeyStore,
    /// A recovery code. Its number is reserved; format 0 has no such slots.
    RecoveryCode,
    /// A kind that this version does not know.
    Unknown(u16),
}

impl SlotKind {
    pub(crate) fn from_number(number: u16) -> Self {
        match number {
            1 => Self::Passphrase,
            2 => Self::RawKey,
            3 => Self::KeyStore,
            4 => Self::RecoveryCode,
            number => Self::Unknown(number),
        }
    }

    pub(crate) fn number(self) -> u16 {
        match self {
            Self::Passphrase => 1,
            Self::RawKey => 2,
            Self::KeyStore => 3,
            Self::RecoveryCode => 4,
            Self::Unknown(number) => number,
        }
    }
}

impl fmt::Display for SlotKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passphrase => f.write_str("passphrase"),
            Self::RawKey => f.write_str("raw-key"),
            Self::KeyStore => f.write_str("key-store"),
            Self::RecoveryCode => f.write_str("recovery-code"),
            Self::Unknown(number) => write!(f, "unknown (number {number})"),
        }
    }
}

/// A header, parsed but not yet authenticated.
pub(crate) struct Header {
    pub(crate) seq: u64,
    pub(crate) file: FileIdentity,
    pub(crate) kdf_ceiling: KdfParams,
    pub(crate) slots: Vec<KeySlot>,
    pub(crate) sealed_file_key: slot::SealedKey,
}

/// What can be known about a file while it is locked. None of it is authenticated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderInfo {
    /// The identity of the file.
    pub file_id: FileId,
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
            format: copies.newest().format(),
            min_reader: copies.newest().min_reader(),
            header_seq: header.seq,
            slots: header.slots.iter().map(KeySlot::kind).collect(),
        })
    }
}
