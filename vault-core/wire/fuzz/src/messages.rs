//! Bytes that are a conversation: a stream of frames cut anywhere, and messages of the reconciliation.

use std::{convert::Infallible, ops::ControlFlow};

use vault_wire::{
    entry::ContentTag,
    frame::{Frame, Reader, encode},
    id::Slot,
    limits,
    reconcile::{self, Item, Set, Span, Summary},
};

/// A stream of frames gives the same frames wherever it is cut. The first byte says where.
pub fn stream(bytes: &[u8]) {
    let Some((cut, bytes)) = bytes.split_first() else {
        return;
    };
    let whole = frames([bytes]);
    let (left, right) = bytes.split_at(usize::from(*cut).min(bytes.len()));
    assert_eq!(frames([left, right]), whole);
}

/// The frames of a stream that comes in pieces, up to the first byte that is none of a frame.
fn frames<const N: usize>(pieces: [&[u8]; N]) -> (Vec<Vec<u8>>, bool) {
    let (mut reader, mut frames): (Reader, Vec<Frame>) = (Reader::default(), Vec::new());
    for mut piece in pieces {
        loop {
            match reader.next(&mut piece) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(_) => return (frames.iter().map(encode).collect(), false),
            }
        }
    }
    (frames.iter().map(encode).collect(), true)
}

/// A message of the reconciliation, to either side: it is refused or answered, within the limit.
pub fn reconciliation(bytes: &[u8]) {
    let mut few = Items::some(3);
    let mut many = Items::some(200);
    for set in [&mut few, &mut many] {
        if let Ok(answer) = reconcile::answer(set, bytes) {
            assert!(answer.len() <= limits::RECONCILE_BYTES_MAX);
        }
        let mut differences = 0;
        let _ = reconcile::compare(set, bytes, |_| {
            differences += 1;
            match differences < 10_000 {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        });
    }
}

/// Items in order.
struct Items(Vec<Item>);

impl Items {
    fn some(count: u8) -> Self {
        Self(
            (0..count)
                .map(|n| Item::new(Slot([n; 16]), ContentTag([n ^ 0x5a; 16])))
                .collect(),
        )
    }

    fn within<'a>(&'a self, span: &'a Span) -> impl Iterator<Item = &'a Item> {
        self.0.iter().filter(|item| span.contains(item))
    }
}

impl Set for Items {
    type Error = Infallible;

    fn summary(&mut self, span: &Span) -> Result<Summary, Infallible> {
        let mut summary = Summary::default();
        self.within(span).for_each(|item| summary.add(item));
        Ok(summary)
    }

    fn items(&mut self, span: &Span, limit: usize) -> Result<Vec<Item>, Infallible> {
        Ok(self.within(span).take(limit).copied().collect())
    }
}
