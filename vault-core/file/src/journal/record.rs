//! One record: what one write and one sync make durable.
//!
//! ```text
//!  0  nonce 24 | tag 16          AAD = label 27, file id 16, file epoch u64, journal epoch u64, place u64, blocks u32
//! 40  blocks u32                 how long the record is, in blocks of 4096 bytes
//! 44  sealed: tag of the record before 16 | number of the first transaction u64 | transactions u32
//!             | for each: bytes u32, operations | zero
//! ```
//!
//! A record is sealed to its end, so only its number of blocks shows. It cannot be taken for one of another
//! file, filling or place, and it names the record that it follows: none can be left out, moved or put back.

use std::sync::Arc;

use super::fields::Fields;
use crate::entropy::Entropy;
use crate::error::Fault;
use crate::keys::cipher::{Cipher, NONCE_BYTES, TAG_BYTES};
use crate::keys::{FileIdentity, JournalKey, derive};

/// Records begin at multiples of this: a sector that is torn while a record is written holds nothing else.
pub(super) const BLOCK_BYTES: usize = 4096;

const BLOCKS_AT: usize = NONCE_BYTES + TAG_BYTES;
const SEALED_AT: usize = BLOCKS_AT + 4;
/// What a record has besides its transactions.
const FIXED_BYTES: usize = SEALED_AT + TAG_BYTES + 8 + 4;
/// What a transaction takes besides its operations.
const PER_TRANSACTION_BYTES: usize = 4;

/// The tag of a record, by which the next one names it.
pub(super) type RecordTag = [u8; TAG_BYTES];

/// Where a record lies: bound into its seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Which filling of the area.
    pub(super) epoch: u64,
    /// Bytes from the start of the area, a multiple of [`BLOCK_BYTES`].
    pub(super) at: u64,
}

/// A record that authenticates.
pub(super) struct Record {
    pub(super) tag: RecordTag,
    /// The record before; zero for the first.
    pub(super) previous: RecordTag,
    /// The number of its first transaction.
    pub(super) first: u64,
    /// The operations of each transaction.
    pub(super) transactions: Vec<Vec<u8>>,
    /// How long it is, in bytes.
    pub(super) bytes: usize,
}

/// Seals and opens the records of one file.
#[derive(Clone)]
pub(super) struct RecordSeal {
    cipher: Arc<Cipher>,
    file: FileIdentity,
    entropy: Entropy,
}

/// How many bytes a record of these transactions takes.
pub(super) fn bytes_of<'a>(transactions: impl IntoIterator<Item = &'a Vec<u8>>) -> usize {
    let content: usize = transactions
        .into_iter()
        .map(|ops| PER_TRANSACTION_BYTES + ops.len())
        .sum();
    (FIXED_BYTES + content).next_multiple_of(BLOCK_BYTES)
}

impl RecordSeal {
    pub(super) fn new(key: JournalKey, file: FileIdentity, entropy: Entropy) -> Self {
        Self {
            cipher: Arc::new(Cipher::new(key.0)),
            file,
            entropy,
        }
    }

    /// A record as bytes, and its tag.
    pub(super) fn seal(
        &self,
        place: Place,
        previous: &RecordTag,
        first: u64,
        transactions: &[Vec<u8>],
    ) -> Result<(Vec<u8>, RecordTag), Fault> {
        let bytes = bytes_of(transactions);
        let nonce: [u8; NONCE_BYTES] = self.entropy.array()?;
        let blocks = u32_of(bytes / BLOCK_BYTES).to_le_bytes();
        let mut record = Vec::with_capacity(bytes);
        record.extend_from_slice(&nonce);
        record.extend_from_slice(&[0; TAG_BYTES]);
        record.extend_from_slice(&blocks);
        record.extend_from_slice(previous);
        record.extend_from_slice(&first.to_le_bytes());
        record.extend_from_slice(&u32_of(transactions.len()).to_le_bytes());
        for ops in transactions {
            record.extend_from_slice(&u32_of(ops.len()).to_le_bytes());
            record.extend_from_slice(ops);
        }
        record.resize(bytes, 0);
        let aad = self.aad(place, blocks);
        let tag = self.cipher.seal(&nonce, &aad, &mut record[SEALED_AT..])?;
        record[NONCE_BYTES..BLOCKS_AT].copy_from_slice(&tag);
        Ok((record, tag))
    }

    /// The record at a place, if one begins there. `area` is the whole area.
    pub(super) fn open(&self, place: Place, area: &[u8]) -> Option<Record> {
        let here = area.get(usize::try_from(place.at).ok()?..)?;
        let mut head = Fields(here);
        let nonce = head.array::<NONCE_BYTES>()?;
        let tag = head.array::<TAG_BYTES>()?;
        let blocks = head.array::<4>()?;
        let bytes = usize::try_from(u32::from_le_bytes(blocks))
            .ok()?
            .checked_mul(BLOCK_BYTES)?;
        let mut plain = here.get(SEALED_AT..bytes)?.to_vec();
        let aad = self.aad(place, blocks);
        self.cipher.open(&nonce, &aad, &mut plain, &tag).ok()?;
        let mut fields = Fields(&plain);
        let previous = fields.array()?;
        let first = fields.u64()?;
        let count = fields.u32()?;
        let mut transactions = Vec::new();
        for _ in 0..count {
            let len = fields.u32()?;
            transactions.push(fields.bytes(len)?.to_vec());
        }
        Some(Record {
            tag,
            previous,
            first,
            transactions,
            bytes,
        })
    }

    fn aad(&self, place: Place, blocks: [u8; 4]) -> [u8; 71] {
        let mut aad = [0; 71];
        aad[..27].copy_from_slice(derive::SEALED_JOURNAL_RECORD);
        aad[27..43].copy_from_slice(&self.file.id.0);
        aad[43..51].copy_from_slice(&self.file.epoch.to_le_bytes());
        aad[51..59].copy_from_slice(&place.epoch.to_le_bytes());
        aad[59..67].copy_from_slice(&place.at.to_le_bytes());
        aad[67..].copy_from_slice(&blocks);
        aad
    }
}

/// Lengths here are bounded by the area.
fn u32_of(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    use super::*;
    use crate::header::FileId;
    use crate::keys::Key;

    fn seal_of(file: u8, epoch: u64) -> RecordSeal {
        let file = FileIdentity {
            id: FileId([file; 16]),
            epoch,
        };
        let entropy = Entropy::new(ChaCha20Rng::seed_from_u64(5));
        RecordSeal::new(JournalKey(Key::new(&[9; 32])), file, entropy)
    }

    const PLACE: Place = Place { epoch: 3, at: 4096 };

    fn transactions(rng: &mut ChaCha20Rng) -> Vec<Vec<u8>> {
        let count = 1 + rng.next_u32() % 6;
        let ops = |rng: &mut ChaCha20Rng| {
            let mut ops = vec![0; rng.next_u32() as usize % 5_000];
            rng.fill_bytes(&mut ops);
            ops
        };
        (0..count).map(|_| ops(rng)).collect()
    }

    /// An area with a record at [`PLACE`].
    fn area_with(record: &[u8]) -> Vec<u8> {
        let mut area = vec![0xEE; 64 * BLOCK_BYTES];
        area[BLOCK_BYTES..BLOCK_BYTES + record.len()].copy_from_slice(record);
        area
    }

    #[test]
    fn a_record_holds_its_transactions_and_takes_whole_blocks() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        for round in 0..100 {
            let transactions = transactions(&mut rng);
            let (record, tag) = seal_of(1, 1).seal(PLACE, &[4; 16], 17, &transactions).unwrap();
            assert_eq!(record.len(), bytes_of(&transactions));
            assert!(record.len().is_multiple_of(BLOCK_BYTES));
            let alone: usize = transactions.iter().map(|ops| bytes_of([ops])).sum();
            assert!(record.len() <= alone, "sharing a record takes no more room");
            let opened = seal_of(1, 1).open(PLACE, &area_with(&record)).unwrap();
            assert_eq!(opened.transactions, transactions, "round {round}");
            assert_eq!((opened.previous, opened.first, opened.tag), ([4; 16], 17, tag));
            assert_eq!(opened.bytes, record.len());
        }
    }

    #[test]
    fn a_record_opens_only_where_and_when_it_was_written() {
        let (record, _) = seal_of(1, 1).seal(PLACE, &[0; 16], 1, &[vec![7; 100]]).unwrap();
        let area = area_with(&record);
        assert!(seal_of(1, 1).open(PLACE, &area).is_some());
        assert!(seal_of(2, 1).open(PLACE, &area).is_none(), "another file");
        assert!(
            seal_of(1, 2).open(PLACE, &area).is_none(),
            "another filling of it"
        );
        let older = Place { epoch: 2, ..PLACE };
        assert!(seal_of(1, 1).open(older, &area).is_none(), "another epoch");
        let mut moved = area;
        moved.copy_within(BLOCK_BYTES..2 * BLOCK_BYTES, 0);
        let start = Place { at: 0, ..PLACE };
        assert!(seal_of(1, 1).open(start, &moved).is_none(), "another place");
    }

    #[test]
    fn no_length_and_no_place_is_met_with_more_than_no() {
        let (record, _) = seal_of(1, 1).seal(PLACE, &[0; 16], 1, &[vec![7; 100]]).unwrap();
        for blocks in [0, 2, 63, 64, u32::MAX / 4096, u32::MAX] {
            let mut area = area_with(&record);
            area[BLOCK_BYTES + BLOCKS_AT..][..4].copy_from_slice(&blocks.to_le_bytes());
            assert!(seal_of(1, 1).open(PLACE, &area).is_none(), "{blocks} blocks");
        }
        for at in [63 * 4096, 64 * 4096, u64::MAX] {
            let place = Place { at, ..PLACE };
            assert!(seal_of(1, 1).open(place, &area_with(&record)).is_none());
        }
    }

    #[test]
    fn every_byte_of_a_record_counts() {
        let (record, _) = seal_of(1, 1).seal(PLACE, &[0; 16], 1, &[vec![7; 100]]).unwrap();
        for at in (0..80).chain((80..record.len()).step_by(61)) {
            let mut changed = record.clone();
            changed[at] ^= 0x40;
            assert!(
                seal_of(1, 1).open(PLACE, &area_with(&changed)).is_none(),
                "byte {at}"
            );
        }
    }
}
