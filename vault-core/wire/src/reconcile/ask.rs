//! The side that asks, and learns what differs.

use std::ops::ControlFlow;

use super::{
    Fault, LARGE, Set,
    answer::{describe, differ, is_full, put_off},
    message::{Message, Said, Spans},
    span::{Edge, Span},
    summary::Item,
};
use crate::Malformed;

/// Items that are looked at in one go.
const PAGE: usize = 1_024;

/// An item that only one side holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// Only this side.
    Ours(Item),
    /// Only the other side.
    Theirs(Item),
}

/// What follows an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Everything that differs was named.
    Done,
    /// This is to be asked.
    Ask(Vec<u8>),
    /// The receiver of the differences wants no more for now: what is left needs a new
    /// [`question`].
    Stopped,
}

/// The first message.
///
/// # Errors
///
/// [`Fault::Set`] if the set cannot be read.
pub fn question<S: Set>(set: &mut S) -> Result<Vec<u8>, Fault<S::Error>> {
    let summary = set.summary(&Span::ALL).map_err(Fault::Set)?;
    let half_bytes = if summary.count < LARGE { 1 } else { 2 };
    let mut out = Message::new();
    describe(set, &Span::ALL, &summary, half_bytes, &mut out)?;
    Ok(out.into_bytes())
}

/// Takes in an answer, names what it shows to differ, and gives what is to be asked next.
///
/// # Errors
///
/// [`Fault`] if the answer is not one, or the set cannot be read.
pub fn compare<S: Set>(
    set: &mut S,
    answer: &[u8],
    mut found: impl FnMut(Difference) -> ControlFlow<()>,
) -> Result<Next, Fault<S::Error>> {
    let mut spans = Spans::of(answer)?.ok_or(OTHER_VERSION)?;
    let mut out = Message::new();
    while let Some((span, said)) = spans.next()? {
        match said {
            Said::Skip => out.skip(span.to),
            Said::Fingerprint(theirs) => differ(set, &span, theirs, &mut out)?,
            Said::Items(theirs) => {
                if name_differences(set, &span, theirs, &mut found)?.is_break() {
                    return Ok(Next::Stopped);
                }
                out.skip(span.to);
            }
        }
        if span.to != Edge::End && is_full(set, &out, false) {
            put_off(set, span.to, &mut out)?;
            break;
        }
    }
    Ok(match out.is_empty() {
        true => Next::Done,
        false => Next::Ask(out.into_bytes()),
    })
}

const OTHER_VERSION: Malformed = Malformed::new("reconciliation message of another version");
const NOT_IN_ITS_SPAN: Malformed = Malformed::new("reconciliation message: an item outside of its span");

/// Names what only one side holds in a span, of which the other side listed everything.
fn name_differences<S: Set>(
    set: &mut S,
    span: &Span,
    theirs: &[[u8; 32]],
    found: &mut impl FnMut(Difference) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, Fault<S::Error>> {
    let mut theirs: Vec<Item> = theirs.iter().copied().map(Item).collect();
    theirs.sort_unstable();
    theirs.dedup();
    if theirs.iter().any(|item| !span.contains(item)) {
        return Err(NOT_IN_ITS_SPAN.into());
    }
    let mut theirs = theirs.into_iter().peekable();
    let mut rest = *span;
    loop {
        let ours = set.items(&rest, PAGE).map_err(Fault::Set)?;
        for item in &ours {
            while let Some(before) = theirs.next_if(|theirs| theirs < item) {
                if found(Difference::Theirs(before)).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            if theirs.next_if_eq(item).is_none() && found(Difference::Ours(*item)).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        match ours.last() {
            Some(last) if ours.len() == PAGE => rest.from = Edge::behind(last),
            _ => break,
        }
    }
    for item in theirs {
        if found(Difference::Theirs(item)).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}
