//! A disk in memory that fails on command, loses power on command, and can remember all that was done to it.
//!
//! Reads see every write at once, as the system's cache shows it; what survives a loss of power is told by
//! [`Remains`](super::remains::Remains) from the record of writes, changes of length and syncs.

use std::cell::Cell;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use vault_file::Disk;

use super::dice::Dice;
use super::image::Image;
use super::remains::{Damage, Remains};

/// What the disk does wrong. Changes (writes, changes of length, syncs) and reads are counted apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Trouble {
    #[default]
    None,
    /// Power fails during this change.
    CutAt(u64),
    /// Power fails during this sync, the moment at which most is at stake.
    CutAtSync(u64),
    /// The process is killed at this change: what it had written stays in the system's cache.
    KillAt(u64),
    /// This change alone fails, as does everything that the file then tries.
    ErrorAt(u64),
    /// This change and every later one fails.
    ErrorFrom(u64),
    /// This change fails; if it is a write, half of it reached the disk.
    HalfWrittenAt(u64),
    /// There is no room for this change alone.
    FullAt(u64),
    /// From this change on, nothing can be written.
    FullFrom(u64),
    /// Nothing can be written but the journal.
    FullBesidesJournal,
    /// This read alone fails.
    ReadErrorAt(u64),
    /// This read and every later one fails.
    ReadErrorFrom(u64),
}

/// A mistake, of the disk or of the crate, that is built in to prove that a harness finds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Planted {
    #[default]
    Nothing,
    /// `sync` returns without doing anything.
    SyncDoesNothing,
    /// One of the writes that were synced last is not there after all.
    LosesALateWrite,
    /// One write is durable one sync later than the writes after it.
    ReordersPastASync,
    /// The sync between the pages and the slot that names them is skipped.
    SlotBeforePages,
    /// Writing a commit slot destroys the current one, as a single slot in place would be.
    SlotInPlace,
    /// The sync between the two copies of the header is skipped.
    HeaderCopiesTogether,
    /// The sync after a record of the journal is skipped: it is acknowledged before it is durable.
    RecordNotSynced,
    /// A commit slot stays unsynced until another is written: the journal begins anew before that is durable.
    SlotLingers,
}

/// What the user of the file knows at a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mark {
    /// The file has its name: from here on it must open.
    Named,
    /// This number was acknowledged or shown, so nothing older may come back.
    AtLeast(u64),
    /// The file was opened and showed `found`; what is written from now on is numbered from `next`.
    Opened { found: u64, next: u64 },
}

#[derive(Clone, Debug)]
pub(crate) enum Event {
    Write { offset: usize, bytes: Vec<u8> },
    Length(usize),
    SyncBegun(u64),
    SyncDone(u64),
    Mark(Mark),
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) event: Event,
    /// What the user of the file was doing.
    pub(crate) during: &'static str,
}

/// Everything that was done to a disk since it held `base`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) base: Image,
    pub(crate) entries: Vec<Entry>,
    /// Offset and length of each read.
    pub(crate) reads: Vec<(usize, usize)>,
}

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

#[derive(Debug, Default)]
struct State {
    record: Record,
    keeps_record: bool,
    seen: Image,
    operations: u64,
    reads: u64,
    syncs: u64,
    sync_takes: Duration,
    trouble: Trouble,
    planted: Planted,
    dark: bool,
    /// Whether anything was refused.
    failed: bool,
    /// Which life of the process: handles of an earlier one are dead.
    life: u64,
    locked: bool,
}

/// The disk as the file sees it. Clones are the same disk; [`SimulatedDisk::handle`] gives one to open.
#[derive(Clone, Debug, Default)]
pub(crate) struct SimulatedDisk(Arc<Mutex<State>>);

/// One opener's hold of the disk; dropping it releases the lock.
#[derive(Debug)]
pub(crate) struct Handle {
    disk: SimulatedDisk,
    life: u64,
    holds_lock: Mutex<bool>,
}

/// The journal area.
pub(crate) const JOURNAL: Range<usize> = 24576..24576 + 256 * 1024;

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

impl State {
    /// Counts a change. Power may fail in it: then it may or may not have reached the disk.
    fn begin(&mut self, life: u64, event: &Event) -> io::Result<()> {
        self.check_power(life)?;
        let operation = self.operations;
        self.operations += 1;
        let begun = self.begin_with_trouble(operation, event);
        self.failed |= begun.is_err();
        begun
    }

    fn begin_with_trouble(&mut self, operation: u64, event: &Event) -> io::Result<()> {
        let is_sync = matches!(event, Event::SyncBegun(_));
        match self.trouble {
            Trouble::ErrorAt(at) if at == operation => Err(fault()),
            Trouble::ErrorFrom(from) if operation >= from => Err(fault()),
            Trouble::HalfWrittenAt(at) if at == operation => {
                if let Event::Write { offset, bytes } = event {
                    let half = bytes[..bytes.len() / 2].to_vec();
                    self.put(*offset, half);
                }
                Err(fault())
            }
            Trouble::FullAt(at) if operation == at && !is_sync => Err(io::ErrorKind::StorageFull.into()),
            Trouble::FullFrom(from) if operation >= from && !is_sync => {
                Err(io::ErrorKind::StorageFull.into())
            }
            Trouble::FullBesidesJournal => match event {
                Event::Write { offset, .. } if !JOURNAL.contains(offset) => {
                    Err(io::ErrorKind::StorageFull.into())
                }
                _ => Ok(()),
            },
            Trouble::KillAt(at) if operation >= at => {
                self.kill();
                Err(io::Error::other("killed"))
            }
            Trouble::CutAt(at) if at == operation => {
                self.dark = true;
                Ok(())
            }
            Trouble::CutAtSync(at) if is_sync && at == self.syncs => {
                self.dark = true;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn check_power(&self, life: u64) -> io::Result<()> {
        if self.dark {
            Err(io::Error::other("no power"))
        } else if self.life != life {
            Err(io::Error::other("killed"))
        } else {
            Ok(())
        }
    }

    fn kill(&mut self) {
        self.life += 1;
        self.locked = false;
        self.trouble = Trouble::None;
    }

    fn begin_read(&mut self) -> io::Result<()> {
        let read = self.reads;
        self.reads += 1;
        let fails = match self.trouble {
            Trouble::ReadErrorAt(at) => at == read,
            Trouble::ReadErrorFrom(from) => read >= from,
            _ => false,
        };
        self.failed |= fails;
        if fails { Err(fault()) } else { Ok(()) }
    }

    fn put(&mut self, offset: usize, bytes: Vec<u8>) {
        self.seen.write(offset, &bytes);
        self.note(Event::Write { offset, bytes });
    }

    fn note(&mut self, event: Event) {
        self.record.entries.push(Entry {
            event,
            during: DURING.get(),
        });
    }

    /// Without a record to keep, what a sync covered becomes the base of the record.
    fn forget_what_is_durable(&mut self, sync: u64) {
        if self.keeps_record || self.planted != Planted::Nothing {
            return;
        }
        let Record { base, entries, .. } = &mut self.record;
        let is_begin = |entry: &Entry| matches!(entry.event, Event::SyncBegun(begun) if begun == sync);
        let Some(begun) = entries.iter().position(is_begin) else {
            return;
        };
        for entry in entries.drain(..=begun) {
            match entry.event {
                Event::Write { offset, bytes } => base.write(offset, &bytes),
                Event::Length(len) => base.resize(len),
                _ => {}
            }
        }
    }
}

impl Disk for Handle {
    fn len(&self) -> io::Result<u64> {
        let mut state = self.disk.state();
        state.begin_read()?;
        Ok(state.seen.len() as u64)
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        let mut state = self.disk.state();
        state.begin_read()?;
        let start = usize::try_from(offset).unwrap();
        if state.keeps_record {
            state.record.reads.push((start, bytes.len()));
        }
        if state.seen.read(start, bytes) {
            Ok(())
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.state();
        let (offset, bytes) = (usize::try_from(offset).unwrap(), bytes.to_vec());
        let event = Event::Write { offset, bytes };
        state.begin(self.life, &event)?;
        if let Event::Write { offset, bytes } = event {
            state.put(offset, bytes);
        }
        state.check_power(self.life)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        let len = usize::try_from(len).unwrap();
        state.begin(self.life, &Event::Length(len))?;
        state.seen.resize(len);
        state.note(Event::Length(len));
        state.check_power(self.life)
    }

    /// Takes a moment, in which other threads write what this sync does not cover.
    fn sync(&self) -> io::Result<()> {
        let takes = self.disk.state().sync_takes;
        let mut state = self.disk.state();
        let sync = state.syncs;
        state.begin(self.life, &Event::SyncBegun(sync))?;
        state.check_power(self.life)?;
        state.syncs += 1;
        state.note(Event::SyncBegun(sync));
        drop(state);
        if takes.is_zero() {
            std::thread::yield_now();
        } else {
            std::thread::sleep(takes);
        }
        let mut state = self.disk.state();
        state.check_power(self.life)?;
        state.note(Event::SyncDone(sync));
        state.forget_what_is_durable(sync);
        Ok(())
    }

    fn try_lock(&self) -> io::Result<bool> {
        let mut state = self.disk.state();
        if state.locked {
            return Ok(false);
        }
        state.locked = true;
        *self.holds_lock.lock().unwrap() = true;
        Ok(true)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut state = self.disk.state();
        if *self.holds_lock.lock().unwrap() && state.life == self.life {
            state.locked = false;
        }
    }
}

fn fault() -> io::Error {
    io::Error::other("simulated fault")
}
