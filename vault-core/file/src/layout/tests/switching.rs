//! In which order a state becomes durable, and what that costs.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use redb::StorageBackend;

use super::memory::Memory;
use super::{key_material, seeded};
use crate::disk::Disk;
use crate::engine::Health;
use crate::error::{Error, Fault, Part};
use crate::layout::{Geometry, SealedBackend, Sizes};

const MAX_BYTES: u64 = 64 * 4096;
const SIZES: Sizes = Sizes {
    geometry: Geometry::STANDARD,
    max_file_bytes: MAX_BYTES,
    cache_bytes: 1024 * 1024,
    table_bytes: 1024 * 1024,
    pending_bytes: 64 * 1024,
};

fn create(disk: &Arc<Memory>, header_seq: u64) -> SealedBackend<Memory> {
    let health = Arc::new(Health::default());
    SealedBackend::create(
        Arc::clone(disk),
        &key_material(header_seq),
        seeded(1),
        &SIZES,
        health,
    )
    .unwrap()
}

fn open(disk: &Arc<Memory>, header_seq: u64) -> Result<SealedBackend<Memory>, Error> {
    let health = Arc::new(Health::default());
    SealedBackend::open(
        Arc::clone(disk),
        &key_material(header_seq),
        seeded(2),
        &SIZES,
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
fn the_first_phase_of_a_commit_costs_nothing_and_the_second_one_slot_and_two_syncs() {
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
        (slots, syncs),
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
    backend.write(4096, &[1; 8 * 4096]).unwrap();
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
    let reopened = open(&disk, 1).unwrap();
    assert_eq!(reopened.len().unwrap(), 3 * 4096);
    reopened.read(4096, &mut [0; 2 * 4096]).unwrap();
    reopened.set_len(9 * 4096).unwrap();
    let error = reopened.read(3 * 4096, &mut [0; 4096]).unwrap_err();
    assert!(
        matches!(fault_of(&error), Error::Damaged { what: Part::Page(3) }),
        "it was taken away"
    );
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
