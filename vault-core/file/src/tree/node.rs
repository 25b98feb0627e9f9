//! The pages of a tree.
//!
//! ```text
//! leaf    1 u8 | zero | pairs u16 | ends of keys u32 each | ends of values u32 each | keys | values
//! branch  2 u8 | zero | keys u16 | zero 4 | checksums of children 16 each | page numbers of children 8 each
//!         | ends of keys u32 each | keys
//! ```
//!
//! There is one child more than keys; the keys of a child are greater than the key before it and at most the
//! key after it. Ends are missing where all keys, or all values, are equally wide.

use std::ops::Range;

use super::{Child, Widths, checksum, u32_at, u64_at};

const LEAF: u8 = 1;
const BRANCH: u8 = 2;
const LEAF_HEADER_BYTES: usize = 4;
const BRANCH_HEADER_BYTES: usize = 8;
const CHECKSUM_BYTES: usize = 16;
const NUMBER_BYTES: usize = 8;
const END_BYTES: usize = 4;

/// A page whose fields lie within it.
pub(super) enum Node<'a> {
    Leaf(Leaf<'a>),
    Branch(Branch<'a>),
}

pub(super) struct Leaf<'a> {
    bytes: &'a [u8],
    keys: Vec<Range<usize>>,
    values: Vec<Range<usize>>,
}

pub(super) struct Branch<'a> {
    bytes: &'a [u8],
    pub(super) children: Vec<Child>,
    keys: Vec<Range<usize>>,
}

impl<'a> Node<'a> {
    /// Reads a page that its parent names; `None` if it is another one, or none at all.
    pub(super) fn read(bytes: &'a [u8], expected: u128, widths: Widths) -> Option<Self> {
        let count = usize::from(u16::from_le_bytes(*bytes.get(2..)?.first_chunk()?));
        if count == 0 {
            return None;
        }
        let (node, end) = match *bytes.first()? {
            LEAF => Leaf::read(bytes, count, widths)?,
            BRANCH => Branch::read(bytes, count, widths)?,
            _ => return None,
        };
        (checksum(bytes.get(..end)?) == expected).then_some(node)
    }
}

impl<'a> Leaf<'a> {
    fn read(bytes: &'a [u8], count: usize, widths: Widths) -> Option<(Node<'a>, usize)> {
        let ends_bytes = |width: Option<usize>| if width.is_none() { END_BYTES * count } else { 0 };
        let key_ends_at = LEAF_HEADER_BYTES;
        let value_ends_at = key_ends_at + ends_bytes(widths.key);
        let keys_at = value_ends_at + ends_bytes(widths.value);
        let keys = ranges(bytes, count, key_ends_at, keys_at, widths.key)?;
        let values_at = keys.last()?.end;
        let values = ranges(bytes, count, value_ends_at, values_at, widths.value)?;
        let end = values.last()?.end;
        let leaf = Self { bytes, keys, values };
        Some((Node::Leaf(leaf), end))
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        let bytes = self.bytes;
        self.keys
            .iter()
            .zip(&self.values)
            .map(|(key, value)| (&bytes[key.clone()], &bytes[value.clone()]))
    }
}

impl<'a> Branch<'a> {
    fn read(bytes: &'a [u8], count: usize, widths: Widths) -> Option<(Node<'a>, usize)> {
        let numbers_at = BRANCH_HEADER_BYTES + CHECKSUM_BYTES * (count + 1);
        let ends_at = numbers_at + NUMBER_BYTES * (count + 1);
        let keys_at = ends_at
            + if widths.key.is_none() {
                END_BYTES * count
            } else {
                0
            };
        let children = (0..=count)
            .map(|index| {
                let checksum_at = BRANCH_HEADER_BYTES + CHECKSUM_BYTES * index;
                Some(Child {
                    number: u64_at(bytes, numbers_at + NUMBER_BYTES * index)?,
                    checksum: u128::from_le_bytes(*bytes.get(checksum_at..)?.first_chunk()?),
                })
            })
            .collect::<Option<_>>()?;
        let keys = ranges(bytes, count, ends_at, keys_at, widths.key)?;
        let end = keys.last()?.end;
        let branch = Self {
            bytes,
            children,
            keys,
        };
        Some((Node::Branch(branch), end))
    }

    /// The greatest key that a child may have; `None` for the last child.
    pub(super) fn greatest(&self, child: usize) -> Option<&'a [u8]> {
        self.keys.get(child).map(|range| &self.bytes[range.clone()])
    }
}

/// Where `count` keys or values lie, one after the other from `start`, all within the page.
fn ranges(
    bytes: &[u8],
    count: usize,
    ends_at: usize,
    start: usize,
    width: Option<usize>,
) -> Option<Vec<Range<usize>>> {
    let mut start = start;
    (0..count)
        .map(|index| {
            let end = match width {
                Some(width) => start.checked_add(width)?,
                None => u32_at(bytes, ends_at + END_BYTES * index)?,
            };
            let range = start..end;
            start = end;
            (range.start <= range.end && range.end <= bytes.len()).then_some(range)
        })
        .collect()
}
