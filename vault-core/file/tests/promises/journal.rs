//! Small transactions cost one sync, which several threads share; what was acknowledged is there without
//! closing the file; and nothing is shown before it is durable.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use vault_file::{Error, Options, SealedFile, Table};

use crate::history::{content, create_with, open_with, small_journal};
use crate::ledger::{Ledger, content_after};
use crate::simulated_disk::{JOURNAL, Planted, SimulatedDisk, Trouble};

const NOTES: Table = Table::new("notes");

fn created(options: &Options) -> (SimulatedDisk, SealedFile) {
    let disk = SimulatedDisk::default();
    let file = create_with(disk.handle(), 1, options).unwrap();
    (disk, file)
}

fn put(file: &SealedFile, key: &[u8], value: &[u8]) {
    let transaction = file.write().unwrap();
    transaction.table(&NOTES).unwrap().insert(key, value).unwrap();
    transaction.commit().unwrap();
}

/// What a file holds whose process was killed.
fn after_a_kill(disk: &SimulatedDisk) -> SealedFile {
    let disk = SimulatedDisk::holding(disk.after_power_cut(0, 4096));
    open_with(disk.handle(), 2, &Options::default()).unwrap()
}

#[test]
fn a_small_transaction_costs_one_write_and_one_sync() {
    let (disk, file) = created(&Options::default());
    put(&file, b"first", b"of the session");
    let (operations, syncs) = (disk.operations(), disk.syncs());
    for number in 0..50u32 {
        put(&file, &number.to_be_bytes(), b"a note");
    }
    assert_eq!(disk.syncs() - syncs, 50);
    assert_eq!(disk.operations() - operations, 100);
}

#[test]
fn an_empty_transaction_writes_nothing() {
    let (disk, file) = created(&Options::default());
    let operations = disk.operations();
    file.write().unwrap().commit().unwrap();
    file.checkpoint().unwrap();
    assert_eq!(disk.operations(), operations);
}

#[test]
fn four_threads_share_syncs() {
    let (disk, file) = created(&Options::default());
    let ledger = Ledger::default();
    ledger.write(&file).unwrap();
    let syncs = disk.syncs();
    // On a disk that takes its time, whoever comes meanwhile shares the next sync.
    disk.take_time_to_sync(std::time::Duration::from_millis(2));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| ledger.write_times(&file, 25));
        }
    });
    let syncs = disk.syncs() - syncs;
    assert!(syncs < 90, "{syncs} syncs for 100 transactions");
    assert_eq!(content(&file).unwrap(), content_after(101));
    assert_eq!(content(&after_a_kill(&disk)).unwrap(), content_after(101));
}

#[test]
fn what_was_acknowledged_is_there_after_a_kill() {
    let (disk, file) = created(&Options::default());
    put(&file, b"kept", b"1");
    put(&file, b"removed", b"2");
    let transaction = file.write().unwrap();
    {
        let mut notes = transaction.table(&NOTES).unwrap();
        assert!(notes.remove(b"removed").unwrap());
        assert!(!notes.remove(b"never there").unwrap());
        assert!(notes.insert(b"kept", b"3").unwrap());
        transaction.table(&Table::new("empty")).unwrap();
        transaction
            .table(&Table::new("gone"))
            .unwrap()
            .insert(b"k", b"v")
            .unwrap();
    }
    transaction.commit().unwrap();
    let transaction = file.write().unwrap();
    assert!(transaction.remove_table(&Table::new("gone")).unwrap());
    let mut again = transaction.table(&Table::new("gone")).unwrap();
    again.insert(b"new", b"life").unwrap();
    drop(again);
    transaction.commit().unwrap();

    let reopened = after_a_kill(&disk);
    assert_eq!(content(&reopened).unwrap(), content(&file).unwrap());
    let names = |file: &SealedFile| file.read().unwrap().tables().unwrap();
    assert_eq!(names(&reopened), names(&file));
    assert_eq!(reopened.position().transactions, 4);
}

#[test]
fn a_replayed_file_is_written_to_and_closed_like_any_other() {
    let (disk, file) = created(&Options::default());
    let ledger = Ledger::default();
    ledger.write_times(&file, 10);

    let disk = SimulatedDisk::holding(disk.after_power_cut(0, 4096));
    let open = || open_with(disk.handle(), 3, &Options::default()).unwrap();
    let replayed = open();
    let operations = disk.operations();
    assert_eq!(ledger.look(&replayed).unwrap(), 10);
    assert_eq!(disk.operations(), operations, "reading writes nothing");
    drop(replayed);
    let journal = disk.seen()[JOURNAL].to_vec();
    let closed = open();
    assert_eq!(closed.position().transactions, 10);
    assert_eq!(ledger.look(&closed).unwrap(), 10);
    drop(closed);
    assert_eq!(disk.seen()[JOURNAL], journal, "nothing is erased");

    let file = open();
    ledger.write_times(&file, 10);
    let reopened = after_a_kill(&disk);
    assert_eq!(ledger.look(&reopened).unwrap(), 20);
    assert_eq!(reopened.position().transactions, 20);
}

#[test]
fn the_journal_is_not_needed_after_a_checkpoint() {
    let (disk, file) = created(&Options::default());
    let ledger = Ledger::default();
    ledger.write_times(&file, 10);
    file.checkpoint().unwrap();
    let mut image = disk.seen();
    image[JOURNAL].fill(0);
    let disk = SimulatedDisk::holding(image);
    let file = open_with(disk.handle(), 4, &Options::default()).unwrap();
    assert_eq!(ledger.look(&file).unwrap(), 10);
}

#[test]
fn a_large_transaction_is_written_once() {
    let (disk, file) = created(&Options::default());
    put(&file, b"first", b"of the session");
    let journal = || disk.seen()[JOURNAL].to_vec();
    let before = journal();
    put(&file, b"large", &[7; 70_000]);
    assert_eq!(journal(), before, "only in the tables");
    assert_eq!(content(&after_a_kill(&disk)).unwrap(), content(&file).unwrap());
}

#[test]
fn a_journal_can_be_switched_off() {
    let (disk, file) = created(&small_journal(0));
    let journal = disk.seen()[JOURNAL].to_vec();
    put(&file, b"key", b"value");
    assert_eq!(disk.seen()[JOURNAL], journal);
    assert_eq!(content(&after_a_kill(&disk)).unwrap(), content(&file).unwrap());
}

#[test]
fn readers_are_shown_only_what_is_durable() {
    let (disk, file) = created(&small_journal(5 * 4096));
    let ledger = Ledger::default();
    let is_over = AtomicBool::new(false);
    disk.take_time_to_sync(std::time::Duration::from_micros(300));
    thread::scope(|scope| {
        let look = || {
            let mut looks = 0;
            while !is_over.load(Ordering::SeqCst) {
                let snapshot = file.read().unwrap();
                let durable = SimulatedDisk::holding(disk.after_power_cut(looks, 4096));
                let seen = ledger.look_at(&snapshot).unwrap();
                let survived = open_with(durable.handle(), 5, &Options::default()).unwrap();
                let survived = ledger.look(&survived).unwrap();
                assert!(survived >= seen, "{seen} was shown, {survived} survived");
                looks += 1;
            }
            looks
        };
        let looking = scope.spawn(look);
        let writing: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| ledger.write_times(&file, 60)))
            .collect();
        writing.into_iter().for_each(|thread| thread.join().unwrap());
        is_over.store(true, Ordering::SeqCst);
        assert!(looking.join().unwrap() > 5);
    });
}

#[test]
fn a_failing_journal_ends_the_handle_and_the_file_holds_an_acknowledged_state() {
    let (disk, file) = created(&Options::default());
    let ledger = Ledger::default();
    ledger.write_times(&file, 5);
    let next = disk.operations();
    drop(file);
    for failing in [0, 1] {
        let disk = SimulatedDisk::holding(disk.after_power_cut(0, 4096));
        let file = open_with(disk.handle(), 6, &Options::default()).unwrap();
        // A fold first, then the record that fails: in its write, or in its sync.
        ledger.continue_from(&content(&file).unwrap());
        ledger.write(&file).unwrap();
        let at = disk.operations() + failing;
        let disk = disk.with(Trouble::ErrorAt(at), Planted::Nothing);
        assert!(
            matches!(ledger.write(&file), Err(Error::Io(_))),
            "operation {next}"
        );
        assert!(matches!(file.read(), Err(Error::Io(_))));
        assert!(matches!(file.write(), Err(Error::Io(_))));
        assert!(matches!(file.checkpoint(), Err(Error::Io(_))));
        drop(file);
        assert_eq!(
            disk.operations(),
            at + 1,
            "nothing more is written, also not by closing"
        );
        for image in [disk.seen(), disk.after_power_cut(failing, 64)] {
            let disk = SimulatedDisk::holding(image);
            let file = open_with(disk.handle(), 7, &Options::default()).unwrap();
            assert_eq!(ledger.objection(&content(&file).unwrap()), None);
        }
    }
}

#[test]
fn a_disk_that_is_full_during_a_fold_costs_nothing_that_was_acknowledged() {
    let options = small_journal(4 * 4096);
    let (disk, file) = created(&options);
    let ledger = Ledger::default();
    ledger.write_times(&file, 6);
    let from = disk.operations();
    // The journal has its room; what a fold writes beside it has not.
    let disk = disk.with(Trouble::FullBesidesJournal, Planted::Nothing);
    let full = (0..10).find_map(|_| ledger.write(&file).err()).unwrap();
    assert!(matches!(full, Error::NoSpace), "{full:?} after operation {from}");
    drop(file);

    let file = open_with(disk.handle(), 8, &options).unwrap();
    assert_eq!(ledger.objection(&content(&file).unwrap()), None, "all is served");
    assert!(matches!(ledger.write(&file), Err(Error::NoSpace)));
    drop(file);

    let disk = disk.with(Trouble::None, Planted::Nothing);
    let file = open_with(disk.handle(), 9, &options).unwrap();
    let found = content(&file).unwrap();
    assert_eq!(ledger.objection(&found), None);
    ledger.continue_from(&found);
    ledger.write_times(&file, 10);
    ledger.look(&file).unwrap();
}
