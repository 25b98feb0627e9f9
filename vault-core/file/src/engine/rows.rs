//! Walking a table in key order.

use std::ops::ControlFlow;

use super::fence::Fence;
use crate::error::Error;

type Bytes = &'static [u8];
/// One key and its value.
type Row = (Vec<u8>, Vec<u8>);

/// The rows of a range, in key order from the front and in reverse from the back.
///
/// After an error the walk is over.
#[must_use = "rows are read only as they are asked for"]
pub struct Rows<'a> {
    range: Option<Fence<redb::Range<'a, Bytes, Bytes>>>,
}

impl<'a> Rows<'a> {
    pub(super) fn over(range: Fence<redb::Range<'a, Bytes, Bytes>>) -> Self {
        Self { range: Some(range) }
    }

    pub(super) fn empty() -> Self {
        Self { range: None }
    }

    /// Calls `see` on the key and the value of each row that is left, where they lie, until it breaks off. The
    /// iterator gives copies.
    ///
    /// # Errors
    ///
    /// What the file reports.
    pub fn visit<B>(
        &mut self,
        mut see: impl FnMut(&[u8], &[u8]) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B>, Error> {
        let Some(range) = self.range.as_mut() else {
            return Ok(ControlFlow::Continue(()));
        };
        let seen = range.run_mut_with_gate(|range, gate| {
            for row in range {
                let (key, value) = row?;
                let (key, value) = (key.value(), value.value());
                if let ControlFlow::Break(with) = gate.call(|| see(key, value)) {
                    return Ok::<_, redb::StorageError>(ControlFlow::Break(with));
                }
            }
            Ok(ControlFlow::Continue(()))
        });
        if !matches!(seen, Ok(ControlFlow::Break(_))) {
            self.range = None;
        }
        seen
    }

    fn step<R>(
        &mut self,
        advance: impl for<'r> FnOnce(&'r mut redb::Range<'a, Bytes, Bytes>) -> Step<'a>,
        take: impl FnOnce(&[u8], &[u8]) -> R,
    ) -> Option<Result<R, Error>> {
        let range = self.range.as_mut()?;
        let row = range.run_mut(|range| {
            let Some(row) = advance(range) else {
                return Ok::<_, redb::StorageError>(None);
            };
            let (key, value) = row?;
            Ok(Some(take(key.value(), value.value())))
        });
        if !matches!(row, Ok(Some(_))) {
            self.range = None;
        }
        row.transpose()
    }
}

type Step<'a> =
    Option<Result<(redb::AccessGuard<'a, Bytes>, redb::AccessGuard<'a, Bytes>), redb::StorageError>>;

fn copied(key: &[u8], value: &[u8]) -> Row {
    (key.to_vec(), value.to_vec())
}

fn passed(_: &[u8], _: &[u8]) {}

impl Iterator for Rows<'_> {
    type Item = Result<Row, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step(Iterator::next, copied)
    }

    /// Passes over rows without copying them.
    fn nth(&mut self, count: usize) -> Option<Self::Item> {
        for _ in 0..count {
            if let Err(error) = self.step(Iterator::next, passed)? {
                return Some(Err(error));
            }
        }
        self.next()
    }
}

impl DoubleEndedIterator for Rows<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.step(DoubleEndedIterator::next_back, copied)
    }

    fn nth_back(&mut self, count: usize) -> Option<Self::Item> {
        for _ in 0..count {
            if let Err(error) = self.step(DoubleEndedIterator::next_back, passed)? {
                return Some(Err(error));
            }
        }
        self.next_back()
    }
}

impl std::iter::FusedIterator for Rows<'_> {}

impl std::fmt::Debug for Rows<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rows(..)")
    }
}
