//! Sums over parts of a set, as both sides keep them beside it: 4 096 buckets by the first twelve
//! bits of the slot, sixteen in a row. Slots are keyed hashes, so the buckets fill evenly.

use serde::{Deserialize, Serialize};

use super::{
    Set,
    span::{Edge, Span},
    summary::{Item, Summary},
};
use crate::id::Slot;

const BUCKETS: u16 = 4_096;
/// Items that are looked at for one message; it ends early when there were more.
const ITEMS_PER_MESSAGE: usize = 65_536;

/// One of the 4 096 buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bucket(u16);

impl Bucket {
    /// The bucket of a slot.
    pub fn of(slot: Slot) -> Self {
        Self(u16::from_be_bytes([slot.0[0], slot.0[1]]) >> 4)
    }

    fn span(self) -> Span {
        Span {
            from: self.edge(),
            to: Self(self.0 + 1).edge(),
        }
    }

    /// Where it begins; the end, for the one after the last.
    fn edge(self) -> Edge {
        if self.0 == BUCKETS {
            return Edge::End;
        }
        let mut item = [0; 32];
        item[..2].copy_from_slice(&(self.0 << 4).to_be_bytes());
        Edge::At(Item(item))
    }

    /// The bucket in which an edge lies.
    fn at(edge: Edge) -> Self {
        match edge {
            Edge::At(item) => Self::of(item.slot()),
            Edge::End => Self(BUCKETS),
        }
    }
}

/// One item comes or goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is in the set from now on.
    Added(Item),
    /// It is no longer in the set.
    Removed(Item),
}

impl Change {
    const fn item(&self) -> &Item {
        match self {
            Self::Added(item) | Self::Removed(item) => item,
        }
    }

    /// The first byte of the slot: which [`Tally`] the change belongs to.
    pub const fn first_byte(&self) -> u8 {
        self.item().0[0]
    }

    /// Makes the change.
    pub fn make(&self, summary: &mut Summary) {
        match self {
            Self::Added(item) => summary.add(item),
            Self::Removed(item) => summary.remove(item),
        }
    }
}

/// The sums of the sixteen buckets that share the first byte of their slots; those that hold nothing
/// are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally(Vec<(u8, Summary)>);

impl Tally {
    /// Makes a change to the bucket that it belongs to.
    pub fn change(&mut self, change: &Change) {
        let half = change.item().0[1] >> 4;
        let place = match self.0.binary_search_by_key(&half, |(half, _)| *half) {
            Ok(place) => place,
            Err(place) => {
                self.0.insert(place, (half, Summary::default()));
                place
            }
        };
        change.make(&mut self.0[place].1);
        if self.0[place].1 == Summary::default() {
            self.0.remove(place);
        }
    }

    /// Whether it holds nothing: then it need not be kept.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A set with its tallies: spans of whole buckets cost no look at the items.
pub struct Tallied<L> {
    sums: Vec<Summary>,
    list: L,
    looked_at: usize,
}

impl<L> Tallied<L> {
    /// A set whose items `list` gives in order, and the tallies that were kept of it, each with the
    /// first byte of its slots.
    pub fn new(tallies: impl IntoIterator<Item = (u8, Tally)>, list: L) -> Self {
        let mut sums = vec![Summary::default(); usize::from(BUCKETS)];
        for (first, Tally(buckets)) in tallies {
            for (half, summary) in buckets {
                sums[usize::from(first) << 4 | usize::from(half & 15)] = summary;
            }
        }
        Self {
            sums,
            list,
            looked_at: 0,
        }
    }
}

impl<L, E> Tallied<L>
where
    L: FnMut(&Span, usize) -> Result<Vec<Item>, E>,
{
    /// The sum of a part of one bucket.
    fn part(&mut self, span: &Span) -> Result<Summary, E> {
        let mut summary = Summary::default();
        let mut rest = *span;
        while !rest.is_empty() {
            let items = self.items(&rest, PAGE)?;
            items.iter().for_each(|item| summary.add(item));
            match items.last() {
                Some(last) if items.len() == PAGE => rest.from = Edge::behind(last),
                _ => break,
            }
        }
        Ok(summary)
    }
}

/// Items that are read in one go.
const PAGE: usize = 1_024;

impl<L, E> Set for Tallied<L>
where
    L: FnMut(&Span, usize) -> Result<Vec<Item>, E>,
{
    type Error = E;

    fn summary(&mut self, span: &Span) -> Result<Summary, E> {
        if span.is_empty() {
            return Ok(Summary::default());
        }
        let (first, last) = (Bucket::at(span.from), Bucket::at(span.to));
        let mut summary = Summary::default();
        for bucket in (first.0..=last.0).map(Bucket).filter(|bucket| bucket.0 < BUCKETS) {
            let whole = bucket.span();
            let part = whole.within(span);
            if part == whole {
                summary.merge(&self.sums[usize::from(bucket.0)]);
            } else if !part.is_empty() && self.sums[usize::from(bucket.0)].count > 0 {
                summary.merge(&self.part(&part)?);
            }
        }
        Ok(summary)
    }

    fn items(&mut self, span: &Span, limit: usize) -> Result<Vec<Item>, E> {
        if span.is_empty() {
            return Ok(Vec::new());
        }
        let items = (self.list)(span, limit)?;
        self.looked_at += items.len();
        Ok(items)
    }

    fn is_tired(&self) -> bool {
        self.looked_at >= ITEMS_PER_MESSAGE
    }
}
