//! A disk in memory that fails on command and loses power on command.
//!
//! Everything written since the last sync is kept as a list. When power fails, each small piece of each
//! unsynced write survives or not, at random: writes are lost, torn and, in effect, reordered.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use vault_file::Disk;

/// What the disk does wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Trouble {
    #[default]
    None,
    /// Power fails during this operation.
    CutAt(u64),
    /// Power fails during this sync, the moment at which most is at stake.
    CutAtSync(u64),
    /// This operation alone fails, as does everything that the file then tries.
    ErrorAt(u64),
    /// From this operation on, nothing can be written.
    FullFrom(u64),
    /// Nothing can be written but the journal.
    FullBesidesJournal,
}

/// A mistake that is built into the disk to prove that the simulator finds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Planted {
    #[default]
    Nothing,
    /// `sync` returns without doing anything.
    SyncDoesNothing,
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

#[derive(Clone, Debug)]
enum Unsynced {
    Write { offset: usize, bytes: Vec<u8> },
    Length(usize),
}

impl Unsynced {
    fn is_slot(&self) -> bool {
        matches!(self, Self::Write { offset, .. } if COMMIT_SLOTS.contains(offset))
    }
}

#[derive(Debug, Default)]
struct State {
    durable: Vec<u8>,
    seen: Vec<u8>,
    unsynced: Vec<Unsynced>,
    operations: u64,
    syncs: u64,
    sync_takes: Duration,
    trouble: Trouble,
    planted: Planted,
    slot_written: bool,
    record_written: bool,
    first_header_written: bool,
    dark: bool,
    locked: bool,
}

/// The disk as the file sees it. Clones are the same disk; [`SimulatedDisk::handle`] gives one to open.
#[derive(Clone, Debug, Default)]
pub(crate) struct SimulatedDisk(Arc<Mutex<State>>);

/// One opener's hold of the disk; dropping it releases the lock.
#[derive(Debug)]
pub(crate) struct Handle {
    disk: SimulatedDisk,
    holds_lock: Mutex<bool>,
}

const COMMIT_SLOTS: std::ops::Range<usize> = 4096..20480;
/// The journal area.
pub(crate) const JOURNAL: std::ops::Range<usize> = 24576..24576 + 256 * 1024;
const HEADER_COPIES: [usize; 2] = [0, 20480];
const SIDE_BYTES: usize = 8192;

impl SimulatedDisk {
    pub(crate) fn holding(bytes: Vec<u8>) -> Self {
        let state = State {
            durable: bytes.clone(),
            seen: bytes,
            ..State::default()
        };
        Self(Arc::new(Mutex::new(state)))
    }

    pub(crate) fn handle(&self) -> Handle {
        Handle {
            disk: self.clone(),
            holds_lock: Mutex::new(false),
        }
    }

    pub(crate) fn with(self, trouble: Trouble, planted: Planted) -> Self {
        let mut state = self.state();
        (state.trouble, state.planted) = (trouble, planted);
        drop(state);
        self
    }

    /// Operations that change something: writes, changes of length, syncs.
    pub(crate) fn operations(&self) -> u64 {
        self.state().operations
    }

    /// From now on a sync takes so long.
    pub(crate) fn take_time_to_sync(&self, takes: Duration) {
        self.state().sync_takes = takes;
    }

    /// Syncs that succeeded.
    pub(crate) fn syncs(&self) -> u64 {
        self.state().syncs
    }

    /// Whether power has failed.
    pub(crate) fn is_dark(&self) -> bool {
        self.state().dark
    }

    /// Whether a part of a header copy was written and not yet synced.
    pub(crate) fn header_is_at_stake(&self) -> bool {
        self.state()
            .unsynced
            .iter()
            .any(|change| matches!(change, Unsynced::Write { offset, .. } if HEADER_COPIES.contains(offset)))
    }

    /// What the running system reads.
    pub(crate) fn seen(&self) -> Vec<u8> {
        self.state().seen.clone()
    }

    /// What is left after a loss of power, when pieces of `grain` bytes survive whole or not at all.
    pub(crate) fn after_power_cut(&self, seed: u64, grain: usize) -> Vec<u8> {
        let state = self.state();
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut image = state.durable.clone();
        for change in &state.unsynced {
            let survival = [0, 0, 50, 85, 100, 100][rng.next_u32() as usize % 6];
            let mut survives = || rng.next_u32() % 100 < survival;
            match change {
                Unsynced::Length(len) if survives() => image.resize(*len, 0),
                Unsynced::Length(_) => {}
                Unsynced::Write { offset, bytes } => {
                    for (start, end) in pieces(*offset, bytes.len(), grain) {
                        if survives() {
                            write(&mut image, start, &bytes[start - offset..end - offset]);
                        }
                    }
                }
            }
        }
        image
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl State {
    /// Counts an operation. Power may fail in it: then it may or may not have reached the disk.
    fn begin(&mut self, is_sync: bool) -> io::Result<()> {
        if self.dark {
            return Err(io::Error::other("no power"));
        }
        let operation = self.operations;
        self.operations += 1;
        match self.trouble {
            Trouble::ErrorAt(at) if at == operation => Err(io::Error::other("simulated fault")),
            Trouble::FullFrom(from) if operation >= from && !is_sync => {
                Err(io::ErrorKind::StorageFull.into())
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

    fn end(&self) -> io::Result<()> {
        if self.dark {
            Err(io::Error::other("no power"))
        } else {
            Ok(())
        }
    }

    fn put(&mut self, offset: usize, bytes: &[u8]) {
        write(&mut self.seen, offset, bytes);
        self.unsynced.push(Unsynced::Write {
            offset,
            bytes: bytes.to_vec(),
        });
    }

    fn make_durable(&mut self) {
        let lingering = (self.planted == Planted::SlotLingers)
            .then(|| self.unsynced.iter().rposition(Unsynced::is_slot))
            .flatten();
        let lingering = lingering.map(|last| self.unsynced.remove(last));
        for change in self.unsynced.drain(..) {
            match change {
                Unsynced::Length(len) => self.durable.resize(len, 0),
                Unsynced::Write { offset, bytes } => write(&mut self.durable, offset, &bytes),
            }
        }
        self.unsynced.extend(lingering);
    }

    fn sync_is_skipped(&self) -> bool {
        match self.planted {
            Planted::SyncDoesNothing => true,
            Planted::SlotBeforePages => !self.slot_written,
            Planted::HeaderCopiesTogether => self.first_header_written,
            Planted::RecordNotSynced => self.record_written,
            Planted::Nothing | Planted::SlotInPlace | Planted::SlotLingers => false,
        }
    }
}

impl Disk for Handle {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.state().seen.len() as u64)
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        let state = self.disk.state();
        let start = usize::try_from(offset).unwrap();
        let found = state
            .seen
            .get(start..start + bytes.len())
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        bytes.copy_from_slice(found);
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.state();
        state.begin(false)?;
        let offset = usize::try_from(offset).unwrap();
        if state.trouble == Trouble::FullBesidesJournal && !JOURNAL.contains(&offset) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if COMMIT_SLOTS.contains(&offset) {
            state.slot_written = true;
            if state.planted == Planted::SlotInPlace {
                let other_side =
                    COMMIT_SLOTS.start + (offset - COMMIT_SLOTS.start + SIDE_BYTES) % (2 * SIDE_BYTES);
                state.put(other_side, &[0; SIDE_BYTES]);
            }
        }
        state.first_header_written = offset == 0;
        state.record_written = JOURNAL.contains(&offset);
        state.put(offset, bytes);
        state.end()
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.begin(false)?;
        let len = usize::try_from(len).unwrap();
        state.seen.resize(len, 0);
        state.unsynced.push(Unsynced::Length(len));
        state.end()
    }

    fn sync(&self) -> io::Result<()> {
        let takes = self.disk.state().sync_takes;
        std::thread::sleep(takes);
        let mut state = self.disk.state();
        state.begin(true)?;
        state.end()?;
        state.syncs += 1;
        let is_skipped = state.sync_is_skipped();
        state.record_written = false;
        if !is_skipped {
            state.slot_written = false;
            state.make_durable();
        }
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
        if *self.holds_lock.lock().unwrap() {
            self.disk.state().locked = false;
        }
    }
}

/// Cuts a range at the multiples of `grain`.
fn pieces(offset: usize, len: usize, grain: usize) -> impl Iterator<Item = (usize, usize)> {
    let end = offset + len;
    let mut start = offset;
    std::iter::from_fn(move || {
        let piece = (start, ((start / grain + 1) * grain).min(end));
        start = piece.1;
        (piece.0 < piece.1).then_some(piece)
    })
}

fn write(image: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    if image.len() < offset + bytes.len() {
        image.resize(offset + bytes.len(), 0);
    }
    image[offset..offset + bytes.len()].copy_from_slice(bytes);
}
