//! Finding what two sides hold differently, at a cost that follows the differences: range-based set
//! reconciliation, in the messages of negentropy 1 (protocol version `0x61`).
//!
//! The items are what a grant holds, [`Item`]: slot and content tag, 32 bytes, all under timestamp 0.
//! The device asks, the server answers; neither keeps anything from one message to the next, and each
//! message is bounded in bytes and in the rows that are looked at for it. Sums over parts of the space
//! of slots ([`Tally`]) spare both sides from reading what they agree on.

mod answer;
mod ask;
mod message;
mod span;
mod summary;
mod tally;

#[cfg(test)]
mod tests;

pub use answer::answer;
pub use ask::{Difference, Next, compare, question};
pub use span::{Edge, Span};
pub use summary::{Item, Summary};
pub use tally::{Bucket, Change, Tallied, Tally};

use crate::Malformed;

/// Spans with fewer items than this are listed, others are split.
const LIST_BELOW: usize = 32;
/// A set of so many items is asked about in 256 spans at once instead of 16: one round trip less.
const LARGE: u64 = 4_096;
/// Bytes that are kept free for the fingerprint of all that a full message leaves out.
const REST_BYTES: usize = 128;

/// A set that can be reconciled.
pub trait Set {
    /// Why it cannot be read.
    type Error;

    /// How many items lie in a span, and their sum.
    ///
    /// # Errors
    ///
    /// If the set cannot be read.
    fn summary(&mut self, span: &Span) -> Result<Summary, Self::Error>;

    /// The first items of a span, in order, at most `limit`.
    ///
    /// # Errors
    ///
    /// If the set cannot be read.
    fn items(&mut self, span: &Span, limit: usize) -> Result<Vec<Item>, Self::Error>;

    /// Whether enough was looked at for one message: the rest is put off to the next.
    fn is_tired(&self) -> bool {
        false
    }
}

/// Why a message could not be worked on.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault<E> {
    /// The message is not one.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The own set cannot be read.
    #[error("the set cannot be read")]
    Set(E),
}
