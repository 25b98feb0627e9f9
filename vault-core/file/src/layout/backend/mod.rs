//! What redb talks to: pages go through the cipher, page 0 goes into the commit slots, and the order of
//! writes and syncs keeps one whole state on the disk at every moment.
//!
//! redb calls with three shapes only: a few bytes of its header at 0, its whole header at 0, and whole
//! pages. Its header is kept in memory. Nothing becomes durable before redb syncs *and* its header names
//! another state than the current slot: then the pages that still wait in memory and the nodes of the page table
//! that changed are written, all is synced, and the slot that names them is written and synced. A sync before that, such as the first phase
//! of a two-phase commit, has nothing to make durable and does nothing.
//!
//! The slot carries the length as well, so that header and length change in one step. redb's length is a
//! number: the file grows where pages are written, and is cut only after a slot that uses less is durable.

mod switch;

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;

use super::commit_slot::{CommitSlot, CommitSlots, REDB_HEADER_BYTES, Side};
use super::pages::Pages;
use super::pending::Pending;
use super::state::State;
use super::store::Durable;
use super::table::{NodeChecked, PageTable, UseOfDisk};
use super::{EXTENTS_AT, JOURNAL_AT, JOURNAL_BYTES, JournalMark, PAGE_BYTES, Sizes};
use crate::disk::Disk;
use crate::engine::Health;
use crate::entropy::Entropy;
use crate::error::{Error, Fault, Part};
use crate::header::Unlocked;
use crate::keys::{CommitSlotKey, PageKey};

/// A sealed file as redb's storage.
pub(crate) struct SealedBackend<D> {
    disk: Arc<D>,
    pages: Pages<D>,
    slots: CommitSlots<D>,
    health: Arc<Health>,
    /// How many pages redb sees, page 0 included.
    page_count: AtomicU64,
    pages_max: u64,
    cache_bytes: usize,
    state: Mutex<State>,
}

impl<D: Disk> SealedBackend<D> {
    /// Starts an empty file. Nothing is durable before redb's first sync.
    pub(crate) fn create(
        disk: Arc<D>,
        unlocked: &Unlocked,
        entropy: Entropy,
        sizes: &Sizes,
        health: Arc<Health>,
    ) -> Result<Self, Error> {
        // Written, not only reserved: the first records must not wait for blocks.
        disk.write_at(JOURNAL_AT, &[0; JOURNAL_BYTES])?;
        let nothing = CommitSlot::before_the_first(unlocked.header_seq);
        let state = State::at(nothing, Side::B, true);
        Ok(Self::with_state(disk, unlocked, entropy, sizes, health, state))
    }

    /// Opens the newest state. Returns whether a damaged twin of its slot was mended.
    pub(crate) fn open(
        disk: Arc<D>,
        unlocked: &Unlocked,
        entropy: Entropy,
        sizes: &Sizes,
        health: Arc<Health>,
    ) -> Result<(Self, bool), Error> {
        let slot_key = CommitSlotKey::derive(&unlocked.file_key, unlocked.file);
        let slots = CommitSlots::new(Arc::clone(&disk), slot_key, unlocked.file, entropy.clone());
        let newest = slots.read_newest()?;
        newest.slot.check(unlocked, sizes)?;
        if disk.len()? < newest.slot.end().max(EXTENTS_AT) {
            return Err(Error::Damaged { what: Part::End });
        }
        // What was read may be in the system's cache only: an earlier process may have been killed between
        // its write and its sync. It must be durable before anything is built on it.
        disk.sync()?;
        let mended = slots.mend(&newest)?;
        if mended {
            disk.sync()?;
        }
        let state = State::at(newest.slot, newest.side, false);
        let backend = Self::with_state(disk, unlocked, entropy, sizes, health, state);
        Ok((backend, mended))
    }

    fn with_state(
        disk: Arc<D>,
        unlocked: &Unlocked,
        entropy: Entropy,
        sizes: &Sizes,
        health: Arc<Health>,
        state: State,
    ) -> Self {
        let file = unlocked.file;
        let page_key = PageKey::derive(&unlocked.file_key, file);
        let slot_key = CommitSlotKey::derive(&unlocked.file_key, file);
        let table = PageTable::new(
            Arc::clone(&disk),
            unlocked,
            entropy.clone(),
            sizes,
            state.current.rooted(),
            UseOfDisk::Write,
        );
        Self {
            pages: Pages::new(
                Arc::clone(&disk),
                page_key,
                file,
                entropy.clone(),
                table,
                Pending::new(sizes.pending_bytes),
            ),
            slots: CommitSlots::new(Arc::clone(&disk), slot_key, file, entropy),
            disk,
            health,
            page_count: AtomicU64::new(state.current.pages),
            pages_max: sizes.pages_max(),
            cache_bytes: sizes.cache_bytes,
            state: Mutex::new(state),
        }
    }

    /// How much memory is left for redb.
    pub(crate) fn cache_bytes(&self) -> usize {
        self.cache_bytes
    }

    pub(super) fn disk(&self) -> &D {
        &self.disk
    }

    pub(super) fn pages(&self) -> &Pages<D> {
        &self.pages
    }

    fn table(&self) -> &PageTable<D> {
        self.pages.table()
    }

    pub(super) fn durable_state(&self) -> Durable {
        let state = self.state();
        Durable {
            redb_header: state.current.redb_header,
            pages: state.current.pages,
        }
    }

    /// The parts of the page table that were mended since the file was opened.
    pub(super) fn mended_nodes(&self) -> Vec<Part> {
        self.table().mended()
    }

    /// Reads every node of the page table, as memory names it.
    pub(super) fn check_nodes(&self, checked: &mut NodeChecked<'_>) -> Result<(), Error> {
        self.table().check(false, checked)
    }

    /// Whether a twin of the current slot is damaged.
    pub(super) fn current_twins_differ(&self) -> Result<bool, Error> {
        let state = self.state();
        self.slots.differ_from(state.side, &state.current)
    }

    /// What the durable state says about the journal.
    pub(crate) fn journal_mark(&self) -> JournalMark {
        self.state().current.mark
    }

    /// From now on every new state that redb makes durable says this about the journal.
    pub(crate) fn carry_mark(&self, mark: JournalMark) {
        self.state().next_mark = mark;
    }

    /// Changes something beside redb. A failure ends the handle.
    pub(super) fn while_healthy<T>(&self, change: impl FnOnce() -> Result<T, Fault>) -> io::Result<T> {
        self.health.check()?;
        self.latch(change())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first failure ends the handle: what the disk holds after it is unknown until it is read again.
    fn latch<T>(&self, result: Result<T, Fault>) -> io::Result<T> {
        result.map_err(|fault| {
            self.health.record(fault);
            fault.into()
        })
    }

    fn read_pages(&self, offset: u64, bytes: &mut [u8]) -> Result<(), Fault> {
        let first = self.page_range(offset, bytes.len())?;
        self.pages.read(first, bytes)
    }

    fn write_pages(&self, offset: u64, bytes: &[u8]) -> Result<(), Fault> {
        let first = self.page_range(offset, bytes.len())?;
        self.health.check()?;
        self.leave_rest()?;
        self.pages.write(first, bytes)?;
        self.state().unsynced = true;
        Ok(())
    }

    /// The first page of a range that must be whole pages within the file, page 0 excluded.
    fn page_range(&self, offset: u64, len: usize) -> Result<u64, Fault> {
        let page_bytes = PAGE_BYTES as u64;
        let (first, count) = (offset / page_bytes, len as u64 / page_bytes);
        let whole = offset.is_multiple_of(page_bytes) && len.is_multiple_of(PAGE_BYTES);
        let within = first
            .checked_add(count)
            .is_some_and(|end| end <= self.page_count.load(Ordering::Acquire));
        if whole && within && first > 0 {
            Ok(first)
        } else {
            Err(Fault::Tampered(Part::Tree))
        }
    }

    /// Sets redb's length. Growing takes no space; pages that are taken away are forgotten.
    fn resize(&self, len: u64) -> Result<(), Fault> {
        self.health.check()?;
        let pages = len / PAGE_BYTES as u64;
        if pages > self.pages_max {
            return Err(Fault::FileTooLarge {
                bytes: len,
                limit: self.pages_max * PAGE_BYTES as u64,
            });
        }
        if pages < self.page_count.load(Ordering::Acquire) {
            self.leave_rest()?;
            self.pages.truncate(pages)?;
        }
        self.page_count.store(pages, Ordering::Release);
        Ok(())
    }
}

impl<D: Disk> StorageBackend for SealedBackend<D> {
    fn len(&self) -> io::Result<u64> {
        Ok(self.page_count.load(Ordering::Acquire) * PAGE_BYTES as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if offset == 0 && out.len() <= REDB_HEADER_BYTES {
            out.copy_from_slice(&self.state().redb_header[..out.len()]);
            return Ok(());
        }
        self.latch(self.read_pages(offset, out))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.latch(self.resize(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.latch(self.sync())
    }

    fn close(&self) -> io::Result<()> {
        self.mirror().map_err(io::Error::from)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if offset == 0 && data.len() == REDB_HEADER_BYTES {
            self.state().redb_header.copy_from_slice(data);
            return Ok(());
        }
        self.latch(self.write_pages(offset, data))
    }
}

impl<D> fmt::Debug for SealedBackend<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedBackend(..)")
    }
}
