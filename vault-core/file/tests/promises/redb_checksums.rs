//! The checksums that redb keeps of its pages, each in the page above it, and of the highest in its header: made right
//! again after a page was changed.

use std::collections::{BTreeMap, HashSet};

use twox_hash::XxHash3_128;

use super::forge::Forge;

const HEADER_AT: usize = 48;
const RECORDS: [usize; 2] = [64, 192];
/// What a record's own checksum covers.
const RECORD_BYTES: usize = 112;

type Sum = [u8; 16];

/// A page that another one, or the header, vouches for.
#[derive(Clone)]
struct Vouched {
    plain: Vec<u8>,
    /// How much of it.
    len: usize,
    sum: Sum,
    /// A leaf that says itself how much.
    says_len: bool,
    is_changed: bool,
}

/// The pages of a file that are vouched for.
#[derive(Clone)]
pub(crate) struct Checksums(BTreeMap<usize, Vouched>);

impl Checksums {
    /// Finds them by trying every length of every page.
    pub(crate) fn of(forge: &Forge) -> Self {
        let pages: Vec<(usize, Vec<u8>)> = (1..600)
            .filter_map(|page| Some((page, forge.page(page)?)))
            .collect();
        let everything = pages.iter().map(|(_, plain)| plain).chain([&forge.slot]);
        let held: HashSet<&[u8]> = everything.flat_map(|bytes| bytes.windows(16)).collect();
        let vouched = |plain: &Vec<u8>| {
            let mut lengths = (1..=plain.len()).map(|len| (len, sum(&plain[..len])));
            let (len, sum) = lengths.find(|(_, sum)| held.contains(&sum[..]))?;
            Some(Vouched {
                plain: plain.clone(),
                len,
                sum,
                says_len: end_of_leaf(plain) == Some(len),
                is_changed: false,
            })
        };
        Self(
            pages
                .iter()
                .filter_map(|(page, plain)| Some((*page, vouched(plain)?)))
                .collect(),
        )
    }

    /// Their numbers.
    pub(crate) fn pages(&self) -> Vec<usize> {
        self.0.keys().copied().collect()
    }

    /// Changes a page, and what vouches for it, up to redb's header in the slot.
    pub(crate) fn change(&mut self, slot: &mut [u8], page: usize, change: &mut dyn FnMut(&mut [u8])) {
        let Some(changed) = self.0.get_mut(&page) else {
            return;
        };
        change(&mut changed.plain);
        changed.is_changed = true;
        if changed.says_len {
            changed.len = end_of_leaf(&changed.plain).unwrap_or(changed.len);
        }
        let (old, new) = (changed.sum, sum(&changed.plain[..changed.len]));
        changed.sum = new;
        if new == old {
            return;
        }
        for above in self.pages() {
            if above != page && contains(&self.0[&above].plain, &old) {
                self.change(slot, above, &mut |plain| replace(plain, &old, &new));
            }
        }
        let header = &mut slot[HEADER_AT..];
        if contains(header, &old) {
            replace(header, &old, &new);
            for record in RECORDS {
                let own = sum(&header[record..record + RECORD_BYTES]);
                header[record + RECORD_BYTES..][..16].copy_from_slice(&own);
            }
        }
    }

    /// Writes every page that was changed.
    pub(crate) fn write(&self, forge: &mut Forge) {
        for (page, vouched) in self.0.iter().filter(|(_, vouched)| vouched.is_changed) {
            forge.write_page(*page, &vouched.plain);
        }
    }
}

/// Where the last value of a leaf ends, if keys and values are of any width.
fn end_of_leaf(plain: &[u8]) -> Option<usize> {
    let pairs = usize::from(u16::from_le_bytes([plain[2], plain[3]]));
    let at = 4 + 4 * (2 * pairs).checked_sub(1)?;
    let end = u32::from_le_bytes(*plain.get(at..)?.first_chunk()?);
    let end = usize::try_from(end).unwrap();
    (plain[0] == 1 && end > at && end <= plain.len()).then_some(end)
}

fn contains(bytes: &[u8], sum: &Sum) -> bool {
    bytes.windows(16).any(|window| window == sum)
}

fn replace(bytes: &mut [u8], old: &Sum, new: &Sum) {
    for at in 0..bytes.len().saturating_sub(15) {
        if bytes[at..at + 16] == *old {
            bytes[at..at + 16].copy_from_slice(new);
        }
    }
}

fn sum(bytes: &[u8]) -> Sum {
    XxHash3_128::oneshot(bytes).to_le_bytes()
}
