//! The grant keys, each wrapped under a key of the server's, in a small file outside the database:
//! no backup of the database holds them, and destroying one is an overwrite in place. A key that is
//! sealed to the application is kept in the same way, but what is inside is closed to the server.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use vault_file::Disk;
use vault_wire::{
    grant_key::{GrantKey, SealedGrantKey},
    id::GrantId,
};
use zeroize::Zeroizing;

use super::{
    StoreError,
    side_file::{Record, SideFile},
};
use crate::entropy::Entropy;

const WHAT: &str = "the file of grant keys";
/// Bytes of a key as it is kept: those of a sealed one, or the key and zeros.
const KEY_BYTES: usize = 32 + SealedGrantKey::CIPHERTEXT_BYTES;
/// Grant id, generation, whose it is, key.
const RECORD_BYTES: usize = 16 + 4 + 1 + KEY_BYTES;

/// Every grant key that the server holds.
pub(crate) struct GrantKeys(Mutex<Slots>);

/// A grant key as the server holds it.
#[derive(Clone, Debug)]
pub(crate) enum HeldKey {
    /// Delivery `server`: it opens the entries.
    Open(GrantKey),
    /// Delivery `sealed`: only the application can open it.
    Sealed(SealedGrantKey),
}

struct Slots {
    file: SideFile,
    places: BTreeMap<(GrantId, u32), u64>,
    free: Vec<u64>,
    end: u64,
}

impl GrantKeys {
    /// Opens the file on its disk.
    pub(crate) fn open(disk: Box<dyn Disk>, key: &[u8; 32], entropy: &Entropy) -> Result<Self, StoreError> {
        let (file, records) = SideFile::open(disk, WHAT, key, RECORD_BYTES, entropy.clone())?;
        let mut slots = Slots {
            file,
            places: BTreeMap::new(),
            free: Vec::new(),
            end: records.len() as u64,
        };
        for (place, record) in (0u64..).zip(&records) {
            match record {
                Record::Free => slots.free.push(place),
                Record::Sealed(record) => {
                    if let Some((grant, generation, _)) = parse(record) {
                        slots.places.insert((grant, generation), place);
                    }
                }
                // It may be a key that only the disk's owner can bring back: its place is not reused.
                Record::Unreadable => tracing::error!(place, "a grant key cannot be read"),
            }
        }
        Ok(Self(Mutex::new(slots)))
    }

    /// The key of a grant's generation, if it is held.
    pub(crate) fn get(&self, grant: GrantId, generation: u32) -> Result<Option<HeldKey>, StoreError> {
        let slots = self.slots();
        let Some(&place) = slots.places.get(&(grant, generation)) else {
            return Ok(None);
        };
        match slots.file.read(place)? {
            Record::Sealed(record) => Ok(parse(&record).map(|(_, _, key)| key)),
            Record::Free | Record::Unreadable => Err(StoreError::Row(WHAT)),
        }
    }

    /// Whether the key of a grant's generation is held.
    pub(crate) fn has(&self, grant: GrantId, generation: u32) -> bool {
        self.slots().places.contains_key(&(grant, generation))
    }

    /// Keeps a key. It is on the disk when this returns.
    pub(crate) fn put(&self, grant: GrantId, generation: u32, key: &HeldKey) -> Result<(), StoreError> {
        let mut slots = self.slots();
        let place = slots.place_for(grant, generation);
        let record = record(grant, generation, key);
        slots.file.write(place, &record)?;
        slots.places.insert((grant, generation), place);
        Ok(())
    }

    /// Destroys the key of one generation, if it is held. It is gone from the disk when this returns.
    pub(crate) fn destroy_one(&self, grant: GrantId, generation: u32) -> Result<(), StoreError> {
        let mut slots = self.slots();
        match slots.places.get(&(grant, generation)) {
            Some(&place) => slots.wipe((grant, generation), place),
            None => Ok(()),
        }
    }

    /// Destroys the keys of a grant, of every generation before `before` (of all, if there is none).
    /// They are gone from the disk when this returns. Returns how many there were.
    pub(crate) fn destroy(&self, grant: GrantId, before: Option<u32>) -> Result<u32, StoreError> {
        let mut slots = self.slots();
        let doomed: Vec<_> = slots
            .places
            .range((grant, 0)..)
            .take_while(|((of, generation), _)| *of == grant && before.is_none_or(|end| *generation < end))
            .map(|(name, place)| (*name, *place))
            .collect();
        let mut destroyed = 0;
        for (name, place) in doomed {
            slots.wipe(name, place)?;
            destroyed += 1;
        }
        Ok(destroyed)
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slots {
    fn wipe(&mut self, name: (GrantId, u32), place: u64) -> Result<(), StoreError> {
        self.file.wipe(place)?;
        self.places.remove(&name);
        self.free.push(place);
        Ok(())
    }

    fn place_for(&mut self, grant: GrantId, generation: u32) -> u64 {
        if let Some(place) = self.places.get(&(grant, generation)) {
            return *place;
        }
        self.free.pop().unwrap_or_else(|| {
            self.end += 1;
            self.end - 1
        })
    }
}

fn record(grant: GrantId, generation: u32, key: &HeldKey) -> Zeroizing<Vec<u8>> {
    let mut record = Zeroizing::new(Vec::with_capacity(RECORD_BYTES));
    record.extend_from_slice(grant.as_bytes());
    record.extend_from_slice(&generation.to_le_bytes());
    match key {
        HeldKey::Open(key) => {
            record.push(0);
            record.extend_from_slice(key.as_bytes());
        }
        HeldKey::Sealed(key) => {
            record.push(1);
            record.extend_from_slice(&key.enc);
            record.extend_from_slice(&key.ciphertext);
        }
    }
    record.resize(RECORD_BYTES, 0);
    record
}

fn parse(record: &[u8]) -> Option<(GrantId, u32, HeldKey)> {
    let (grant, rest) = record.split_first_chunk::<16>()?;
    let (generation, rest) = rest.split_first_chunk::<4>()?;
    let (&whose, rest) = rest.split_first()?;
    let (first, rest) = rest.split_first_chunk::<32>()?;
    let key = match whose {
        0 => HeldKey::Open(GrantKey::from_bytes(*first)),
        1 => HeldKey::Sealed(SealedGrantKey {
            enc: *first,
            ciphertext: rest.to_vec(),
        }),
        _ => return None,
    };
    Some((GrantId(*grant), u32::from_le_bytes(*generation), key))
}

impl fmt::Debug for GrantKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GrantKeys(..)")
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    use std::path::Path;

    use super::{super::side_file::file_at, *};

    const GRANT: GrantId = GrantId([1; 16]);

    fn key(byte: u8) -> HeldKey {
        HeldKey::Open(GrantKey::from_bytes([byte; 32]))
    }

    fn open(path: &Path) -> GrantKeys {
        let entropy = Entropy::new(ChaCha20Rng::from_seed([7; 32]));
        GrantKeys::open(file_at(path).unwrap(), &[9; 32], &entropy).unwrap()
    }

    #[test]
    fn keys_are_found_again_after_a_restart_and_the_file_shows_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("grant-keys");
        open(&path).put(GRANT, 1, &key(0x5a)).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(32).any(|part| part == [0x5a; 32]));
        assert!(!bytes.windows(16).any(|part| part == GRANT.as_bytes()));
        let Some(HeldKey::Open(found)) = open(&path).get(GRANT, 1).unwrap() else {
            panic!("the key is not there")
        };
        assert_eq!(found.as_bytes(), &[0x5a; 32]);
    }

    #[test]
    fn a_key_sealed_to_the_application_comes_back_as_it_was_given() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("grant-keys");
        let sealed = SealedGrantKey {
            enc: [1; 32],
            ciphertext: (0..48).collect(),
        };
        open(&path)
            .put(GRANT, 1, &HeldKey::Sealed(sealed.clone()))
            .unwrap();
        let Some(HeldKey::Sealed(found)) = open(&path).get(GRANT, 1).unwrap() else {
            panic!("the key is not there")
        };
        assert_eq!(found, sealed);
    }

    #[test]
    fn a_destroyed_key_leaves_no_byte_of_its_wrapping() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("grant-keys");
        let keys = open(&path);
        for generation in 1..=2 {
            keys.put(GRANT, generation, &key(3)).unwrap();
        }
        keys.put(GrantId([2; 16]), 1, &key(4)).unwrap();
        let before = std::fs::read(&path).unwrap();
        assert_eq!(keys.destroy(GRANT, None).unwrap(), 2);
        let after = std::fs::read(&path).unwrap();
        assert!(before[..2 * 141].iter().any(|byte| *byte != 0));
        assert!(after[..2 * 141].iter().all(|byte| *byte == 0));
        assert_eq!(
            after[2 * 141..],
            before[2 * 141..],
            "the other grant's key is untouched"
        );
        assert!(keys.get(GRANT, 1).unwrap().is_none());
        assert!(open(&path).get(GRANT, 2).unwrap().is_none());
    }

    #[test]
    fn a_narrowing_destroys_the_generations_before_and_their_places_are_used_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("grant-keys");
        let keys = open(&path);
        for generation in 1..=9 {
            keys.put(GRANT, generation, &key(3)).unwrap();
            keys.destroy(GRANT, Some(generation)).unwrap();
        }
        assert!(keys.get(GRANT, 9).unwrap().is_some() && keys.get(GRANT, 8).unwrap().is_none());
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 2 * 141);
    }

    #[test]
    fn a_write_that_was_cut_short_costs_only_its_own_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("grant-keys");
        open(&path).put(GRANT, 1, &key(3)).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend([0xaa; 40]);
        std::fs::write(&path, &bytes).unwrap();
        let keys = open(&path);
        keys.put(GRANT, 2, &key(4)).unwrap();
        assert!(keys.get(GRANT, 1).unwrap().is_some() && keys.get(GRANT, 2).unwrap().is_some());
    }
}
