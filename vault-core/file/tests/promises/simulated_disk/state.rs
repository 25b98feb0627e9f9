//! The state of a disk: what it holds, what is to go wrong, and whether a change comes about.

use std::io;
use std::time::Duration;

use super::{DURING, Entry, Event, Image, JOURNAL, Planted, Record, Trouble};

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) record: Record,
    pub(super) keeps_record: bool,
    pub(super) seen: Image,
    pub(super) operations: u64,
    pub(super) reads: u64,
    pub(super) syncs: u64,
    pub(super) sync_takes: Duration,
    pub(super) trouble: Trouble,
    pub(super) planted: Planted,
    pub(super) dark: bool,
    /// Whether anything was refused.
    pub(super) failed: bool,
    /// Which life of the process: handles of an earlier one are dead.
    pub(super) life: u64,
    pub(super) locked: bool,
}

impl State {
    /// Counts a change. Power may fail in it: then it may or may not have reached the disk.
    pub(super) fn begin(&mut self, life: u64, event: &Event) -> io::Result<()> {
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

    /// Whether the change that was begun last is not to be done.
    pub(super) fn swallows(&self) -> bool {
        matches!(self.trouble, Trouble::SwallowedAt(at) if at + 1 == self.operations)
    }

    pub(super) fn check_power(&self, life: u64) -> io::Result<()> {
        if self.dark {
            Err(io::Error::other("no power"))
        } else if self.life != life {
            Err(io::Error::other("killed"))
        } else {
            Ok(())
        }
    }

    pub(super) fn kill(&mut self) {
        self.life += 1;
        self.locked = false;
        self.trouble = Trouble::None;
    }

    pub(super) fn begin_read(&mut self) -> io::Result<()> {
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

    pub(super) fn put(&mut self, offset: usize, bytes: Vec<u8>) {
        self.seen.write(offset, &bytes);
        self.note(Event::Write { offset, bytes });
    }

    pub(super) fn note(&mut self, event: Event) {
        self.record.entries.push(Entry {
            event,
            during: DURING.get(),
        });
    }

    /// Without a record to keep, what a sync covered becomes the base of the record.
    pub(super) fn forget_what_is_durable(&mut self, sync: u64) {
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

fn fault() -> io::Error {
    io::Error::other("simulated fault")
}
