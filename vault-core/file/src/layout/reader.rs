//! Reading a file at rest, without redb and without writing a byte: to check whole ones, and what is left of
//! damaged ones.

use std::sync::Arc;

use super::commit_slot::CommitSlots;
use super::pages::Pages;
use super::pending::Pending;
use super::store::{Durable, PageSource};
use super::table::{NodeChecked, PageTable, UseOfDisk};
use super::{JournalMark, Sizes};
use crate::disk::Disk;
use crate::entropy::Entropy;
use crate::error::{Error, Fault};
use crate::header::Unlocked;
use crate::keys::{CommitSlotKey, PageKey};

/// The newest durable state of a file at rest. Pages beyond the end of a cut file read as damaged.
pub(crate) struct Reader<D> {
    pub(super) disk: Arc<D>,
    pub(super) pages: Pages<D>,
    durable: Durable,
    mark: JournalMark,
    twins_differ: bool,
    is_mirrored: bool,
}

impl<D: Disk> Reader<D> {
    pub(crate) fn open(disk: Arc<D>, unlocked: &Unlocked, sizes: &Sizes) -> Result<Self, Error> {
        let file = unlocked.file;
        let slot_key = CommitSlotKey::derive(&unlocked.file_key, file);
        let page_key = PageKey::derive(&unlocked.file_key, file);
        let nothing_is_sealed = Entropy::none();
        let slots = CommitSlots::new(Arc::clone(&disk), slot_key, file, nothing_is_sealed.clone());
        let newest = slots.read_newest()?;
        newest.slot.check(unlocked, sizes)?;
        let table = PageTable::new(
            Arc::clone(&disk),
            unlocked,
            nothing_is_sealed.clone(),
            sizes,
            newest.slot.rooted(),
            UseOfDisk::Read,
        );
        let nothing_is_written = Pending::new(0);
        Ok(Self {
            durable: Durable {
                redb_header: newest.slot.redb_header,
                pages: newest.slot.pages,
            },
            mark: newest.slot.mark,
            twins_differ: newest.twins_differ(),
            is_mirrored: newest.slot.is_mirrored,
            pages: Pages::new(
                Arc::clone(&disk),
                page_key,
                file,
                nothing_is_sealed,
                table,
                nothing_is_written,
            ),
            disk,
        })
    }

    pub(crate) fn durable(&self) -> Durable {
        self.durable
    }

    /// What this state says about the journal.
    pub(crate) fn journal_mark(&self) -> JournalMark {
        self.mark
    }

    /// Whether the commit slot of this state has a damaged twin.
    pub(crate) fn twins_differ(&self) -> bool {
        self.twins_differ
    }

    /// Reads every node of the page table, in both places if the file was closed in good order.
    pub(crate) fn check_nodes(&self, checked: &mut NodeChecked<'_>) -> Result<(), Error> {
        self.pages.table().check(self.is_mirrored, checked)
    }
}

impl<D: Disk> PageSource for Reader<D> {
    fn read_pages(&self, first: u64, plain: &mut [u8]) -> Result<(), Fault> {
        self.pages.read(first, plain)
    }
}
