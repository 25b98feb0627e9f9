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

    fn step(
        &mut self,
        advance: impl for<'r> FnOnce(&'r mut redb::Range<'a, Bytes, Bytes>) -> Step<'a>,
    ) -> Option<Result<Row, Error>> {
        let range = self.range.as_mut()?;
        let row = range.run_mut(|range| {
            let Some(row) = advance(range) else {
                return Ok::<_, redb::StorageError>(None);
            };
            let (key, value) = row?;
            Ok(Some((key.value().to_vec(), value.value().to_vec())))
        });
        if !matches!(row, Ok(Some(_))) {
            self.range = None;
        }
        row.transpose()
    }
}

type Step<'a> =
    Option<Result<(redb::AccessGuard<'a, Bytes>, redb::AccessGuard<'a, Bytes>), redb::StorageError>>;

impl Iterator for Rows<'_> {
    type Item = Result<Row, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step(Iterator::next)
    }
}

impl DoubleEndedIterator for Rows<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.step(DoubleEndedIterator::next_back)
    }
}

impl std::iter::FusedIterator for Rows<'_> {}

impl std::fmt::Debug for Rows<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rows(..)")
    }
}
