//! A disk in memory that fails on command, loses power on command, and can remember all that was done to it.
//!
//! Reads see every write at once, as the system's cache shows it; what survives a loss of power is told by
//! [`Remains`](super::remains::Remains) from the record of writes, changes of length and syncs.

mod handle;
mod record;
mod state;
mod trouble;

use std::cell::Cell;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::dice::Dice;
use super::image::Image;
use super::remains::{Damage, Remains};
pub(crate) use handle::Handle;
pub(crate) use record::{Entry, Event, Mark, Record};
use state::State;
pub(crate) use trouble::{Planted, Trouble};

/// The journal area.
pub(crate) const JOURNAL: Range<usize> = 24576..24576 + 256 * 1024;

thread_local! {
    static DURING: Cell<&'static str> = const { Cell::new("between two operations") };
}

/// Says what this thread is doing with the file, for the record.
pub(crate) fn during<T>(what: &'static str, act: impl FnOnce() -> T) -> T {
    let before = DURING.replace(what);
    let result = act();
    DURING.set(before);
    result
}

/// The disk as the file sees it. Clones are the same disk; [`SimulatedDisk::handle`] gives one to open.
#[derive(Clone, Debug, Default)]
pub(crate) struct SimulatedDisk(Arc<Mutex<State>>);

impl SimulatedDisk {
    pub(crate) fn holding(bytes: impl Into<Image>) -> Self {
        let image = bytes.into();
        let state = State {
            seen: image.clone(),
            record: Record {
                base: image,
                ..Record::default()
            },
            ..State::default()
        };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Keeps the record of everything, and not only of what was not synced yet.
    pub(crate) fn recording(self) -> Self {
        self.state().keeps_record = true;
        self
    }

    pub(crate) fn handle(&self) -> Handle {
        Handle {
            disk: self.clone(),
            life: self.state().life,
            holds_lock: Mutex::new(false),
        }
    }

    pub(crate) fn with(self, trouble: Trouble, planted: Planted) -> Self {
        let mut state = self.state();
        (state.trouble, state.planted) = (trouble, planted);
        drop(state);
        self
    }

    pub(crate) fn mark(&self, mark: Mark) {
        self.state().note(Event::Mark(mark));
    }

    /// Trouble that comes after so many more changes, instead of what was to come.
    pub(crate) fn expect(&self, trouble: fn(u64) -> Trouble, changes: u64) {
        let mut state = self.state();
        state.trouble = trouble(state.operations + changes);
    }

    /// No trouble is to come; returns whether any came since this was last asked.
    pub(crate) fn calm(&self) -> bool {
        let mut state = self.state();
        state.trouble = Trouble::None;
        std::mem::take(&mut state.failed)
    }

    /// The process dies now, if it did not die before.
    pub(crate) fn kill(&self) {
        self.state().kill();
    }

    /// Operations that change something: writes, changes of length, syncs.
    pub(crate) fn operations(&self) -> u64 {
        self.state().operations
    }

    /// From now on a sync takes so long.
    pub(crate) fn take_time_to_sync(&self, takes: Duration) {
        self.state().sync_takes = takes;
    }

    pub(crate) fn syncs(&self) -> u64 {
        self.state().syncs
    }

    pub(crate) fn reads(&self) -> u64 {
        self.state().reads
    }

    /// Whether power has failed.
    pub(crate) fn is_dark(&self) -> bool {
        self.state().dark
    }

    /// What the running system reads.
    pub(crate) fn seen(&self) -> Vec<u8> {
        self.state().seen.to_vec()
    }

    /// The same, sharing what it can.
    pub(crate) fn image(&self) -> Image {
        self.state().seen.clone()
    }

    /// Everything that was done, if it was recorded. The record ends here.
    pub(crate) fn take_record(&self) -> Record {
        std::mem::take(&mut self.state().record)
    }

    /// What the user knew, from the beginning of the record on.
    pub(crate) fn marks(&self) -> Vec<Mark> {
        let state = self.state();
        let marks = state.record.entries.iter().filter_map(|entry| match entry.event {
            Event::Mark(mark) => Some(mark),
            _ => None,
        });
        marks.collect()
    }

    /// What is left after a loss of power, when pieces of `grain` bytes survive whole or not at all.
    pub(crate) fn after_power_cut(&self, seed: u64, grain: usize) -> Vec<u8> {
        let state = self.state();
        let mut remains = Remains::new(&state.record, state.planted);
        remains.advance_to(state.record.entries.len());
        remains.image(&mut Dice::new(seed), Damage::Tears(grain)).to_vec()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}
