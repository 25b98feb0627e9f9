//! Bounds of key ranges.

use std::ops::{Bound, RangeBounds};

type KeyBounds<'k> = (Bound<&'k [u8]>, Bound<&'k [u8]>);

/// The bounds, or `None` if no key can lie within them.
pub(super) fn checked<'k>(keys: &impl RangeBounds<&'k [u8]>) -> Option<KeyBounds<'k>> {
    let (start, end) = (keys.start_bound().cloned(), keys.end_bound().cloned());
    let possible = match (start, end) {
        (Bound::Included(start), Bound::Included(end)) => start <= end,
        (Bound::Included(start) | Bound::Excluded(start), Bound::Excluded(end))
        | (Bound::Excluded(start), Bound::Included(end)) => start < end,
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => true,
    };
    possible.then_some((start, end))
}

/// The least key greater than every key that begins with `prefix`; `None` if there is no such key.
pub(super) fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

pub(super) fn of_prefix<'k>(prefix: &'k [u8], end: Option<&'k [u8]>) -> KeyBounds<'k> {
    (
        Bound::Included(prefix),
        end.map_or(Bound::Unbounded, Bound::Excluded),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_the_next_possible_prefix() {
        assert_eq!(after_prefix(b"ab"), Some(b"ac".to_vec()));
        assert_eq!(after_prefix(b"a\xff\xff"), Some(b"b".to_vec()));
        assert_eq!(after_prefix(b"\xff\xff"), None);
        assert_eq!(after_prefix(b""), None);
    }

    #[test]
    fn bounds_that_contain_nothing_are_recognised() {
        let (a, b): (&[u8], &[u8]) = (b"a", b"b");
        assert!(checked(&(a..b)).is_some());
        assert!(checked(&(a..=a)).is_some());
        assert!(checked(&(a..a)).is_none());
        assert!(checked(&(b..a)).is_none());
        assert!(checked(&(b..=a)).is_none());
        assert!(checked(&(Bound::Excluded(a), Bound::Included(a))).is_none());
    }
}
