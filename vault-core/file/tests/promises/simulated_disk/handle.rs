//! One opener's hold of a disk.

use std::io;
use std::sync::Mutex;

use vault_file::Disk;

use super::{Event, SimulatedDisk};

/// One opener's hold of the disk; dropping it releases the lock.
#[derive(Debug)]
pub(crate) struct Handle {
    pub(super) disk: SimulatedDisk,
    pub(super) life: u64,
    pub(super) holds_lock: Mutex<bool>,
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
        if let (false, Event::Write { offset, bytes }) = (state.swallows(), event) {
            state.put(offset, bytes);
        }
        state.check_power(self.life)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        let len = usize::try_from(len).unwrap();
        state.begin(self.life, &Event::Length(len))?;
        if !state.swallows() {
            state.seen.resize(len);
            state.note(Event::Length(len));
        }
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
