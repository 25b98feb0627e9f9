//! What can go wrong, said in terms of what the caller can do about it.

use std::fmt;
use std::io;

use crate::anchor::AnchorUnavailable;
use crate::header::{Origin, SlotId, SlotKind};
use crate::keys::{CodeProblem, KeyStoreError};

/// A part of the file, as errors and [`mended`](crate::SealedFile::mended) notices name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The vault header: format, key slots and wrapped keys. It exists twice.
    Header,
    /// The sealed commit slots that name the newest durable state. Each exists twice.
    CommitSlots,
    /// One sealed page, counted from 1.
    Page(u64),
    /// The journal: the newest transactions of a file that was not closed.
    Journal,
    /// A node of the page table: the seals of one group of pages, counted from 0. In a closed file it exists
    /// twice.
    Group(u32),
    /// A node of the page table: the places of a run of groups, counted from 0. In a closed file it exists
    /// twice.
    Directory(u32),
    /// The end of the file: it is shorter than its newest state.
    End,
    /// The tree that the pages form: each page is authentic, but they do not fit together.
    Tree,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => f.write_str("the header"),
            Self::CommitSlots => f.write_str("the commit slots"),
            Self::Page(page) => write!(f, "page {page}"),
            Self::Journal => f.write_str("the journal"),
            Self::Group(group) => write!(f, "page group {group}"),
            Self::Directory(directory) => write!(f, "page directory {directory}"),
            Self::End => f.write_str("the end of the file"),
            Self::Tree => f.write_str("the page tree"),
        }
    }
}

/// Why an operation on a sealed file was refused or failed.
///
/// After [`Tampered`](Error::Tampered), [`Damaged`](Error::Damaged), [`NoSpace`](Error::NoSpace),
/// [`Entropy`](Error::Entropy) or [`Io`](Error::Io) on an open file, the handle is finished: every later
/// call returns the same cause. Drop it, remove the cause and open the file again; what was committed is
/// still there. If [`commit`](crate::Transaction::commit) returned such an error, whether that one
/// transaction counts is known only after reopening.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No key slot opens with this secret.
    #[error("the secret does not open this vault: check it and try again")]
    WrongSecret,
    /// The file has no slot of the kind that this secret could open.
    #[error("this vault has no {wanted} slot: use another kind of secret")]
    SlotUnavailable {
        /// The kind of slot that was looked for.
        wanted: SlotKind,
    },
    /// The key store of the platform did not do its part. The other slots still open the vault.
    #[error("the key store of this device did not help, {0}: use the passphrase or the recovery code")]
    KeyStore(#[from] KeyStoreError),
    /// What was typed is no recovery code of any vault.
    #[error("this is not a recovery code: {problem}; compare it with what was written down")]
    NotARecoveryCode {
        /// What is wrong with it.
        problem: CodeProblem,
    },
    /// The slot is the last that a person, or a machine with a raw key, can open the vault with.
    #[error("this is the last secret that is sure to open the vault: add another one first")]
    LastSlot,
    /// The file has no such slot.
    #[error("this vault has no key slot {slot}: list its slots again")]
    NoSuchSlot {
        /// The slot that was named.
        slot: SlotId,
    },
    /// The file is a copy that nobody has claimed: it can be read, but not written.
    #[error("this vault is {origin}: claim it, which begins a new incarnation, before anything is written")]
    Unclaimed {
        /// How it came to be a copy.
        origin: Origin,
    },
    /// The caller's watch said to stop. Nothing was changed.
    #[error("stopped on request: nothing was changed")]
    Cancelled,
    /// A slot asks for less key-stretching work than is safe, or for more than the caller allows. It was
    /// refused before any of that work was done.
    #[error(
        "a passphrase slot asks for {memory_kib} KiB, {passes} passes, {lanes} lanes, outside the allowed range: \
         raise the ceiling only if the file comes from someone you trust"
    )]
    KdfOutOfRange {
        /// Memory asked for, in KiB.
        memory_kib: u32,
        /// Passes over that memory.
        passes: u32,
        /// Parallel lanes.
        lanes: u32,
    },
    /// The bytes are well formed but were not written by this vault, or are from another time.
    #[error("{what} was changed by someone other than this vault: restore the file from a backup you trust")]
    Tampered {
        /// Which part of the file.
        what: Part,
    },
    /// The bytes do not authenticate: a storage fault, a cut file, or a change by someone without the key.
    #[error("{what} is damaged: restore the file from a backup, and check the storage")]
    Damaged {
        /// Which part of the file.
        what: Part,
    },
    /// The file has come less far than its anchor remembers: it was put back as it was earlier, or its storage
    /// lost writes that it had confirmed.
    #[error(
        "this vault was put back: it holds {found} transactions and has held {expected}; \
         bring the newer file back, or, if this is all there is, restore it as a vault of its own"
    )]
    RolledBack {
        /// How many transactions the file has held.
        expected: u64,
        /// How many it holds.
        found: u64,
    },
    /// The place that remembers how far the file had come cannot be reached.
    #[error("{0}: try again later, or go on without it")]
    AnchorUnavailable(#[from] AnchorUnavailable),
    /// The file was written by a newer version of this software.
    #[error("this vault needs a reader of format {min_reader} or newer: update the software")]
    NewerFormat {
        /// The oldest format number a reader must know.
        min_reader: u32,
    },
    /// The file was written before the first release of this software, in a format that was never promised to be
    /// read again.
    #[error(
        "this vault is of format {format}, which predates the first release: export it with the version that wrote it"
    )]
    BeforeFirstRelease {
        /// The format of the file.
        format: u32,
    },
    /// Another handle, in this process or another, has the file open.
    #[error("the vault is open elsewhere: close it there first")]
    Busy,
    /// The file is not a vault: empty, foreign, or cut before its header ended.
    #[error("this file is not a vault")]
    NotAVault,
    /// Something with this name exists already. Nothing was changed.
    #[error("a file with this name already exists: choose another name or open it")]
    AlreadyExists,
    /// The disk or the quota is full.
    #[error("no space left on the disk: free some, then open the vault again")]
    NoSpace,
    /// A length exceeds its limit.
    #[error("{what} of {bytes} bytes is over the limit of {limit} bytes")]
    TooLarge {
        /// What was too large.
        what: &'static str,
        /// Its length in bytes.
        bytes: u64,
        /// The most that is accepted, in bytes.
        limit: u64,
    },
    /// The caller passed something that can never work.
    #[error("not acceptable: {what}")]
    InvalidInput {
        /// What was wrong.
        what: &'static str,
    },
    /// The table is already open for writing in this transaction.
    #[error("the table {table:?} is already open in this transaction: drop the first handle")]
    TableInUse {
        /// The name of the table.
        table: String,
    },
    /// The source of randomness failed, so nothing could be sealed.
    #[error("the source of randomness failed: nothing was sealed with weak numbers")]
    Entropy,
    /// The storage failed.
    #[error("storage error: {0}")]
    Io(#[source] io::Error),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Fault::of(&error).into()
    }
}

impl From<CodeProblem> for Error {
    fn from(problem: CodeProblem) -> Self {
        Self::NotARecoveryCode { problem }
    }
}

/// A cause that ends a handle: small and copyable, so that every later call can repeat it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    Damaged(Part),
    Tampered(Part),
    NoSpace,
    FileTooLarge { bytes: u64, limit: u64 },
    RolledBack { expected: u64, found: u64 },
    Entropy,
    Io { kind: io::ErrorKind, code: Option<i32> },
}

impl Fault {
    /// The cause inside an I/O error: one that this crate put there, or what the system reported.
    pub(crate) fn of(error: &io::Error) -> Self {
        if let Some(fault) = error.get_ref().and_then(|inner| inner.downcast_ref::<Self>()) {
            return *fault;
        }
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace,
            kind => Self::Io {
                kind,
                code: error.raw_os_error(),
            },
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Error::from(*self).fmt(f)
    }
}

impl std::error::Error for Fault {}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        Self::other(fault)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Damaged(what) => Self::Damaged { what },
            Fault::Tampered(what) => Self::Tampered { what },
            Fault::NoSpace => Self::NoSpace,
            Fault::FileTooLarge { bytes, limit } => Self::TooLarge {
                what: "the file",
                bytes,
                limit,
            },
            Fault::RolledBack { expected, found } => Self::RolledBack { expected, found },
            Fault::Entropy => Self::Entropy,
            Fault::Io { code: Some(code), .. } => Self::Io(io::Error::from_raw_os_error(code)),
            Fault::Io { kind, code: None } => Self::Io(kind.into()),
        }
    }
}
