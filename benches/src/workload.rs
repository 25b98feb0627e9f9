//! Records as people have them: about 282 bytes, time-ordered ids, one index by category and time.
//!
//! Each record follows from its number alone, so that nothing needs to be kept to read it back.

/// Records of one durable commit of an import.
pub(crate) const PER_COMMIT: u64 = 10_000;
/// Categories, which the records take in turn.
pub(crate) const CATEGORIES: u8 = 16;

const BODY_BYTES: usize = 266;
const BEGAN_AT_MS: u64 = 1_800_000_000_000;

/// Key of a record: a UUIDv7 in all but its version bits.
pub(crate) type Id = [u8; 16];

/// One record: its key, what it is indexed by, its body.
pub(crate) struct Item {
    pub(crate) id: Id,
    pub(crate) category: u8,
    /// When it happened, in milliseconds since 1970.
    pub(crate) at_ms: i64,
    pub(crate) body: [u8; BODY_BYTES],
}

impl Item {
    pub(crate) fn numbered(number: u64) -> Self {
        let mut body = [0; BODY_BYTES];
        for (place, bytes) in (2..).zip(body.chunks_mut(8)) {
            bytes.copy_from_slice(&random(number, place)[..bytes.len()]);
        }
        Self {
            id: id(number),
            category: u8::try_from(number % u64::from(CATEGORIES)).unwrap_or_default(),
            at_ms: (BEGAN_AT_MS + number).cast_signed(),
            body,
        }
    }

    /// The key of its index entry within its category, as the vault makes it: there is a time, the time so
    /// that it sorts, the id.
    pub(crate) fn time_key(&self) -> [u8; 25] {
        let mut key = [1; 25];
        key[1..9].copy_from_slice(&(self.at_ms.cast_unsigned() ^ (1 << 63)).to_be_bytes());
        key[9..].copy_from_slice(&self.id);
        key
    }
}

/// The records with these numbers.
pub(crate) fn items(numbers: std::ops::Range<u64>) -> Vec<Item> {
    numbers.map(Item::numbered).collect()
}

/// The key of the record with this number.
pub(crate) fn id(number: u64) -> Id {
    let mut id = [0; 16];
    id[..6].copy_from_slice(&(BEGAN_AT_MS + number).to_be_bytes()[2..]);
    id[6..14].copy_from_slice(&random(number, 0));
    id[14..].copy_from_slice(&random(number, 1)[..2]);
    id
}

/// Ids to read, in an order that no cache likes; others for another `seed`.
pub(crate) fn picks(records: u64, reads: u64, seed: u64) -> Vec<Id> {
    (0..reads)
        .map(|read| id(u64::from_le_bytes(random(read, u64::MAX - seed)) % records))
        .collect()
}

/// Eight bytes that look random and depend on both numbers only (SplitMix64).
fn random(number: u64, place: u64) -> [u8; 8] {
    let mut mixed = number
        .wrapping_mul(0xD134_2543_DE82_EF95)
        .wrapping_add(place.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (mixed ^ (mixed >> 31)).to_le_bytes()
}
