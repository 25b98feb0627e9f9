//! What operations need of a file besides what redb does with it.

use std::fmt;
use std::io;
use std::sync::Arc;

use redb::StorageBackend;

use super::commit_slot::REDB_HEADER_BYTES;
use super::{JournalMark, NodeChecked, SealedBackend};
use crate::disk::Disk;
use crate::error::{Error, Fault, Part};
use crate::header::{Copies, HeaderBytes};

/// Pages as redb sees them.
pub(crate) trait PageSource {
    /// Opens consecutive pages into `plain`, whose length is a multiple of the page size. A page that does
    /// not open is told and does not end the handle.
    fn read_pages(&self, first: u64, plain: &mut [u8]) -> Result<(), Fault>;
}

/// A durable state, as redb's header names it.
#[derive(Clone, Copy)]
pub(crate) struct Durable {
    pub(crate) redb_header: [u8; REDB_HEADER_BYTES],
    /// How many pages redb sees, page 0 included.
    pub(crate) pages: u64,
}

/// An open file, whatever disk it lies on.
pub(crate) trait Store: PageSource + Send + Sync {
    /// Makes a changed header durable, in both copies, and sees to it that no older one is accepted again.
    /// A failure ends the handle.
    fn replace_header(&self, header: &HeaderBytes) -> Result<(), Fault>;

    /// The newest durable state.
    fn durable(&self) -> Durable;

    /// What the newest durable state says about the journal.
    fn journal_mark(&self) -> JournalMark;

    /// From now on every new state that redb makes durable says this about the journal. A new state that redb
    /// makes by itself, when it opens or closes, says it too.
    fn carry_mark(&self, mark: JournalMark);

    /// Makes the durable state say this about the journal, on both sides of the slots: when it returns, losing
    /// either side changes nothing. A failure ends the handle.
    fn write_mark(&self, mark: JournalMark) -> Result<(), Fault>;

    /// The parts that were found damaged since the file was opened, and were mended from their second copy.
    fn mended(&self) -> Vec<Part>;

    /// Reads every node of the page table that the newest state names.
    fn check_nodes(&self, checked: &mut NodeChecked<'_>) -> Result<(), Error>;

    /// Which of the parts that exist twice differ from what they must hold.
    fn damaged_twins(&self, header: &HeaderBytes) -> Result<Vec<Part>, Error>;
}

impl<D: Disk> PageSource for SealedBackend<D> {
    fn read_pages(&self, first: u64, plain: &mut [u8]) -> Result<(), Fault> {
        self.pages().read(first, plain)
    }
}

impl<D: Disk> Store for SealedBackend<D> {
    fn replace_header(&self, header: &HeaderBytes) -> Result<(), Fault> {
        let replaced = self.while_healthy(|| {
            Copies::replace(self.disk(), header).map_err(|error| Fault::of(&error))?;
            self.raise_floor(header.seq())
        });
        replaced.map_err(|error| Fault::of(&error))
    }

    fn durable(&self) -> Durable {
        self.durable_state()
    }

    fn journal_mark(&self) -> JournalMark {
        SealedBackend::journal_mark(self)
    }

    fn carry_mark(&self, mark: JournalMark) {
        SealedBackend::carry_mark(self, mark);
    }

    fn write_mark(&self, mark: JournalMark) -> Result<(), Fault> {
        self.while_healthy(|| SealedBackend::write_mark(self, mark))
            .map_err(|error| Fault::of(&error))
    }

    fn mended(&self) -> Vec<Part> {
        self.mended_nodes()
    }

    fn check_nodes(&self, checked: &mut NodeChecked<'_>) -> Result<(), Error> {
        SealedBackend::check_nodes(self, checked)
    }

    fn damaged_twins(&self, header: &HeaderBytes) -> Result<Vec<Part>, Error> {
        let copies = Copies::other_than(self.disk(), header)?;
        let twins = self.current_twins_differ()?;
        let found = copies
            .into_iter()
            .map(|differs| (differs, Part::Header))
            .chain([(twins, Part::CommitSlots)]);
        Ok(found
            .filter_map(|(differs, part)| differs.then_some(part))
            .collect())
    }
}

/// One backend for redb and for the operations beside it.
pub(crate) struct Shared<D>(pub(crate) Arc<SealedBackend<D>>);

impl<D: Disk> StorageBackend for Shared<D> {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.0.close()
    }
}

impl<D> fmt::Debug for Shared<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
