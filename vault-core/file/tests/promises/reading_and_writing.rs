//! Tables, snapshots and transactions.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use vault_file::{Error, KEY_BYTES_MAX, SealedFile, Table, VALUE_BYTES_MAX};

use crate::history::create;
use crate::simulated_disk::SimulatedDisk;

const NOTES: Table = Table::new("notes");

fn new_file() -> SealedFile {
    create(SimulatedDisk::default().handle(), 3).unwrap()
}

fn put(file: &SealedFile, rows: &[(&[u8], &[u8])]) {
    let transaction = file.write().unwrap();
    let mut table = transaction.table(&NOTES).unwrap();
    for (key, value) in rows {
        table.insert(key, value).unwrap();
    }
    drop(table);
    transaction.commit().unwrap();
}

fn keys(rows: vault_file::Rows<'_>) -> Vec<Vec<u8>> {
    rows.map(|row| row.unwrap().0).collect()
}

/// Everything in the table, in key order.
fn content(file: &SealedFile) -> Vec<(Vec<u8>, Vec<u8>)> {
    let rows = file.read().unwrap().table(&NOTES).unwrap().range(..).unwrap();
    rows.map(Result::unwrap).collect()
}

/// Writes rows at once, in a transaction of their own.
fn put_sorted(file: &SealedFile, rows: &[(Vec<u8>, Vec<u8>)]) -> Result<(), Error> {
    let transaction = file.write()?;
    transaction.table(&NOTES)?.insert_sorted(rows)?;
    transaction.commit()
}

#[test]
fn a_table_that_does_not_exist_reads_as_empty() {
    let file = new_file();
    let table = file.read().unwrap().table(&NOTES).unwrap();
    assert_eq!(table.get(b"anything").unwrap(), None);
    assert!(table.is_empty().unwrap());
    assert_eq!(table.range(..).unwrap().count(), 0);
    assert_eq!(table.prefix(b"").unwrap().count(), 0);
    assert!(file.read().unwrap().tables().unwrap().is_empty());
}

#[test]
fn rows_come_in_key_order_from_both_ends_within_bounds_and_by_prefix() {
    let file = new_file();
    put(
        &file,
        &[
            (b"b", b"2"),
            (b"a", b"1"),
            (b"b\xff", b"3"),
            (b"c", b"4"),
            (b"\xff\xff", b"5"),
        ],
    );
    let table = file.read().unwrap().table(&NOTES).unwrap();

    assert_eq!(
        keys(table.range(..).unwrap()),
        [&b"a"[..], b"b", b"b\xff", b"c", b"\xff\xff"]
    );
    assert_eq!(
        keys(table.range(&b"b"[..]..&b"c"[..]).unwrap()),
        [&b"b"[..], b"b\xff"]
    );
    assert_eq!(
        keys(table.range(&b"b"[..]..=&b"c"[..]).unwrap()),
        [&b"b"[..], b"b\xff", b"c"]
    );
    assert_eq!(keys(table.prefix(b"b").unwrap()), [&b"b"[..], b"b\xff"]);
    assert_eq!(keys(table.prefix(b"\xff").unwrap()), [b"\xff\xff"]);
    assert_eq!(
        table.range(&b"c"[..]..&b"b"[..]).unwrap().count(),
        0,
        "bounds the wrong way round"
    );

    let mut rows = table.range(..).unwrap();
    assert_eq!(
        rows.next_back().unwrap().unwrap(),
        (b"\xff\xff".to_vec(), b"5".to_vec())
    );
    assert_eq!(rows.next().unwrap().unwrap(), (b"a".to_vec(), b"1".to_vec()));
    assert_eq!(rows.count(), 3);
    assert_eq!(table.len().unwrap(), 5);
    assert_eq!(table.get_with(b"c", |value| value.len()).unwrap(), Some(1));
}

#[test]
fn a_transaction_sees_its_own_changes_and_leaves_nothing_behind_when_it_is_dropped() {
    let file = new_file();
    put(&file, &[(b"kept", b"old")]);

    let transaction = file.write().unwrap();
    let mut table = transaction.table(&NOTES).unwrap();
    assert!(table.insert(b"kept", b"new").unwrap(), "a value was replaced");
    assert!(!table.insert(b"fresh", b"").unwrap());
    assert!(table.remove(b"kept").unwrap());
    assert!(!table.remove(b"kept").unwrap());
    assert_eq!(table.get(b"fresh").unwrap().as_deref(), Some(&b""[..]));
    assert_eq!(keys(table.range(..).unwrap()), [b"fresh"]);
    assert_eq!(table.len().unwrap(), 1);
    drop(table);
    transaction.abort();

    let table = file.read().unwrap().table(&NOTES).unwrap();
    assert_eq!(table.get(b"kept").unwrap().as_deref(), Some(&b"old"[..]));
    assert_eq!(table.len().unwrap(), 1);
}

#[test]
fn a_removed_table_is_gone_with_its_rows() {
    let file = new_file();
    put(&file, &[(b"a", b"1")]);
    let transaction = file.write().unwrap();
    assert!(transaction.remove_table(&NOTES).unwrap());
    assert!(!transaction.remove_table(&Table::named("never")).unwrap());
    transaction.commit().unwrap();
    assert!(file.read().unwrap().tables().unwrap().is_empty());
}

#[test]
fn what_can_never_work_is_refused_and_the_transaction_goes_on() {
    let file = new_file();
    let transaction = file.write().unwrap();
    let mut table = transaction.table(&NOTES).unwrap();
    assert!(matches!(transaction.table(&NOTES), Err(Error::TableInUse { table }) if table == "notes"));
    assert!(matches!(
        transaction.table(&Table::new("")),
        Err(Error::InvalidInput { .. })
    ));
    assert!(matches!(
        transaction.table(&Table::named("x".repeat(256))),
        Err(Error::InvalidInput { .. })
    ));
    let long = vec![0; KEY_BYTES_MAX + 1];
    assert!(matches!(table.insert(&long, b""), Err(Error::TooLarge { .. })));
    let huge = vec![0; VALUE_BYTES_MAX + 1];
    assert!(matches!(table.insert(b"key", &huge), Err(Error::TooLarge { .. })));
    table.insert(&long[1..], b"the longest key").unwrap();
    drop(table);
    transaction.commit().unwrap();
    assert_eq!(file.read().unwrap().table(&NOTES).unwrap().len().unwrap(), 1);
}

#[test]
fn a_snapshot_keeps_its_state_while_a_writer_commits() {
    let file = new_file();
    put(
        &file,
        &[(b"count", &0u32.to_le_bytes()), (b"copy", &0u32.to_le_bytes())],
    );
    let old = file.read().unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut seen = 0;
                    while !done.load(Ordering::Acquire) {
                        let table = file.read().unwrap().table(&NOTES).unwrap();
                        let count = table.get(b"count").unwrap();
                        assert_eq!(count, table.get(b"copy").unwrap(), "half a transaction was seen");
                        let count = u32::from_le_bytes(count.unwrap().try_into().unwrap());
                        assert!(count >= seen, "an older state came back");
                        seen = count;
                    }
                })
            })
            .collect();
        for count in 1..=60u32 {
            put(
                &file,
                &[(b"count", &count.to_le_bytes()), (b"copy", &count.to_le_bytes())],
            );
        }
        done.store(true, Ordering::Release);
        readers.into_iter().for_each(|reader| reader.join().unwrap());
    });
    let old = old.table(&NOTES).unwrap();
    assert_eq!(
        old.get(b"count").unwrap().as_deref(),
        Some(&0u32.to_le_bytes()[..])
    );
}

#[test]
fn writers_in_several_threads_take_turns() {
    let file = new_file();
    std::thread::scope(|scope| {
        for writer in 0..4u8 {
            let file = file.clone();
            scope.spawn(move || (0..10u8).for_each(|turn| put(&file, &[(&[writer, turn], b"x")])));
        }
    });
    assert_eq!(file.read().unwrap().table(&NOTES).unwrap().len().unwrap(), 40);
}

#[test]
fn a_snapshot_outlives_the_handle_it_came_from() {
    let file = new_file();
    put(&file, &[(b"a", b"1")]);
    let snapshot = file.read().unwrap();
    drop(file);
    let table = snapshot.table(&NOTES).unwrap();
    drop(snapshot);
    assert_eq!(table.get(b"a").unwrap().as_deref(), Some(&b"1"[..]));
}

#[test]
fn a_panic_of_the_caller_while_it_looks_at_a_value_is_the_callers_own() {
    let file = new_file();
    put(&file, &[(b"a", b"1")]);
    let table = file.read().unwrap().table(&NOTES).unwrap();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        table.get_with(b"a", |_| panic!("the caller's own mistake"))
    }));
    assert!(panicked.is_err());
    assert_eq!(
        table.get(b"a").unwrap().as_deref(),
        Some(&b"1"[..]),
        "the handle still works"
    );
}

#[test]
fn sorted_rows_are_set_as_single_inserts_set_them_wherever_they_fall() {
    let rows = |keys: std::ops::Range<u32>, step: usize, value: u8| -> Vec<(Vec<u8>, Vec<u8>)> {
        keys.step_by(step)
            .map(|key| (key.to_be_bytes().to_vec(), vec![value; key as usize % 300]))
            .collect()
    };
    let runs = [
        rows(1_000..2_000, 2, 1),
        rows(0..2_500, 3, 2),
        rows(5_000..5_010, 1, 3),
        rows(4_000..6_000, 1, 4),
        Vec::new(),
        rows(1_500..1_501, 1, 5),
    ];
    let (at_once, one_by_one) = (new_file(), new_file());
    for run in runs {
        put_sorted(&at_once, &run).unwrap();
        let borrowed: Vec<_> = run
            .iter()
            .map(|(key, value)| (key.as_slice(), value.as_slice()))
            .collect();
        put(&one_by_one, &borrowed);
        assert_eq!(content(&at_once), content(&one_by_one));
    }
    let verified = at_once.verify(&mut |_| ControlFlow::Continue(()));
    assert!(verified.unwrap().is_sound());
}

#[test]
fn rows_that_do_not_ascend_or_do_not_fit_are_refused_and_the_file_stays_usable() {
    let file = new_file();
    let row = |key: u32| (key.to_be_bytes().to_vec(), b"value".to_vec());
    let mut twice: Vec<_> = (0..100).map(row).collect();
    twice[60] = row(59);
    assert!(matches!(
        put_sorted(&file, &twice),
        Err(Error::InvalidInput { .. })
    ));
    let mut long: Vec<_> = (0..100).map(row).collect();
    long.push((vec![0xFF; KEY_BYTES_MAX + 1], Vec::new()));
    assert!(matches!(put_sorted(&file, &long), Err(Error::TooLarge { .. })));
    assert!(content(&file).is_empty());
    let rows: Vec<_> = (0..100).map(row).collect();
    put_sorted(&file, &rows).unwrap();
    assert_eq!(content(&file), rows);
}

#[test]
fn rows_are_read_where_they_lie_and_passed_over_from_both_ends() {
    let file = new_file();
    let rows: Vec<_> = (0..500u32)
        .map(|key| (key.to_be_bytes().to_vec(), key.to_le_bytes().to_vec()))
        .collect();
    put_sorted(&file, &rows).unwrap();
    let table = file.read().unwrap().table(&NOTES).unwrap();

    let mut lying = table.range(..).unwrap();
    let mut seen = Vec::new();
    let mut see = |key: &[u8], value: &[u8]| {
        seen.push((key.to_vec(), value.to_vec()));
        if seen.len() == 123 {
            ControlFlow::Break("enough")
        } else {
            ControlFlow::Continue(())
        }
    };
    assert_eq!(lying.visit(&mut see).unwrap(), ControlFlow::Break("enough"));
    assert_eq!(lying.visit(&mut see).unwrap(), ControlFlow::Continue(()));
    assert_eq!(lying.visit(see).unwrap(), ControlFlow::Continue(()));
    assert_eq!(seen, rows);

    let mut both = table.range(..).unwrap();
    assert_eq!(both.nth(100).unwrap().unwrap(), rows[100]);
    assert_eq!(both.nth_back(100).unwrap().unwrap(), rows[399]);
    assert_eq!(both.next().unwrap().unwrap(), rows[101]);
    assert_eq!(both.next_back().unwrap().unwrap(), rows[398]);
    assert!(both.nth(296).is_none());
    assert!(both.next_back().is_none());
}

#[test]
fn a_panic_of_the_reader_is_the_readers_own() {
    let file = new_file();
    put(&file, &[(b"a", b"1"), (b"b", b"2")]);
    let table = file.read().unwrap().table(&NOTES).unwrap();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        table
            .range(..)
            .unwrap()
            .visit(|_, _| -> ControlFlow<()> { panic!("the reader's own") })
    }));
    assert!(panicked.is_err());
    assert_eq!(table.get(b"b").unwrap().as_deref(), Some(&b"2"[..]));
    put(&file, &[(b"c", b"3")]);
}
