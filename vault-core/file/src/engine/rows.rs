//! Walking a table in key order.

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

    /// Calls `use_row` on the key and the value of the next row where they lie, without copying them; `None`
    /// when there is no row left. The iterator gives copies.
    ///
    /// # Errors
    ///
    /// What the file reports.
    pub fn next_with<R>(&mut self, use_row: impl FnOnce(&[u8], &[u8]) -> R) -> Result<Option<R>, Error> {
        let row = self.step(Iterator::next)?;
        Ok(row.map(|(key, value)| use_row(key.value(), value.value())))
    }

    /// Advances behind the fence. What it gives has been looked at there, so that looking again cannot panic.
    fn step(
        &mut self,
        advance: impl for<'r> FnOnce(&'r mut redb::Range<'a, Bytes, Bytes>) -> Step<'a>,
    ) -> Result<Option<Lying<'a>>, Error> {
        let Some(range) = self.range.as_mut() else {
            return Ok(None);
        };
        let row = range.run_mut(|range| {
            let row = advance(range).transpose()?;
            if let Some((key, value)) = &row {
                (key.value(), value.value());
            }
            Ok::<_, redb::StorageError>(row)
        });
        if !matches!(row, Ok(Some(_))) {
            self.range = None;
        }
        row
    }

    fn copied(row: Result<Option<Lying<'a>>, Error>) -> Option<Result<Row, Error>> {
        let copy = |(key, value): Lying<'_>| (key.value().to_vec(), value.value().to_vec());
        row.map(|row| row.map(copy)).transpose()
    }
}

/// A row where it lies.
type Lying<'a> = (redb::AccessGuard<'a, Bytes>, redb::AccessGuard<'a, Bytes>);
type Step<'a> = Option<Result<Lying<'a>, redb::StorageError>>;

impl Iterator for Rows<'_> {
    type Item = Result<Row, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        Self::copied(self.step(Iterator::next))
    }

    /// Passes over rows without copying them.
    fn nth(&mut self, passed: usize) -> Option<Self::Item> {
        for _ in 0..passed {
            match self.step(Iterator::next) {
                Ok(row) => drop(row?),
                Err(error) => return Some(Err(error)),
            }
        }
        self.next()
    }
}

impl DoubleEndedIterator for Rows<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        Self::copied(self.step(DoubleEndedIterator::next_back))
    }

    fn nth_back(&mut self, passed: usize) -> Option<Self::Item> {
        for _ in 0..passed {
            match self.step(DoubleEndedIterator::next_back) {
                Ok(row) => drop(row?),
                Err(error) => return Some(Err(error)),
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
