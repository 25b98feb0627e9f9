//! Reading a file at rest, without redb and without writing a byte: for damaged files, and to check whole
//! ones.

use std::sync::Arc;

use super::commit_slot::CommitSlots;
use super::pages::Pages;
use super::store::{Durable, PageSource};
use crate::disk::Disk;
use crate::entropy::Entropy;
use crate::error::{Error, Fault, Part};
use crate::header::Unlocked;
use crate::keys::{CommitSlotKey, PageKey};

/// The newest durable state of a file at rest. Pages beyond the end of a cut file read as damaged.
pub(crate) struct Reader<D> {
    pages: Pages<D>,
    durable: Durable,
    twins_differ: bool,
}

impl<D: Disk> Reader<D> {
    pub(crate) fn open(disk: Arc<D>, unlocked: &Unlocked) -> Result<Self, Error> {
        let file = unlocked.file;
        let slot_key = CommitSlotKey::derive(&unlocked.file_key, file);
        let page_key = PageKey::derive(&unlocked.file_key, file);
        let nothing_is_sealed = Entropy::none();
        let slots = CommitSlots::new(Arc::clone(&disk), slot_key, file, nothing_is_sealed.clone());
        let newest = slots.read_newest()?;
        if unlocked.header_seq < newest.slot.header_seq_floor {
            return Err(Error::Tampered { what: Part::Header });
        }
        Ok(Self {
            durable: Durable {
                redb_header: newest.slot.redb_header,
                pages: newest.slot.pages,
            },
            twins_differ: newest.twins_differ(),
            pages: Pages::new(disk, page_key, file, nothing_is_sealed),
        })
    }

    pub(crate) fn durable(&self) -> Durable {
        self.durable
    }

    /// Whether the commit slot of this state has a damaged twin.
    pub(crate) fn twins_differ(&self) -> bool {
        self.twins_differ
    }
}

impl<D: Disk> PageSource for Reader<D> {
    fn read_pages(&self, first: u64, plain: &mut [u8]) -> Result<(), Fault> {
        self.pages.read(first, plain).map_err(|fault| match fault {
            Fault::Io {
                kind: std::io::ErrorKind::UnexpectedEof,
                ..
            } => Fault::Damaged(Part::Page(first)),
            fault => fault,
        })
    }
}
