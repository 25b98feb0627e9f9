//! What is known of slots beyond the held set: what is on its way to the server, and what the server was
//! found to hold instead.

use std::collections::HashMap;

use vault_wire::{
    entry::ContentTag,
    id::{RecordId, Slot},
};

use super::{
    held::{Held, HeldSet},
    progress::Row,
};
use crate::error::Error;

/// What a slot holds, as far as this device knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Nothing.
    Nothing,
    /// This.
    Tagged(ContentTag),
    /// Something, or the mark of a deletion.
    Unknown,
}

/// What is known of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// The highest revision that is known of it; 0 if none.
    pub(super) rev: u64,
    pub(super) content: Content,
    /// Whether the held set says so too, or will once what was sent is acknowledged.
    pub(super) is_held: bool,
}

/// What the server was found to hold in a slot, unlike the held set.
#[derive(Clone, Copy, Debug)]
struct Found {
    rev: u64,
    content: Content,
    /// How often the server said that what was sent for it is stale.
    stale: u32,
}

/// A server that goes on saying so is not believed for ever.
const STALE_MAX: u32 = 3;

/// What is known beyond the held set.
#[derive(Default)]
pub(super) struct Beyond {
    /// The last batch that touches a slot, the revision that it gives, and what the slot then holds.
    on_the_way: HashMap<Slot, (u64, u64, Option<Held>)>,
    found: HashMap<Slot, Found>,
    /// How many of those the server called stale.
    stale: usize,
}

impl Beyond {
    /// What is known of a slot, and of the record behind it, if there is one.
    pub(super) fn known(&self, held: &HeldSet, slot: Slot, record: Option<RecordId>) -> Result<Known, Error> {
        if let Some((_, rev, becomes)) = self.on_the_way.get(&slot) {
            return Ok(Known {
                rev: *rev,
                content: becomes.map_or(Content::Nothing, |held| Content::Tagged(held.tag)),
                is_held: true,
            });
        }
        let held = record.map(|record| held.get(record)).transpose()?.flatten();
        let rev = held.map_or(0, |held| held.rev);
        Ok(match self.found.get(&slot) {
            Some(found) => Known {
                rev: rev.max(found.rev),
                content: found.content,
                is_held: false,
            },
            None => Known {
                rev,
                content: held.map_or(Content::Nothing, |held| Content::Tagged(held.tag)),
                is_held: true,
            },
        })
    }

    /// A batch with this row was sent.
    pub(super) fn sent(&mut self, batch: u64, row: &Row) {
        self.on_the_way.insert(row.slot, (batch, row.rev, row.becomes));
    }

    /// A batch with this row was acknowledged, and the held set says so or will not. Returns whether it was the
    /// last that changes the slot.
    pub(super) fn arrived(&mut self, batch: u64, slot: Slot) -> bool {
        let last = self.on_the_way.get(&slot);
        let is_last = last.is_none_or(|(last, ..)| *last == batch);
        if is_last {
            self.on_the_way.remove(&slot);
        }
        is_last
    }

    /// The held set is to say of a slot what the server was found to hold.
    pub(super) fn settles(&mut self, row: &Row) {
        if let Some(found) = self.found.get_mut(&row.slot) {
            found.rev = found.rev.max(row.rev);
        }
    }

    /// The held set says of a slot what the server was found to hold, unless it was found to be further since.
    pub(super) fn is_settled(&mut self, row: &Row) {
        let settled = self.found.get(&row.slot).filter(|found| found.rev <= row.rev);
        if let Some(found) = settled {
            self.stale -= usize::from(found.stale > 0);
            self.found.remove(&row.slot);
        }
    }

    /// The server holds this in a slot, unlike the held set. It may be said in two parts: that what the
    /// held set has is not there, and what is there instead.
    pub(super) fn found(&mut self, slot: Slot, theirs: Option<ContentTag>) {
        let found = self.found.entry(slot).or_insert(Found {
            rev: 0,
            content: Content::Nothing,
            stale: 0,
        });
        if let Some(tag) = theirs {
            found.content = Content::Tagged(tag);
        }
    }

    /// The server has this revision in a slot, with content that is not known. Whether to try again.
    pub(super) fn stale(&mut self, slot: Slot, rev: u64) -> bool {
        let found = self.found.entry(slot).or_insert(Found {
            rev,
            content: Content::Unknown,
            stale: 0,
        });
        self.stale += usize::from(found.stale == 0);
        found.rev = found.rev.max(rev);
        found.content = Content::Unknown;
        found.stale += 1;
        found.stale <= STALE_MAX
    }

    /// Whether the server is further with a slot than the held set may show: a next session might not find
    /// that by comparing.
    pub(super) const fn any_stale(&self) -> bool {
        self.stale > 0
    }

    /// How many slots were found to differ and are not settled.
    pub(super) fn differences(&self) -> usize {
        self.found.len()
    }
}
