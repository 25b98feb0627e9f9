//! redb's trees, read page by page without redb: to check every page of them, and to find what is still
//! there when some of them are damaged.
//!
//! redb stops at the first page it cannot read, and trusts what it reads. Here every page is compared with
//! the checksum that its parent holds, so that an authentic page of another time is noticed, and a page that
//! is lost takes only its own keys with it. The bytes are those of redb's file format 3 (its `design.md`); a
//! test compares what is read here with what redb reads.

mod definition;
mod node;
mod root;
mod walk;

#[cfg(test)]
mod tests;

pub(crate) use definition::TableDefinition;
pub(crate) use root::{Root, Trees};
pub(crate) use walk::{Lost, Visitor, Walk};

use twox_hash::XxHash3_128;

/// How wide keys and values are, for the tables in which all are equally wide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Widths {
    key: Option<usize>,
    value: Option<usize>,
}

/// A page as its parent names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Child {
    /// redb's page number: index 20 bits, region 20, zero 19, order 5.
    number: u64,
    checksum: u128,
}

impl Child {
    /// Number 8 | checksum 16.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (number, rest) = bytes.split_first_chunk()?;
        Some(Self {
            number: u64::from_le_bytes(*number),
            checksum: u128::from_le_bytes(*rest.first_chunk()?),
        })
    }
}

fn checksum(bytes: &[u8]) -> u128 {
    XxHash3_128::oneshot(bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    let number = u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?);
    usize::try_from(number).ok()
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
