//! A second reader of the journal, written from `FORMAT.md` alone with nothing of the crate.

use vault_file::{NewSlot, Options, RawKey, SealedFile, Table};

use crate::format::{hkdf, u32_at, unseal};
use crate::history::entropy;
use crate::simulated_disk::SimulatedDisk;

const RAW_KEY: [u8; 32] = [0x33; 32];
const JOURNAL_AT: usize = 24576;

/// A file that was not closed, with four transactions.
fn killed() -> Vec<u8> {
    let disk = SimulatedDisk::default();
    let slots = [NewSlot::RawKey(&RawKey::new(&RAW_KEY))];
    let file = SealedFile::create_on(disk.handle(), &slots, entropy(4), &Options::default()).unwrap();
    let (notes, index) = (Table::new("notes"), Table::new("index"));
    let transaction = file.write().unwrap();
    let mut rows = transaction.table(&notes).unwrap();
    rows.insert(b"k1", b"folded away").unwrap();
    drop(rows);
    transaction.commit().unwrap();
    file.checkpoint().unwrap();

    let transaction = file.write().unwrap();
    transaction
        .table(&notes)
        .unwrap()
        .insert(b"k2", b"a value")
        .unwrap();
    transaction
        .table(&index)
        .unwrap()
        .insert(b"by time", b"")
        .unwrap();
    assert!(transaction.table(&notes).unwrap().remove(b"k1").unwrap());
    transaction.commit().unwrap();
    let transaction = file.write().unwrap();
    assert!(transaction.remove_table(&index).unwrap());
    transaction.commit().unwrap();
    let transaction = file.write().unwrap();
    transaction
        .table(&notes)
        .unwrap()
        .insert(b"long", &[0x77; 5000])
        .unwrap();
    transaction.commit().unwrap();
    disk.after_power_cut(0, 4096)
}

#[test]
fn a_reader_written_from_the_document_reads_the_journal() {
    let file = killed();
    let header = &file[..4096];
    let (id, epoch, lineage) = (&header[24..40], &header[40..48], &header[64..80]);
    let slot = &header[256..704];
    let okm: [u8; 64] = hkdf(&slot[32..64], &RAW_KEY, &[b"vault-file/1 slot raw key", lineage]);
    let aad: [&[u8]; 4] = [
        b"vault-file/1 sealed vault key",
        lineage,
        &slot[..64],
        &slot[168..],
    ];
    let vault_key = unseal(&okm[..32], &slot[96..120], &aad, &slot[120..168]).unwrap();
    let wrapping: [u8; 32] = hkdf(id, &vault_key, &[b"vault-file/1 file key wrap", epoch]);
    let aad: [&[u8]; 3] = [b"vault-file/1 sealed file key", id, epoch];
    let file_key = unseal(&wrapping, &header[96..120], &aad, &header[120..168]).unwrap();

    let slot_key: [u8; 32] = hkdf(id, &file_key, &[b"vault-file/1 commit slots", epoch]);
    let slots = (0..4usize).map(|index| {
        let block = &file[4096 * (1 + index)..][..4096];
        let side = u8::try_from(index / 2).unwrap();
        let aad: [&[u8]; 4] = [b"vault-file/1 commit slot", id, epoch, &[side]];
        let sealed = [&block[40..], &block[24..40]].concat();
        unseal(&slot_key, &block[..24], &aad, &sealed).unwrap()
    });
    let newest = slots.max_by_key(|slot| u64::from_le_bytes(slot[..8].try_into().unwrap()));
    let newest = newest.unwrap();
    assert_eq!(newest[30] & 1, 0, "something follows in the journal");
    let journal_epoch = &newest[32..40];
    assert_eq!(
        journal_epoch,
        2u64.to_le_bytes(),
        "one for the session, one for the fold"
    );
    assert_eq!(newest[40..48], 1u64.to_le_bytes(), "applied");

    let key: [u8; 32] = hkdf(id, &file_key, &[b"vault-file/1 journal", epoch]);
    let mut at = JOURNAL_AT;
    let mut previous = [0; 16];
    let mut transactions = Vec::new();
    for number in 2..=4u64 {
        let blocks = u32_at(&file, at + 40) as usize;
        let record = &file[at..at + 4096 * blocks];
        let place = (at - JOURNAL_AT) as u64;
        let aad: [&[u8]; 6] = [
            b"vault-file/1 journal record",
            id,
            epoch,
            journal_epoch,
            &place.to_le_bytes(),
            &record[40..44],
        ];
        let sealed = [&record[44..], &record[24..40]].concat();
        let plain = unseal(&key, &record[..24], &aad, &sealed).unwrap();
        assert_eq!(plain[..16], previous, "the record before");
        assert_eq!(plain[16..24], number.to_le_bytes());
        assert_eq!(u32_at(&plain, 24), 1, "one thread, one transaction");
        let len = u32_at(&plain, 28) as usize;
        transactions.push(plain[32..32 + len].to_vec());
        assert!(plain[32 + len..].iter().all(|byte| *byte == 0));
        previous = record[24..40].try_into().unwrap();
        at += record.len();
    }
    assert_eq!(at, JOURNAL_AT + 4 * 4096, "the last one takes two blocks");

    let expected: [Vec<u8>; 3] = [
        [
            &b"\x01\x05notes"[..],
            b"\x02\0\0\x02\0\x07\0\0\0k2a value",
            b"\x01\x05index",
            b"\x02\x01\0\x07\0\0\0\0\0by time",
            b"\x03\0\0\x02\0k1",
        ]
        .concat(),
        b"\x04\x05index".to_vec(),
        [&b"\x01\x05notes\x02\0\0\x04\0\x88\x13\0\0long"[..], &[0x77; 5000]].concat(),
    ];
    assert_eq!(transactions, expected);
}
