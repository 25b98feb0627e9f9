//! How one durable state follows another: everything that the next one names is synced, then the slot that
//! names it is written over the older one and synced.

use std::sync::atomic::Ordering;

use super::super::commit_slot::{CommitSlot, Side};
use super::super::state::State;
use super::super::table::Checkpoint;
use super::super::{BLOCK_BYTES, JournalMark};
use super::SealedBackend;
use crate::disk::Disk;
use crate::error::Fault;

impl<D: Disk> SealedBackend<D> {
    pub(super) fn sync(&self) -> Result<(), Fault> {
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
    pub(super) fn mirror(&self) -> Result<(), Fault> {
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

    /// Before anything changes in a file whose nodes all lie in both places, its slot says that this is over.
    pub(super) fn leave_rest(&self) -> Result<(), Fault> {
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
}

/// How many blocks lie before the end of a state.
fn blocks(end: u64) -> Result<u32, Fault> {
    u32::try_from(end.div_ceil(BLOCK_BYTES as u64)).map_err(|_| Fault::FileTooLarge {
        bytes: end,
        limit: u64::from(u32::MAX) * BLOCK_BYTES as u64,
    })
}
