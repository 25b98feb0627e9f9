//! The journal area: appending a record, and walking what is there.

use std::io;
use std::sync::Arc;

use super::record::{BLOCK_BYTES, Place, Record, RecordSeal, RecordTag};
use crate::disk::Disk;
use crate::entropy::Entropy;
use crate::error::{Error, Fault, Part};
use crate::header::Unlocked;
use crate::keys::JournalKey;
use crate::layout::{JOURNAL_AT, JOURNAL_BYTES, JournalMark};

/// The journal area of one file.
pub(crate) struct Area {
    disk: Arc<dyn Disk>,
    seal: RecordSeal,
}

/// A record that is to be appended.
pub(super) struct Append<'a> {
    pub(super) place: Place,
    pub(super) previous: &'a RecordTag,
    /// The number of the first transaction.
    pub(super) first: u64,
    pub(super) transactions: &'a [Vec<u8>],
}

/// What a walk through the area found.
pub(crate) struct Found {
    /// The operations of the transactions that the durable state does not contain, in their order. Each was
    /// acknowledged, except perhaps those of the last record.
    pub(crate) transactions: Vec<Vec<u8>>,
    /// The number of the last transaction.
    pub(crate) last: u64,
    /// How many records were walked.
    pub(crate) records: u64,
    /// How it ended.
    pub(crate) ending: Ending,
}

/// How a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// After the last record that was acknowledged.
    Whole,
    /// In front of a record that is missing or does not fit, while a later one is there. Each record is
    /// durable before the next is written, so no crash leaves this.
    Gap,
    /// The area belongs to a newer state than the commit slot names: the newest slot is lost.
    Newer,
}

impl Found {
    /// The finding of a state that nothing follows.
    pub(crate) fn nothing_after(mark: JournalMark) -> Self {
        Self {
            transactions: Vec::new(),
            last: mark.applied,
            records: 0,
            ending: Ending::Whole,
        }
    }

    /// Refuses what no crash leaves.
    pub(crate) fn check(self) -> Result<Self, Error> {
        match self.ending {
            Ending::Whole => Ok(self),
            Ending::Gap => Err(Error::Tampered { what: Part::Journal }),
            Ending::Newer => Err(Error::Tampered {
                what: Part::CommitSlots,
            }),
        }
    }
}

/// Walks the journal of a file at rest, for checks and rescue. Writes nothing. An area that cannot be read is
/// [`Error::Damaged`].
pub(crate) fn read_at_rest(
    disk: Arc<dyn Disk>,
    unlocked: &Unlocked,
    mark: JournalMark,
) -> Result<Found, Error> {
    Area::new(disk, unlocked, Entropy::none()).walk(mark)
}

impl Area {
    pub(crate) fn new(disk: Arc<dyn Disk>, unlocked: &Unlocked, entropy: Entropy) -> Self {
        let key = JournalKey::derive(&unlocked.file_key, unlocked.file);
        Self {
            disk,
            seal: RecordSeal::new(key, unlocked.file, entropy),
        }
    }

    /// Writes a record and waits until it is durable. Returns its length in bytes and its tag.
    pub(super) fn append(&self, append: &Append<'_>) -> Result<(u64, RecordTag), Fault> {
        let Append {
            place,
            previous,
            first,
            transactions,
        } = append;
        let (record, tag) = self.seal.seal(*place, previous, *first, transactions)?;
        self.disk
            .write_at(JOURNAL_AT + place.at, &record)
            .and_then(|()| self.disk.sync())
            .map_err(|error| Fault::of(&error))?;
        Ok((record.len() as u64, tag))
    }

    /// Finds the transactions that the durable state does not contain.
    pub(crate) fn walk(&self, mark: JournalMark) -> Result<Found, Error> {
        if mark.clean {
            return Ok(Found::nothing_after(mark));
        }
        let area = self.read()?;
        let mut walk = Walk {
            seal: &self.seal,
            area: &area,
            epoch: mark.epoch,
            at: 0,
            previous: RecordTag::default(),
            last: None,
        };
        let mut found = Found::nothing_after(mark);
        while let Some(record) = walk.next_record(mark) {
            let numbered = (record.first..).zip(record.transactions);
            let unapplied = numbered.filter(|(number, _)| *number > mark.applied);
            found.transactions.extend(unapplied.map(|(_, ops)| ops));
            found.records += 1;
        }
        found.last = walk.last.unwrap_or_default().max(mark.applied);
        found.ending = walk.ending();
        Ok(found)
    }

    fn read(&self) -> Result<Vec<u8>, Error> {
        let mut area = vec![0; JOURNAL_BYTES];
        match self.disk.read_at(JOURNAL_AT, &mut area) {
            Ok(()) => Ok(area),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(Error::Damaged { what: Part::Journal })
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// A walk from the start of the area.
struct Walk<'a> {
    seal: &'a RecordSeal,
    area: &'a [u8],
    epoch: u64,
    /// Where the next record must begin.
    at: u64,
    previous: RecordTag,
    /// The number of the last transaction so far.
    last: Option<u64>,
}

impl Walk<'_> {
    /// The next record, if it is there and follows the one before.
    fn next_record(&mut self, mark: JournalMark) -> Option<Record> {
        let record = self.record_at(self.epoch, self.at)?;
        // The first record of a filling begins with the transaction after those of the state at that time,
        // which the state now may be ahead of, but not behind.
        let continues = match self.last {
            Some(last) => Some(record.first) == last.checked_add(1),
            None => record
                .first
                .checked_sub(1)
                .is_some_and(|before| before <= mark.applied),
        };
        if record.previous != self.previous || !continues {
            return None;
        }
        let after = record.first.checked_add(record.transactions.len() as u64)?;
        self.last = after.checked_sub(1);
        self.at += record.bytes as u64;
        self.previous = record.tag;
        Some(record)
    }

    /// What is behind the last record that was walked.
    fn ending(&self) -> Ending {
        let mut beyond = (self.at..self.area.len() as u64).step_by(BLOCK_BYTES);
        if self.at == 0 && self.begins_newer() {
            Ending::Newer
        } else if beyond.any(|at| self.record_at(self.epoch, at).is_some()) {
            Ending::Gap
        } else {
            Ending::Whole
        }
    }

    /// Whether the first record is one of the next epoch.
    fn begins_newer(&self) -> bool {
        let next = self.epoch.checked_add(1);
        next.is_some_and(|epoch| self.record_at(epoch, 0).is_some())
    }

    fn record_at(&self, epoch: u64, at: u64) -> Option<Record> {
        self.seal.open(Place { epoch, at }, self.area)
    }
}
