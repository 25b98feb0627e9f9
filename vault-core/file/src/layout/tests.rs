//! The rules of the layout that cannot be seen from outside.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use redb::StorageBackend;

use super::SealedBackend;
use crate::disk::Disk;
use crate::engine::Health;
use crate::entropy::Entropy;
use crate::error::{Error, Fault, Part};
use crate::header::{FileId, Unlocked};
use crate::keys::{FileIdentity, Key};

const MAX_BYTES: u64 = 64 * 4096;

#[derive(Debug, Default)]
struct Memory {
    bytes: Mutex<Vec<u8>>,
    slot_writes: AtomicUsize,
    syncs: AtomicUsize,
}

impl Disk for Memory {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes.lock().unwrap().len() as u64)
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).unwrap();
        bytes.copy_from_slice(&self.bytes.lock().unwrap()[offset..offset + bytes.len()]);
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.slot_writes
            .fetch_add(usize::from((4096..20480).contains(&offset)), Ordering::SeqCst);
        let offset = usize::try_from(offset).unwrap();
        let mut image = self.bytes.lock().unwrap();
        let end = image.len().max(offset + bytes.len());
        image.resize(end, 0);
        image[offset..offset + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.bytes
            .lock()
            .unwrap()
            .resize(usize::try_from(len).unwrap(), 0);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.syncs.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn try_lock(&self) -> io::Result<bool> {
        Ok(true)
    }
}

fn entropy() -> Entropy {
    Entropy::new(ChaCha20Rng::seed_from_u64(1))
}

fn unlocked(header_seq: u64) -> Unlocked {
    let file = FileIdentity {
        id: FileId([1; 16]),
        epoch: 1,
    };
    Unlocked {
        file,
        header_seq,
        vault_key: Key::zeroed(),
        file_key: Key::zeroed(),
        root_key: Key::zeroed(),
    }
}

fn create(disk: &Arc<Memory>, header_seq: u64) -> SealedBackend<Memory> {
    let health = Arc::new(Health::default());
    SealedBackend::create(
        Arc::clone(disk),
        &unlocked(header_seq),
        entropy(),
        MAX_BYTES,
        health,
    )
    .unwrap()
}

fn open(disk: &Arc<Memory>, header_seq: u64) -> Result<SealedBackend<Memory>, Error> {
    let health = Arc::new(Health::default());
    SealedBackend::open(
        Arc::clone(disk),
        &unlocked(header_seq),
        entropy(),
        MAX_BYTES,
        health,
    )
    .map(|(backend, _)| backend)
}

/// A header of redb whose switch byte is `switch` and whose two commit records hold `records`.
fn redb_header(switch: u8, records: [u8; 2]) -> [u8; 320] {
    let mut header = [0; 320];
    header[..9].copy_from_slice(b"redb\x1A\x0A\xA9\x0D\x0A");
    header[9] = switch;
    header[64..192].fill(records[0]);
    header[192..].fill(records[1]);
    header
}

fn fault_of(error: &io::Error) -> Error {
    Fault::of(error).into()
}

#[test]
fn an_older_vault_header_put_back_is_tampering() {
    let disk = Arc::new(Memory::default());
    let backend = create(&disk, 5);
    backend.set_len(2 * 4096).unwrap();
    backend.write(0, &redb_header(0, [1, 0])).unwrap();
    backend.sync_data().unwrap();
    assert!(open(&disk, 5).is_ok());
    assert!(open(&disk, 6).is_ok(), "a newer header than the slot has seen");
    assert!(matches!(
        open(&disk, 4),
        Err(Error::Tampered { what: Part::Header })
    ));
}

#[test]
fn the_first_phase_of_a_commit_costs_one_sync_and_the_second_one_slot_and_one_sync() {
    let disk = Arc::new(Memory::default());
    let backend = create(&disk, 1);
    backend.set_len(4 * 4096).unwrap();
    backend.write(0, &redb_header(0, [1, 0])).unwrap();
    backend.sync_data().unwrap();
    let counts = || {
        (
            disk.slot_writes.load(Ordering::SeqCst),
            disk.syncs.load(Ordering::SeqCst),
        )
    };
    let (slots, syncs) = counts();

    backend.write(4096, &[7; 4096]).unwrap();
    backend.write(0, &redb_header(0, [1, 2])).unwrap();
    backend.sync_data().unwrap();
    assert_eq!(
        counts(),
        (slots, syncs + 1),
        "the record that counts is still the old one"
    );

    backend.write(0, &redb_header(1, [1, 2])).unwrap();
    backend.sync_data().unwrap();
    assert_eq!(counts(), (slots + 1, syncs + 2));

    backend.sync_data().unwrap();
    assert_eq!(
        counts(),
        (slots + 1, syncs + 2),
        "nothing changed, nothing is done"
    );
}

#[test]
fn a_commit_record_that_changes_under_the_same_switch_is_a_new_state() {
    let disk = Arc::new(Memory::default());
    let backend = create(&disk, 1);
    backend.set_len(4096).unwrap();
    for record in [1, 2] {
        backend.write(0, &redb_header(0, [record, 0])).unwrap();
        backend.sync_data().unwrap();
    }
    let mut header = [0; 320];
    open(&disk, 1).unwrap().read(0, &mut header).unwrap();
    assert_eq!(header, redb_header(0, [2, 0]));
}

#[test]
fn a_page_that_was_never_written_is_damaged_and_not_zeros() {
    let disk = Arc::new(Memory::default());
    let backend = create(&disk, 1);
    backend.set_len(4 * 4096).unwrap();
    let error = backend.read(2 * 4096, &mut [0; 4096]).unwrap_err();
    assert!(matches!(fault_of(&error), Error::Damaged { what: Part::Page(2) }));
}

#[test]
fn several_pages_are_written_and_read_as_one_and_one_by_one() {
    let disk = Arc::new(Memory::default());
    let backend = create(&disk, 1);
    backend.set_len(10 * 4096).unwrap();
    let pages: Vec<u8> = (0..48).flat_map(|value| [value; 256]).collect();
    backend.write(4 * 4096, &pages).unwrap();
    let mut all = vec![0; 3 * 4096];
    backend.read(4 * 4096, &mut all).unwrap();
    assert_eq!(all, pages);
    let mut last = [0; 4096];
    backend.read(6 * 4096, &mut last).unwrap();
    assert_eq!(last, pages[2 * 4096..]);
}

#[test]
fn the_length_changes_with_the_state_and_the_file_is_cut_after_it() {
    let disk = Arc::new(Memory::default());
    let backend = create(&disk, 1);
    backend.set_len(9 * 4096).unwrap();
    backend.write(0, &redb_header(0, [1, 0])).unwrap();
    backend.sync_data().unwrap();
    let grown = disk.len().unwrap();
    backend.set_len(3 * 4096).unwrap();
    assert_eq!(backend.len().unwrap(), 3 * 4096);
    assert_eq!(
        disk.len().unwrap(),
        grown,
        "no durable slot names the smaller length yet"
    );
    assert_eq!(open(&disk, 1).unwrap().len().unwrap(), 9 * 4096);
    backend.write(0, &redb_header(1, [1, 1])).unwrap();
    backend.sync_data().unwrap();
    assert!(disk.len().unwrap() < grown);
    assert_eq!(open(&disk, 1).unwrap().len().unwrap(), 3 * 4096);
}

#[test]
fn absurd_lengths_and_places_are_errors() {
    let disk = Arc::new(Memory::default());
    let backend = create(&disk, 1);
    let refused = backend.set_len(1 << 60).unwrap_err();
    assert!(matches!(
        fault_of(&refused),
        Error::TooLarge { limit: MAX_BYTES, .. }
    ));
    for (offset, len) in [
        (4096, 4095),
        (100, 4096),
        (4096, 4096),
        (u64::MAX - 4095, 4096),
        (0, 4096),
    ] {
        assert!(
            backend.read(offset, &mut vec![0; len]).is_err(),
            "{len} bytes at {offset}"
        );
    }
}
