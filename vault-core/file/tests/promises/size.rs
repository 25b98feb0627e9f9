//! A file is as large as what it holds: no hole, no space reserved ahead, and what was given up is given back.

use vault_file::{NewSlot, Options, SealedFile, Secret, Table};

use crate::history::{entropy, key, small_cache, unwatched};
use crate::places::EXTENTS;
use crate::simulated_disk::SimulatedDisk;

const RECORDS: Table = Table::new("records");
const LATEST: Table = Table::new("latest");

#[test]
fn an_empty_file_is_small() {
    let disk = SimulatedDisk::default();
    drop(crate::history::create(disk.handle(), 1).unwrap());
    let bytes = disk.seen().len() - EXTENTS;
    assert!(bytes < 150_000, "{bytes} bytes behind the journal area");
}

/// What a host does: it imports in batches and goes on writing single records meanwhile.
#[test]
fn a_file_of_many_records_is_hardly_larger_than_its_pages_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.vault");
    let file =
        SealedFile::create(&path, &[NewSlot::RawKey(&key())], entropy(1), &Options::default()).unwrap();
    for batch in 0..50u64 {
        let transaction = file.write().unwrap();
        let mut records = transaction.table(&RECORDS).unwrap();
        for number in batch * 1_000..(batch + 1) * 1_000 {
            records
                .insert(&number.to_be_bytes(), &[number.to_le_bytes()[0]; 282])
                .unwrap();
        }
        drop(records);
        transaction.commit().unwrap();
        let transaction = file.write().unwrap();
        let mut latest = transaction.table(&LATEST).unwrap();
        latest.insert(&(batch % 7).to_be_bytes(), &[1; 100]).unwrap();
        drop(latest);
        transaction.commit().unwrap();
    }
    drop(file);
    let raw = key();
    let secret = Secret::RawKey(&raw);
    let verified = SealedFile::verify_at(&path, &secret, &small_cache(), &mut unwatched).unwrap();
    assert!(verified.is_sound(), "{:?}", verified.findings);
    assert_eq!(verified.rows, 50_007);
    let metadata = std::fs::metadata(&path).unwrap();
    let (in_use, bytes) = (verified.pages * 4096, metadata.len() - EXTENTS as u64);
    assert!(bytes * 100 < in_use * 118, "{bytes} bytes for {in_use} in use");
    #[cfg(unix)]
    {
        let on_disk = 512 * std::os::unix::fs::MetadataExt::blocks(&metadata);
        assert!(
            on_disk * 100 > metadata.len() * 90,
            "{on_disk} of {} bytes",
            metadata.len()
        );
    }
}

#[test]
fn what_was_removed_is_given_back_when_redb_gives_it_back() {
    let disk = SimulatedDisk::default();
    let file = crate::history::create(disk.handle(), 1).unwrap();
    let empty = disk.seen().len();
    let transaction = file.write().unwrap();
    let mut records = transaction.table(&RECORDS).unwrap();
    for number in 0..30u8 {
        records.insert(&[number], &[number; 300_000]).unwrap();
    }
    drop(records);
    transaction.commit().unwrap();
    let full = disk.seen().len();
    assert!(full > empty + 30 * 300_000);
    let transaction = file.write().unwrap();
    transaction.remove_table(&RECORDS).unwrap();
    transaction.commit().unwrap();
    drop(file);
    let file = SealedFile::open_on(disk.handle(), &Secret::RawKey(&key()), entropy(2), &small_cache());
    drop(file.unwrap());
    let left = disk.seen().len();
    assert!(left < full / 2, "{left} bytes of {full} are left");
}
