//! The journal: small transactions become durable with one write and one sync, beside the tables.
//!
//! A small transaction is committed to redb in memory and appended to the journal area as what it did, put
//! and removed rows with their absolute values. Whoever waits for the disk first writes what all others
//! wait for too, in one record ([`group`]). When the area is full, or a transaction is large, redb makes its
//! own state durable, which contains everything that the journal holds: a *fold*. The commit slot that names
//! that state says so ([`JournalMark`](crate::layout::JournalMark)), and the area is filled again from its
//! start.
//!
//! When a file was not closed, opening it walks the area ([`area`]), takes the transactions that the durable
//! state does not contain, and applies them in memory. The byte format is that of [`record`] and [`ops`].

mod area;
mod fields;
mod group;
mod ops;
mod record;

#[cfg(test)]
mod tests;

pub(crate) use area::{Area, Ending, Found, read_at_rest};
pub(crate) use group::Journal;
pub(crate) use ops::{Op, Ops, Recorder, TableNumber};
