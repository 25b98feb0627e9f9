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
use super::table::{Checkpoint, NodeChecked, PageTable, UseOfDisk};
use super::{BLOCK_BYTES, EXTENTS_AT, JOURNAL_AT, JOURNAL_BYTES, JournalMark, PAGE_BYTES, Sizes};
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

    /// Makes the durable state say this about the journal, whichever side of the slots is read.
    pub(crate) fn write_mark(&self, mark: JournalMark) -> Result<(), Fault> {
        self.health.check()?;
        let mut state = self.state();
        state.next_mark = mark;
        self.write_both_sides(&mut state, |slot| slot.mark = mark)
    }

    /// From now on a header with a lower `header_seq` is refused, whichever side of the slots is read. The
    /// header itself is durable already.
    pub(crate) fn raise_floor(&self, header_seq: u64) -> Result<(), Fault> {
        let mut state = self.state();
        if state.current.header_seq_floor >= header_seq {
            return Ok(());
        }
        self.write_both_sides(&mut state, |slot| slot.header_seq_floor = header_seq)
    }

    /// Writes the durable state again with a change, to one side and then to the other.
    fn write_both_sides(&self, state: &mut State, change: impl Fn(&mut CommitSlot)) -> Result<(), Fault> {
        for _ in [Side::A, Side::B] {
            let mut next = state.current.clone();
            change(&mut next);
            self.write_slot(state, next)?;
        }
        Ok(())
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

    /// Before anything changes in a file whose nodes all lie in both places, its slot says that this is over.
    fn leave_rest(&self) -> Result<(), Fault> {
        let mut state = self.state();
        if !state.current.is_mirrored || state.current.seq == 0 {
            return Ok(());
        }
        let next = CommitSlot {
            is_mirrored: false,
            ..state.current.clone()
        };
        self.write_slot(&mut state, next)
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

    fn sync(&self) -> Result<(), Fault> {
        self.health.check()?;
        let mut state = self.state();
        if state.names_another_state() {
            self.switch(&mut state)
        } else {
            Ok(())
        }
    }

    /// Makes redb's header the durable state, with every page that it names.
    fn switch(&self, state: &mut State) -> Result<(), Fault> {
        let flushed = self.pages.flush()?;
        let Checkpoint { roots, end, wrote } = self.table().checkpoint()?;
        let grew = self.reach(end)?;
        if state.unsynced || flushed || wrote || grew {
            self.disk.sync().map_err(|error| Fault::of(&error))?;
            state.unsynced = false;
        }
        let next = CommitSlot {
            pages: self.page_count.load(Ordering::Acquire),
            mark: state.next_mark,
            redb_header: state.redb_header,
            blocks: blocks(end)?,
            roots,
            is_mirrored: false,
            ..state.current.clone()
        };
        self.write_slot(state, next)?;
        self.table().settle(state.current.seq);
        self.cut(state, end)
    }

    /// Sees to it that the file does not end before a state that is about to be named. Returns whether it did.
    fn reach(&self, end: u64) -> Result<bool, Fault> {
        let is_shorter = self.disk_len()? < end;
        if is_shorter {
            self.disk.set_len(end).map_err(|error| Fault::of(&error))?;
        }
        Ok(is_shorter)
    }

    /// Gives the system back what the durable state does not use.
    fn cut(&self, state: &mut State, end: u64) -> Result<(), Fault> {
        if self.disk_len()? > end {
            self.disk.set_len(end).map_err(|error| Fault::of(&error))?;
            state.unsynced = true;
        }
        Ok(())
    }

    fn disk_len(&self) -> Result<u64, Fault> {
        self.disk.len().map_err(|error| Fault::of(&error))
    }

    /// Copies what the state of a file that redb has closed is named by: at rest, a file survives the loss of
    /// any block of its page table, and of either pair of slots.
    fn mirror(&self) -> Result<(), Fault> {
        self.health.check()?;
        let mut state = self.state();
        if state.is_closed() {
            let same = CommitSlot {
                is_mirrored: self.table().mirror()?,
                ..state.current.clone()
            };
            self.write_slot(&mut state, same)?;
        }
        Ok(())
    }

    /// Writes the next slot to the side that does not hold the current one, and waits until it is durable.
    fn write_slot(&self, state: &mut State, mut next: CommitSlot) -> Result<(), Fault> {
        next.seq = state.current.seq.saturating_add(1);
        let side = state.side.other();
        self.slots.write(side, &next)?;
        self.disk.sync().map_err(|error| Fault::of(&error))?;
        (state.current, state.side) = (next, side);
        (state.switched, state.unsynced) = (true, false);
        Ok(())
    }
}

/// How many blocks lie before the end of a state.
fn blocks(end: u64) -> Result<u32, Fault> {
    u32::try_from(end.div_ceil(BLOCK_BYTES as u64)).map_err(|_| Fault::FileTooLarge {
        bytes: end,
        limit: u64::from(u32::MAX) * BLOCK_BYTES as u64,
    })
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
