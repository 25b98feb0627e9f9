//! The messages of negentropy 1 to bytes and back.

use super::{
    span::{Edge, Span},
    summary::Item,
};
use crate::{Malformed, entry::Fingerprint};

/// The version byte that begins each message.
pub(super) const VERSION: u8 = 0x61;

const ITEM_BYTES: usize = 32;
const SKIP: u64 = 0;
const FINGERPRINT: u64 = 1;
const LIST: u64 = 2;

/// What the other side says of a span.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said<'a> {
    /// Nothing is to be done.
    Skip,
    /// It holds what gives this.
    Fingerprint(Fingerprint),
    /// It holds just these.
    Items(&'a [[u8; ITEM_BYTES]]),
}

/// The spans of a message, in order.
pub(super) struct Spans<'a> {
    rest: &'a [u8],
    from: Edge,
    timestamp: u64,
}

impl<'a> Spans<'a> {
    /// Begins to read a message. Nothing, if it is of another version of negentropy.
    pub(super) fn of(message: &'a [u8]) -> Result<Option<Self>, Malformed> {
        match message.split_first() {
            Some((&VERSION, rest)) => Ok(Some(Self {
                rest,
                from: Edge::START,
                timestamp: 0,
            })),
            Some((0x60..=0x6f, _)) => Ok(None),
            _ => Err(MALFORMED),
        }
    }

    /// The next span and what is said of it.
    pub(super) fn next(&mut self) -> Result<Option<(Span, Said<'a>)>, Malformed> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let to = self.edge()?;
        if to < self.from {
            return Err(MALFORMED);
        }
        let span = Span { from: self.from, to };
        self.from = to;
        let said = match self.number()? {
            SKIP => Said::Skip,
            FINGERPRINT => Said::Fingerprint(Fingerprint(*self.array()?)),
            LIST => Said::Items(self.items()?),
            _ => return Err(MALFORMED),
        };
        Ok(Some((span, said)))
    }

    /// An edge. All items have timestamp 0, so a later one is behind them all.
    fn edge(&mut self) -> Result<Edge, Malformed> {
        let timestamp = self.number()?;
        self.timestamp = match timestamp {
            0 => u64::MAX,
            later => self.timestamp.saturating_add(later - 1),
        };
        let length = usize::try_from(self.number()?).map_err(|_| MALFORMED)?;
        if length > ITEM_BYTES {
            return Err(MALFORMED);
        }
        let (prefix, rest) = self.rest.split_at_checked(length).ok_or(MALFORMED)?;
        self.rest = rest;
        let mut item = [0; ITEM_BYTES];
        item[..length].copy_from_slice(prefix);
        Ok(match self.timestamp {
            0 => Edge::At(Item(item)),
            _ => Edge::End,
        })
    }

    fn items(&mut self) -> Result<&'a [[u8; ITEM_BYTES]], Malformed> {
        let count = usize::try_from(self.number()?).map_err(|_| MALFORMED)?;
        let bytes = count.checked_mul(ITEM_BYTES).ok_or(MALFORMED)?;
        let (items, rest) = self.rest.split_at_checked(bytes).ok_or(MALFORMED)?;
        self.rest = rest;
        Ok(items.as_chunks().0)
    }

    fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Malformed> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(MALFORMED)?;
        self.rest = rest;
        Ok(array)
    }

    /// Seven bits a byte, highest first, in as few bytes as it takes.
    fn number(&mut self) -> Result<u64, Malformed> {
        let mut number = 0u64;
        for (place, byte) in self.rest.iter().enumerate() {
            let is_padding = place == 0 && *byte == 0x80;
            if is_padding || number >> 57 != 0 {
                return Err(MALFORMED);
            }
            number = number << 7 | u64::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                self.rest = &self.rest[place + 1..];
                return Ok(number);
            }
        }
        Err(MALFORMED)
    }
}

const MALFORMED: Malformed = Malformed::new("reconciliation message");

/// A message being written.
pub(super) struct Message {
    bytes: Vec<u8>,
    /// Up to here nothing is to be done; said only if something follows.
    skipped: Option<Edge>,
}

impl Message {
    pub(super) fn new() -> Self {
        Self {
            bytes: vec![VERSION],
            skipped: None,
        }
    }

    /// Bytes so far.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether it says anything.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.len() == 1
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(super) fn skip(&mut self, to: Edge) {
        self.skipped = Some(to);
    }

    pub(super) fn fingerprint(&mut self, to: Edge, fingerprint: Fingerprint) {
        self.say(to, FINGERPRINT);
        self.bytes.extend(fingerprint.0);
    }

    pub(super) fn items(&mut self, to: Edge, items: &[Item]) {
        self.say(to, LIST);
        self.bytes.extend(varint(items.len() as u64));
        items.iter().for_each(|item| self.bytes.extend(item.0));
    }

    fn say(&mut self, to: Edge, mode: u64) {
        if let Some(skipped) = self.skipped.take() {
            self.edge(skipped);
            self.bytes.extend(varint(SKIP));
        }
        self.edge(to);
        self.bytes.extend(varint(mode));
    }

    /// An edge is as many bytes of its item as are followed by a byte that is not zero.
    fn edge(&mut self, edge: Edge) {
        match edge {
            Edge::End => self.bytes.extend([0, 0]),
            Edge::At(Item(item)) => {
                let length = item
                    .iter()
                    .rposition(|byte| *byte != 0)
                    .map_or(0, |last| last + 1);
                self.bytes.push(1);
                self.bytes.extend(varint(length as u64));
                self.bytes.extend(&item[..length]);
            }
        }
    }
}

/// Seven bits a byte, highest first, high bit set on all but the last.
pub(super) fn varint(number: u64) -> Vec<u8> {
    let groups = (64 - number.leading_zeros()).div_ceil(7).max(1);
    (0..groups)
        .rev()
        .map(|group| {
            let more = if group > 0 { 0x80 } else { 0 };
            (number >> (7 * group)).to_le_bytes()[0] & 0x7f | more
        })
        .collect()
}
