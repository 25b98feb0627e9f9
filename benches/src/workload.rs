//! Records as people have them: about 282 bytes, time-ordered ids, one index by category and time.

use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};

/// Records of one durable commit of an import.
pub(crate) const PER_COMMIT: usize = 10_000;

const BODY_BYTES: usize = 266;
const CATEGORIES: u64 = 16;

/// One record: its key, its entry in the index, its body.
pub(crate) struct Item {
    pub(crate) id: [u8; 16],
    pub(crate) index: [u8; 26],
    pub(crate) body: [u8; BODY_BYTES],
}

/// The same records for the same seed.
pub(crate) fn records(count: usize) -> impl Iterator<Item = Item> {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    (0..count).map(move |number| {
        let mut item = Item {
            id: [0; 16],
            index: [0; 26],
            body: [0; BODY_BYTES],
        };
        rng.fill_bytes(&mut item.id);
        rng.fill_bytes(&mut item.body);
        item.id[..6].copy_from_slice(&(1_800_000_000_000 + number as u64).to_be_bytes()[2..]);
        item.index[..2].copy_from_slice(&(number as u64 % CATEGORIES).to_be_bytes()[6..]);
        item.index[2..10].copy_from_slice(&(number as u64).to_be_bytes());
        item.index[10..].copy_from_slice(&item.id);
        item
    })
}

/// Ids to read, in an order that no cache likes.
pub(crate) fn picks(count: usize, reads: usize) -> Vec<[u8; 16]> {
    let ids: Vec<[u8; 16]> = records(count).map(|item| item.id).collect();
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let count = count as u64;
    let place = |drawn: u64| usize::try_from(drawn % count).unwrap_or_default();
    (0..reads).map(|_| ids[place(rng.next_u64())]).collect()
}
