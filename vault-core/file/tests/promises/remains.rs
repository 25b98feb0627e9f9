//! What is left on a disk when power fails: everything that a finished sync covered, and of the rest each small
//! piece or not, at random. Writes are lost, torn and, in effect, reordered.

use std::borrow::Cow;
use std::ops::Range;

use super::dice::Dice;
use super::image::Image;
use super::simulated_disk::{Entry, Event, JOURNAL, Mark, Planted, Record};

/// What becomes of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Damage {
    /// Pieces of this many bytes survive whole or not at all.
    Tears(usize),
    /// Sectors of this many bytes survive, or are lost, or are destroyed with everything that lies in them, as
    /// by a disk that cannot finish writing a sector.
    Destroys(usize),
}

const COMMIT_SLOTS: Range<usize> = 4096..20480;
const SIDE_BYTES: usize = 8192;
const HEADER_COPIES: [usize; 2] = [0, 20480];
/// How many synced writes a planted mistake chooses from.
const LATE_WRITES: usize = 16;

#[derive(Clone, Debug)]
enum Change<'r> {
    Write { offset: usize, bytes: Cow<'r, [u8]> },
    Length(usize),
}

impl Change<'_> {
    fn is_slot(&self) -> bool {
        matches!(self, Self::Write { offset, .. } if COMMIT_SLOTS.contains(offset))
    }
}

/// The durable bytes, and what was not synced, after so many entries of a record.
#[derive(Clone, Debug)]
pub(crate) struct Remains<'r> {
    record: &'r Record,
    planted: Planted,
    at: usize,
    durable: Image,
    /// With the entry that each came with.
    unsynced: Vec<(usize, Change<'r>)>,
    /// Syncs under way: number and entry.
    syncing: Vec<(u64, usize)>,
    is_named: bool,
    slot_written: bool,
    first_header_written: bool,
    record_written: bool,
}

impl<'r> Remains<'r> {
    pub(crate) fn new(record: &'r Record, planted: Planted) -> Self {
        let has_name = |entry: &Entry| matches!(entry.event, Event::Mark(Mark::Named));
        Self {
            record,
            planted,
            at: 0,
            durable: record.base.clone(),
            unsynced: Vec::new(),
            syncing: Vec::new(),
            is_named: !record.entries.iter().any(has_name),
            slot_written: false,
            first_header_written: false,
            record_written: false,
        }
    }

    pub(crate) fn advance_to(&mut self, at: usize) {
        self.advance(at, &[]);
    }

    /// Goes on in the record; the `lost` entries never happened.
    fn advance(&mut self, at: usize, lost: &[usize]) {
        for index in self.at..at {
            if !lost.contains(&index) {
                self.step(index);
            }
        }
        self.at = at;
    }

    fn step(&mut self, index: usize) {
        match &self.record.entries[index].event {
            Event::Write { offset, bytes } => {
                if COMMIT_SLOTS.contains(offset) {
                    self.slot_written = true;
                    self.destroy_other_side(index, *offset);
                }
                self.first_header_written = *offset == 0;
                self.record_written = JOURNAL.contains(offset);
                let (offset, bytes) = (*offset, Cow::Borrowed(&bytes[..]));
                self.unsynced.push((index, Change::Write { offset, bytes }));
            }
            Event::Length(len) => self.unsynced.push((index, Change::Length(*len))),
            Event::SyncBegun(sync) => self.syncing.push((*sync, index)),
            Event::SyncDone(sync) => self.finish_sync(*sync),
            Event::Mark(Mark::Named) => self.is_named = true,
            Event::Mark(_) => {}
        }
    }

    fn finish_sync(&mut self, sync: u64) {
        let Some(place) = self.syncing.iter().position(|(number, _)| *number == sync) else {
            return;
        };
        let (_, begun) = self.syncing.remove(place);
        let is_skipped = self.sync_is_skipped();
        self.record_written = false;
        if is_skipped {
            return;
        }
        self.slot_written = false;
        let covered = self.unsynced.partition_point(|(index, _)| *index < begun);
        let lingers = (self.planted == Planted::SlotLingers)
            .then(|| {
                self.unsynced[..covered]
                    .iter()
                    .rposition(|(_, change)| change.is_slot())
            })
            .flatten();
        let lingering = lingers.map(|place| self.unsynced[place].clone());
        for (place, (_, change)) in self.unsynced.drain(..covered).enumerate() {
            if lingers != Some(place) {
                apply(&mut self.durable, &change);
            }
        }
        self.unsynced.splice(..0, lingering);
    }

    fn sync_is_skipped(&self) -> bool {
        match self.planted {
            Planted::SyncDoesNothing => self.is_named,
            Planted::SlotBeforePages => self.is_named && !self.slot_written,
            Planted::HeaderCopiesTogether => self.first_header_written,
            Planted::RecordNotSynced => self.is_named && self.record_written,
            _ => false,
        }
    }

    fn destroy_other_side(&mut self, index: usize, offset: usize) {
        if self.planted == Planted::SlotInPlace {
            let within = (offset - COMMIT_SLOTS.start) / SIDE_BYTES * SIDE_BYTES;
            let offset = COMMIT_SLOTS.start + (within + SIDE_BYTES) % (2 * SIDE_BYTES);
            let bytes = Cow::Owned(vec![0; SIDE_BYTES]);
            self.unsynced.push((index, Change::Write { offset, bytes }));
        }
    }

    /// Whether a part of a header copy was written and not yet synced.
    pub(crate) fn header_is_at_stake(&self) -> bool {
        self.unsynced.iter().any(
            |(_, change)| matches!(change, Change::Write { offset, .. } if HEADER_COPIES.contains(offset)),
        )
    }

    /// One of the many things that may be left.
    pub(crate) fn image(&self, dice: &mut Dice, damage: Damage) -> Image {
        if let Some(lost) = self.a_write_that_is_lost(dice) {
            let mut others = Self::new(self.record, Planted::Nothing);
            others.advance(self.at, &[lost]);
            return others.survivors(dice, damage);
        }
        self.survivors(dice, damage)
    }

    fn survivors(&self, dice: &mut Dice, damage: Damage) -> Image {
        let mut image = self.durable.clone();
        // All of one write and nothing of another, as often as a bit of each.
        let chance = *dice.pick(&[None, None, None, Some(0), Some(100)]);
        for (_, change) in &self.unsynced {
            let chance = chance.unwrap_or_else(|| *dice.pick(&[0, 15, 50, 85, 100]));
            match (change, damage) {
                (Change::Length(_), _) if dice.percent(chance) => apply(&mut image, change),
                (Change::Length(_), _) => {}
                (Change::Write { .. }, _) if chance == 100 => apply(&mut image, change),
                (Change::Write { offset, bytes }, Damage::Tears(1)) => {
                    tear_bytes(&mut image, *offset, bytes, chance, dice);
                }
                (Change::Write { offset, bytes }, Damage::Tears(grain)) => {
                    for piece in pieces(*offset, bytes.len(), grain) {
                        if dice.percent(chance) {
                            image.write(piece.start, &bytes[piece.start - offset..piece.end - offset]);
                        }
                    }
                }
                (Change::Write { offset, bytes }, Damage::Destroys(sector)) => {
                    for piece in pieces(*offset, bytes.len(), sector) {
                        if dice.percent(chance) {
                            image.write(piece.start, &bytes[piece.start - offset..piece.end - offset]);
                        } else if dice.one_in(2) {
                            let start = piece.start / sector * sector;
                            let end = (start + sector).min(image.len());
                            if start < end {
                                image.change(start, end - start, |part, _| dice.fill(part));
                            }
                        }
                    }
                }
            }
        }
        image
    }

    /// The entry of a write that a planted mistake of the disk loses.
    fn a_write_that_is_lost(&self, dice: &mut Dice) -> Option<usize> {
        let entries = &self.record.entries[..self.at];
        let last_sync = entries
            .iter()
            .rposition(|entry| matches!(entry.event, Event::SyncDone(_)))?;
        let from = match self.planted {
            Planted::LosesALateWrite => 0,
            Planted::ReordersPastASync => {
                let is_sync = |entry: &Entry| matches!(entry.event, Event::SyncBegun(_));
                let begun = entries[..last_sync].iter().rposition(is_sync)?;
                entries[..begun].iter().rposition(is_sync).unwrap_or(0)
            }
            _ => return None,
        };
        let writes: Vec<usize> = (from..last_sync)
            .filter(|index| matches!(entries[*index].event, Event::Write { .. }))
            .collect();
        let late = &writes[writes.len().saturating_sub(LATE_WRITES)..];
        (!late.is_empty()).then(|| *dice.pick(late))
    }
}

fn apply(image: &mut Image, change: &Change<'_>) {
    match change {
        Change::Length(len) => image.resize(*len),
        Change::Write { offset, bytes } => image.write(*offset, bytes),
    }
}

fn tear_bytes(image: &mut Image, offset: usize, bytes: &[u8], chance: usize, dice: &mut Dice) {
    if chance == 0 {
        return;
    }
    if image.len() < offset + bytes.len() {
        image.resize(offset + bytes.len());
    }
    let threshold = chance * 256 / 100;
    image.change(offset, bytes.len(), |part, done| {
        let thrown = dice.bytes(part.len());
        for ((byte, new), thrown) in part.iter_mut().zip(&bytes[done..]).zip(thrown) {
            if usize::from(thrown) < threshold {
                *byte = *new;
            }
        }
    });
}

/// Cuts a range at the multiples of `grain`.
fn pieces(offset: usize, len: usize, grain: usize) -> impl Iterator<Item = Range<usize>> {
    let end = offset + len;
    let mut start = offset;
    std::iter::from_fn(move || {
        let piece = start..((start / grain + 1) * grain).min(end);
        start = piece.end;
        (!piece.is_empty()).then_some(piece)
    })
}
