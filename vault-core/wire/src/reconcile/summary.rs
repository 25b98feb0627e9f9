//! Items and their sums.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::message::varint;
use crate::{
    entry::{ContentTag, Fingerprint},
    id::Slot,
};

/// One held entry: its slot, then its content tag. Items sort by their bytes, so by slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Item(pub [u8; 32]);

impl Item {
    /// What stands for an entry.
    pub fn new(slot: Slot, tag: ContentTag) -> Self {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(&slot.0);
        bytes[16..].copy_from_slice(&tag.0);
        Self(bytes)
    }

    /// The slot.
    pub fn slot(&self) -> Slot {
        let mut slot = [0; 16];
        slot.copy_from_slice(&self.0[..16]);
        Slot(slot)
    }

    /// The content tag.
    pub fn tag(&self) -> ContentTag {
        let mut tag = [0; 16];
        tag.copy_from_slice(&self.0[16..]);
        ContentTag(tag)
    }
}

/// How many items, and their sum as little-endian numbers modulo 2^256. Adding and taking away need
/// no order. It finds accidents, not attackers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// How many items.
    pub count: u64,
    sum: [u8; 32],
}

impl Summary {
    /// Adds an item that is not in the set.
    pub fn add(&mut self, item: &Item) {
        self.count = self.count.wrapping_add(1);
        add(&mut self.sum, &item.0);
    }

    /// Takes away an item that is in the set.
    pub fn remove(&mut self, item: &Item) {
        self.count = self.count.wrapping_sub(1);
        subtract(&mut self.sum, &item.0);
    }

    /// Adds all items of another set that has none in common.
    pub fn merge(&mut self, other: &Self) {
        self.count = self.count.wrapping_add(other.count);
        add(&mut self.sum, &other.sum);
    }

    /// The fingerprint by which two sides compare.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hash = Sha256::new();
        hash.update(self.sum);
        hash.update(varint(self.count));
        let mut fingerprint = [0; 16];
        fingerprint.copy_from_slice(&hash.finalize()[..16]);
        Fingerprint(fingerprint)
    }
}

impl<'a> FromIterator<&'a Item> for Summary {
    fn from_iter<T: IntoIterator<Item = &'a Item>>(items: T) -> Self {
        let mut summary = Self::default();
        items.into_iter().for_each(|item| summary.add(item));
        summary
    }
}

fn add(sum: &mut [u8; 32], other: &[u8; 32]) {
    let mut carry = false;
    for (ours, theirs) in sum
        .as_chunks_mut::<8>()
        .0
        .iter_mut()
        .zip(other.as_chunks::<8>().0)
    {
        let (partial, over) = u64::from_le_bytes(*ours).overflowing_add(u64::from_le_bytes(*theirs));
        let (total, over_again) = partial.overflowing_add(u64::from(carry));
        *ours = total.to_le_bytes();
        carry = over || over_again;
    }
}

fn subtract(sum: &mut [u8; 32], other: &[u8; 32]) {
    let mut borrow = false;
    for (ours, theirs) in sum
        .as_chunks_mut::<8>()
        .0
        .iter_mut()
        .zip(other.as_chunks::<8>().0)
    {
        let (partial, under) = u64::from_le_bytes(*ours).overflowing_sub(u64::from_le_bytes(*theirs));
        let (total, under_again) = partial.overflowing_sub(u64::from(borrow));
        *ours = total.to_le_bytes();
        borrow = under || under_again;
    }
}
