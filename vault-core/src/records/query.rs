//! Finding records by category and time.

use std::ops::Bound;

use vault_file::Snapshot;
use vault_wire::{catalogue::Category, id::RecordId, terms::TimeRange};

use super::{Record, Records};
use crate::{
    error::Error,
    store::{sortable_time, tables::by_time},
};

/// Which records are wanted, in order of `occurred_at`; those without a time come first.
#[derive(Clone, Copy, Debug)]
pub struct Query {
    /// Of which category.
    pub category: Category,
    /// Of which time.
    pub time: TimeRange,
    /// Latest first.
    pub newest_first: bool,
    /// How many to pass over.
    pub skip: usize,
    /// How many at most.
    pub limit: usize,
}

impl Query {
    /// All records of a category, oldest first, at most 1 000.
    pub fn of(category: Category) -> Self {
        Self {
            category,
            time: TimeRange::default(),
            newest_first: false,
            skip: 0,
            limit: 1_000,
        }
    }
}

/// The records that a query wants, one by one.
pub(crate) fn query(
    view: &Snapshot,
    wanted: &Query,
) -> Result<impl Iterator<Item = Result<Record, Error>> + use<>, Error> {
    let records = Records::of(view)?;
    let index = view.table(&by_time(wanted.category))?;
    let (from, to) = key_range(&wanted.time);
    let rows = index.range((as_slice(&from), as_slice(&to)))?;
    let ids: Box<dyn Iterator<Item = _>> = if wanted.newest_first {
        Box::new(rows.rev())
    } else {
        Box::new(rows)
    };
    Ok(ids.skip(wanted.skip).take(wanted.limit).map(move |row| {
        let id = id_of(&row?.0)?;
        records
            .find(id)?
            .ok_or(Error::unreadable("an index entry without its record"))
    }))
}

/// How many records a category has.
pub(crate) fn count(view: &Snapshot, category: Category) -> Result<u64, Error> {
    Ok(view.table(&by_time(category))?.len()?)
}

fn id_of(key: &[u8]) -> Result<RecordId, Error> {
    let tail = key.get(9..).and_then(|tail| tail.try_into().ok());
    tail.map(RecordId).ok_or(Error::unreadable("an index entry"))
}

/// Any bound on the time leaves records without one outside, as [`TimeRange::contains`] does.
fn key_range(time: &TimeRange) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
    let key = |at| [&[1], sortable_time(at).as_slice()].concat();
    let from = match (time.from, time.to) {
        (Some(from), _) => Bound::Included(key(from)),
        (None, Some(_)) => Bound::Included(vec![1]),
        (None, None) => Bound::Unbounded,
    };
    (
        from,
        time.to.map_or(Bound::Unbounded, |to| Bound::Excluded(key(to))),
    )
}

fn as_slice(bound: &Bound<Vec<u8>>) -> Bound<&[u8]> {
    bound.as_ref().map(Vec::as_slice)
}
