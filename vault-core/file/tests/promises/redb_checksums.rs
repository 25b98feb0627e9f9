//! The checksums that redb keeps of its pages, each in the page above it, and of the highest in its header: made right
//! again after a page was changed.

use std::collections::{BTreeMap, HashMap};

use twox_hash::XxHash3_128;

use super::forge::Forge;

const HEADER_AT: usize = 48;
const RECORDS: [usize; 2] = [64, 192];
/// What a record's own checksum covers.
const RECORD_BYTES: usize = 112;

type Sum = [u8; 16];

/// For each page that another one, or the header, vouches for: how much of it, and the checksum.
#[derive(Clone)]
pub(crate) struct Checksums(BTreeMap<usize, (usize, Sum)>);

impl Checksums {
    /// Finds them by trying every length of every page.
    pub(crate) fn of(forge: &Forge) -> Self {
        let slot = forge.slot();
        let pages: BTreeMap<usize, Vec<u8>> = (1..600)
            .filter_map(|page| Some((page, forge.page(page)?)))
            .collect();
        let everything = pages.values().chain([&slot]);
        let held: HashMap<&[u8], ()> = everything
            .flat_map(|bytes| bytes.windows(16))
            .map(|sum| (sum, ()))
            .collect();
        let sum_of = |plain: &[u8]| {
            let lengths = (1..=plain.len()).map(|len| (len, sum(&plain[..len])));
            lengths.into_iter().find(|(_, sum)| held.contains_key(&sum[..]))
        };
        Self(
            pages
                .iter()
                .filter_map(|(page, plain)| Some((*page, sum_of(plain)?)))
                .collect(),
        )
    }

    /// The pages that are vouched for.
    pub(crate) fn pages(&self) -> Vec<usize> {
        self.0.keys().copied().collect()
    }

    /// Writes a page and makes right what vouches for it, up to the commit slot.
    pub(crate) fn write(&mut self, forge: &mut Forge, page: usize, plain: &[u8]) {
        forge.write_page(page, plain);
        let (len, old) = self.0[&page];
        // A leaf says itself how long it is.
        let len = end_of_leaf(plain).unwrap_or(len);
        let new = sum(&plain[..len]);
        self.0.insert(page, (len, new));
        if new == old {
            return;
        }
        for above in self.pages() {
            let mut plain = forge.page(above).unwrap();
            if above != page && replace(&mut plain, &old, &new) {
                self.write(forge, above, &plain);
            }
        }
        let mut slot = forge.slot();
        let header = &mut slot[HEADER_AT..];
        if replace(header, &old, &new) {
            for record in RECORDS {
                let own = sum(&header[record..record + RECORD_BYTES]);
                header[record + RECORD_BYTES..][..16].copy_from_slice(&own);
            }
            forge.write_slot(&slot);
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

fn replace(bytes: &mut [u8], old: &Sum, new: &Sum) -> bool {
    let places: Vec<usize> = (0..bytes.len().saturating_sub(15))
        .filter(|at| bytes[*at..*at + 16] == *old)
        .collect();
    for at in &places {
        bytes[*at..*at + 16].copy_from_slice(new);
    }
    !places.is_empty()
}

fn sum(bytes: &[u8]) -> Sum {
    XxHash3_128::oneshot(bytes).to_le_bytes()
}
