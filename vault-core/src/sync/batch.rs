//! Making the next batch of a grant: look at records, project, compare with what the server holds, seal
//! what differs.

use std::collections::BTreeSet;

use vault_file::Snapshot;
use vault_wire::{
    entry::Entry,
    id::{RecordId, Slot},
    limits::BATCH_BYTES_TARGET,
};

use super::{
    beyond::{Beyond, Content},
    held::{Held, HeldSet},
    progress::Row,
};
use crate::{
    consent::{Export, Exporter},
    error::Error,
    records::Change,
    store::{Store, decode, tables::CHANGES, u64_key, u64_of},
};

/// Most changes that one step looks at, so that a session stays responsive while it walks a large
/// vault of which a grant covers little.
const CHANGES_PER_STEP: usize = 8_192;

/// A batch to be sent, and what else came of making it.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) entries: Vec<Entry>,
    /// What becomes of each slot, in the order of the entries.
    pub(super) rows: Vec<Row>,
    /// What the server was found to hold already, unlike the held set.
    pub(super) settled: Vec<Row>,
    pub(super) bytes: usize,
}

/// Makes batches of one grant from one view of the vault.
pub(super) struct Packer<'a> {
    pub(super) store: &'a Store,
    pub(super) view: &'a Snapshot,
    pub(super) exporter: &'a Exporter,
    pub(super) held: HeldSet,
    pub(super) beyond: &'a Beyond,
    pub(super) entries_max: usize,
    /// Slots that the server holds and no record has accounted for yet.
    pub(super) strays: &'a mut BTreeSet<Slot>,
    pub(super) batch: Batch,
}

impl Packer<'_> {
    fn is_full(&self) -> bool {
        self.batch.entries.len() >= self.entries_max || self.batch.bytes >= BATCH_BYTES_TARGET
    }

    /// Walks on from `from` until a batch is full, the walk has come to `to`, or enough was looked at
    /// for now. Returns how far it came; nothing, if it came to its end.
    pub(super) fn walk(&mut self, from: u64, to: u64) -> Result<Option<u64>, Error> {
        let mut looked = from;
        let (first, last) = (u64_key(from + 1), u64_key(to));
        let changes = self
            .view
            .table(&CHANGES)?
            .range(first.as_slice()..=last.as_slice())?;
        for (number, row) in changes.enumerate() {
            if self.is_full() || number >= CHANGES_PER_STEP {
                return Ok(Some(looked));
            }
            let (key, value) = row?;
            let change: Change = decode(&value, "a change")?;
            self.look(change.record, self.exporter.look(&change)?)?;
            looked = u64_of(&key)?;
        }
        Ok(None)
    }

    /// Looks again at records whose slots are not what was thought, until a batch is full.
    pub(super) fn look_again(&mut self, again: &mut Vec<(Slot, RecordId)>) -> Result<(), Error> {
        while !self.is_full()
            && let Some((slot, record)) = again.pop()
        {
            self.look(record, self.exporter.look_again(slot, record)?)?;
        }
        Ok(())
    }

    /// Empties slots that no record accounts for, until a batch is full.
    pub(super) fn take_back_strays(&mut self) -> Result<(), Error> {
        let strays: Vec<Slot> = self.strays.iter().copied().take(self.entries_max).collect();
        for slot in strays {
            self.strays.remove(&slot);
            self.hide(slot, None)?;
        }
        Ok(())
    }

    fn look(&mut self, record: RecordId, export: Export) -> Result<(), Error> {
        match export {
            Export::Unrelated => {}
            Export::Shown(slot, tag, category, projection) => {
                self.strays.remove(&slot);
                let known = self.beyond.known(&self.held, slot, Some(record))?;
                let unchanged = known.content == Content::Tagged(tag);
                let rev = if unchanged {
                    known.rev.max(1)
                } else {
                    known.rev + 1
                };
                let row = Row {
                    slot,
                    record: Some(record),
                    rev,
                    becomes: Some(Held { rev, tag }),
                };
                if !unchanged {
                    let entry = self
                        .exporter
                        .seal(self.store, category, slot, tag, rev, projection);
                    self.send(entry, row);
                } else if !known.is_held {
                    self.batch.settled.push(row);
                }
            }
            Export::Hidden(slot) => {
                self.strays.remove(&slot);
                self.hide(slot, Some(record))?;
            }
        }
        Ok(())
    }

    fn hide(&mut self, slot: Slot, record: Option<RecordId>) -> Result<(), Error> {
        let known = self.beyond.known(&self.held, slot, record)?;
        let is_empty = known.content == Content::Nothing;
        let rev = if is_empty { known.rev } else { known.rev + 1 };
        let row = Row {
            slot,
            record,
            rev,
            becomes: None,
        };
        if !is_empty {
            self.send(Entry::delete(slot, rev), row);
        } else if !known.is_held {
            self.batch.settled.push(row);
        }
        Ok(())
    }

    fn send(&mut self, entry: Entry, row: Row) {
        self.batch.bytes += entry.wire_bytes();
        self.batch.rows.push(row);
        self.batch.entries.push(entry);
    }
}
