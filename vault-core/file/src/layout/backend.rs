//! What redb talks to: pages go through the cipher, page 0 goes into the commit slots, and the order of
//! writes and syncs keeps one whole state on the disk at every moment.
//!
//! redb calls with three shapes only: a few bytes of its header at 0, its whole header at 0, and whole
//! pages. Its header is kept in memory. A commit slot is written when redb syncs *and* the header names
//! another state than the current slot: the first phase of a two-phase commit (pages, no switch yet) costs
//! one sync, the second (the switch) one slot and one sync. The slot carries the length as well, so that
//! header and length change in one step; the file is cut only after a slot that names the smaller length is
//! durable.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;

use super::commit_slot::{CommitSlot, CommitSlots, REDB_HEADER_BYTES, Side};
use super::pages::{Pages, file_len, pages_within};
use super::store::Durable;
use super::{JOURNAL_AT, JOURNAL_BYTES, JournalMark, PAGE_BYTES, PAGES_AT};
use crate::disk::Disk;
use crate::engine::Health;
use crate::entropy::Entropy;
use crate::error::{Error, Fault, Part};
use crate::header::Unlocked;
use crate::keys::{CommitSlotKey, PageKey};

/// redb's magic number and the byte that says which of its two commit records counts.
const REDB_SWITCH_BYTES: usize = 10;
/// In that byte: redb did not shut down after this state.
const REDB_RECOVERY_BIT: u8 = 2;
/// Its magic number, with which every finished header begins.
const REDB_MAGIC: &[u8; 9] = b"redb\x1A\x0A\xA9\x0D\x0A";

/// A sealed file as redb's storage.
pub(crate) struct SealedBackend<D> {
    disk: Arc<D>,
    pages: Pages<D>,
    slots: CommitSlots<D>,
    health: Arc<Health>,
    /// How many pages redb sees, page 0 included.
    page_count: AtomicU64,
    pages_max: u64,
    state: Mutex<State>,
}

struct State {
    /// The slot that was last synced, and where it lies.
    current: CommitSlot,
    side: Side,
    /// redb's header as it last wrote it.
    redb_header: [u8; REDB_HEADER_BYTES],
    /// What the next switch will say about the journal.
    next_mark: JournalMark,
    /// The length of the file.
    file_len: u64,
    /// Whether pages or the length changed since the last sync.
    unsynced: bool,
    /// Whether a slot was written through this handle.
    switched: bool,
}

impl<D: Disk> SealedBackend<D> {
    /// Starts an empty file. Nothing is durable before redb's first sync.
    pub(crate) fn create(
        disk: Arc<D>,
        unlocked: &Unlocked,
        entropy: Entropy,
        max_bytes: u64,
        health: Arc<Health>,
    ) -> Result<Self, Error> {
        // Written, not only reserved: the first records must not wait for blocks.
        disk.write_at(JOURNAL_AT, &[0; JOURNAL_BYTES])?;
        let nothing = CommitSlot {
            seq: 0,
            header_seq_floor: unlocked.header_seq,
            pages: 0,
            mark: JournalMark {
                clean: true,
                ..JournalMark::default()
            },
            redb_header: [0; REDB_HEADER_BYTES],
        };
        let state = State::at(nothing, Side::B, PAGES_AT, true);
        Ok(Self::with_state(
            disk, unlocked, entropy, max_bytes, health, state,
        ))
    }

    /// Opens the newest state. Returns whether a damaged twin of its slot was mended.
    pub(crate) fn open(
        disk: Arc<D>,
        unlocked: &Unlocked,
        entropy: Entropy,
        max_bytes: u64,
        health: Arc<Health>,
    ) -> Result<(Self, bool), Error> {
        let len = disk.len()?;
        if len < PAGES_AT {
            return Err(Error::Damaged {
                what: Part::CommitSlots,
            });
        }
        let slot_key = CommitSlotKey::derive(&unlocked.file_key, unlocked.file);
        let slots = CommitSlots::new(Arc::clone(&disk), slot_key, unlocked.file, entropy.clone());
        let newest = slots.read_newest()?;
        check_state(&newest.slot, unlocked, len, max_bytes)?;
        // What was read may be in the system's cache only: an earlier process may have been killed between
        // its write and its sync. It must be durable before anything is built on it.
        disk.sync()?;
        let mended = slots.mend(&newest)?;
        if mended {
            disk.sync()?;
        }
        let state = State::at(newest.slot, newest.side, len, false);
        Ok((
            Self::with_state(disk, unlocked, entropy, max_bytes, health, state),
            mended,
        ))
    }

    fn with_state(
        disk: Arc<D>,
        unlocked: &Unlocked,
        entropy: Entropy,
        max_bytes: u64,
        health: Arc<Health>,
        state: State,
    ) -> Self {
        let file = unlocked.file;
        let page_key = PageKey::derive(&unlocked.file_key, file);
        let slot_key = CommitSlotKey::derive(&unlocked.file_key, file);
        Self {
            pages: Pages::new(Arc::clone(&disk), page_key, file, entropy.clone()),
            slots: CommitSlots::new(Arc::clone(&disk), slot_key, file, entropy),
            disk,
            health,
            page_count: AtomicU64::new(state.current.pages),
            pages_max: max_bytes / PAGE_BYTES as u64,
            state: Mutex::new(state),
        }
    }

    pub(super) fn disk(&self) -> &D {
        &self.disk
    }

    pub(super) fn pages(&self) -> &Pages<D> {
        &self.pages
    }

    pub(super) fn durable_state(&self) -> Durable {
        let state = self.state();
        Durable {
            redb_header: state.current.redb_header,
            pages: state.current.pages,
        }
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

    /// Grows the file at once, and cuts it only once a slot names the smaller length.
    fn resize(&self, len: u64) -> Result<(), Fault> {
        self.health.check()?;
        let pages = len / PAGE_BYTES as u64;
        if pages > self.pages_max {
            return Err(Fault::FileTooLarge {
                bytes: len,
                limit: self.pages_max * PAGE_BYTES as u64,
            });
        }
        let mut state = self.state();
        if file_len(pages) > state.file_len {
            self.disk
                .set_len(file_len(pages))
                .map_err(|error| Fault::of(&error))?;
            state.file_len = file_len(pages);
            state.unsynced = true;
        }
        self.page_count.store(pages, Ordering::Release);
        Ok(())
    }

    fn sync(&self) -> Result<(), Fault> {
        self.health.check()?;
        let mut state = self.state();
        if state.unsynced {
            self.disk.sync().map_err(|error| Fault::of(&error))?;
            state.unsynced = false;
        }
        if state.names_another_state() {
            self.switch(&mut state)
        } else {
            Ok(())
        }
    }

    /// Makes redb's header the durable state. Every page that it names has been synced.
    fn switch(&self, state: &mut State) -> Result<(), Fault> {
        let pages = self.page_count.load(Ordering::Acquire);
        let next = CommitSlot {
            pages,
            mark: state.next_mark,
            redb_header: state.redb_header,
            ..state.current.clone()
        };
        self.write_slot(state, next)?;
        let wanted = file_len(pages);
        if state.file_len > wanted {
            self.disk.set_len(wanted).map_err(|error| Fault::of(&error))?;
            state.file_len = wanted;
            state.unsynced = true;
        }
        Ok(())
    }

    /// Writes the state of a file that redb has closed to the other side too: at rest, a file survives the
    /// loss of either pair of slots.
    fn mirror(&self) -> Result<(), Fault> {
        self.health.check()?;
        let mut state = self.state();
        if state.is_closed() {
            let same = state.current.clone();
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
        state.switched = true;
        Ok(())
    }
}

impl State {
    fn at(current: CommitSlot, side: Side, file_len: u64, unsynced: bool) -> Self {
        Self {
            redb_header: current.redb_header,
            next_mark: current.mark,
            current,
            side,
            file_len,
            unsynced,
            switched: false,
        }
    }

    /// Whether redb has shut down in good order, and not merely failed to open.
    fn is_closed(&self) -> bool {
        let needs_recovery = self.current.redb_header[REDB_SWITCH_BYTES - 1] & REDB_RECOVERY_BIT != 0;
        self.switched && !needs_recovery
    }

    /// Whether redb's header differs from the current slot in what counts: its magic, the byte that chooses
    /// a commit record, or the record that is chosen.
    fn names_another_state(&self) -> bool {
        let counts = |header: &[u8; REDB_HEADER_BYTES]| {
            let record = 64 + 128 * usize::from(header[REDB_SWITCH_BYTES - 1] & 1);
            [&header[..REDB_SWITCH_BYTES], &header[record..record + 128]].concat()
        };
        counts(&self.redb_header) != counts(&self.current.redb_header)
    }
}

/// Refuses a state that this file or this caller cannot have.
fn check_state(slot: &CommitSlot, unlocked: &Unlocked, len: u64, max_bytes: u64) -> Result<(), Error> {
    if unlocked.header_seq < slot.header_seq_floor {
        return Err(Error::Tampered { what: Part::Header });
    }
    if !slot.redb_header.starts_with(REDB_MAGIC) || slot.pages == 0 {
        return Err(Error::Damaged {
            what: Part::CommitSlots,
        });
    }
    let bytes = slot.pages.saturating_mul(PAGE_BYTES as u64);
    if bytes > max_bytes {
        return Err(Error::TooLarge {
            what: "the file",
            bytes,
            limit: max_bytes,
        });
    }
    if len < file_len(slot.pages) {
        return Err(Error::Damaged {
            what: Part::Page(pages_within(len)),
        });
    }
    Ok(())
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
