//! Checks and rescue of a file that was not closed: what lies in its journal is checked and counted, and is
//! saved with the rest.

use vault_file::{Finding, LostKeys, Options, Part, Problem, Salvaged, SealedFile, Secret, Verified};

use crate::history::{Content, content, create_with, entropy, key, open_with, unwatched};
use crate::ledger::{Ledger, content_after};
use crate::simulated_disk::{JOURNAL, SimulatedDisk};

const BLOCK: usize = 4096;

/// A file that was not closed: 5 transactions in its tables, 7 in its journal, each in a record of one block.
fn killed() -> Vec<u8> {
    let disk = SimulatedDisk::default();
    let file = create_with(disk.handle(), 1, &Options::default()).unwrap();
    let ledger = Ledger::default();
    ledger.write_times(&file, 5);
    file.checkpoint().unwrap();
    ledger.write_times(&file, 7);
    disk.after_power_cut(0, BLOCK)
}

fn record(number: usize) -> std::ops::Range<usize> {
    let start = JOURNAL.start + number * BLOCK;
    start..start + BLOCK
}

fn verified(image: Vec<u8>) -> Verified {
    let disk = SimulatedDisk::holding(image);
    let options = Options::default();
    let verified =
        SealedFile::verify_on(disk.handle(), &Secret::RawKey(&key()), &options, &mut unwatched).unwrap();
    assert_eq!(disk.operations(), 0, "a check writes nothing");
    verified
}

fn salvaged(image: Vec<u8>) -> (Salvaged, Content) {
    let (damaged, new) = (SimulatedDisk::holding(image), SimulatedDisk::default());
    let salvaged = SealedFile::salvage_on(
        damaged.handle(),
        new.handle(),
        &Secret::RawKey(&key()),
        entropy(2),
        &Options::default(),
        &mut unwatched,
    )
    .unwrap();
    assert_eq!(damaged.operations(), 0, "a rescue changes nothing");
    let file = open_with(new.handle(), 3, &Options::default()).unwrap();
    (salvaged, content(&file).unwrap())
}

#[test]
fn a_check_counts_the_transactions_in_the_journal() {
    let verified = verified(killed());
    assert!(verified.is_sound(), "{:?}", verified.findings);
    assert_eq!(verified.journaled, 7);
}

#[test]
fn a_check_finds_a_record_that_is_damaged_or_gone() {
    for number in 0..6 {
        for change in [|byte: &mut u8| *byte ^= 1, |byte: &mut u8| *byte = 0] {
            let mut image = killed();
            image[record(number)].iter_mut().for_each(change);
            let verified = verified(image);
            let expected = Finding {
                part: Part::Journal,
                problem: Problem::Damaged,
                table: None,
            };
            assert_eq!(verified.findings, [expected], "record {number}");
            assert_eq!(verified.journaled, number as u64);
        }
    }
}

#[test]
fn a_check_of_an_open_file_leaves_nothing_in_the_journal() {
    let disk = SimulatedDisk::holding(killed());
    let file = open_with(disk.handle(), 4, &Options::default()).unwrap();
    let checked = file.verify(&mut unwatched).unwrap();
    assert!(checked.is_sound(), "{:?}", checked.findings);
    assert_eq!(verified(disk.after_power_cut(1, BLOCK)).journaled, 0);
}

#[test]
fn a_rescue_saves_what_lies_in_the_journal() {
    let (salvaged, content) = salvaged(killed());
    assert_eq!(salvaged.losses, []);
    assert_eq!(content, content_after(12));
    let rows: usize = content.values().map(std::collections::BTreeMap::len).sum();
    assert_eq!(salvaged.copied.rows, rows as u64);
}

#[test]
fn a_rescue_saves_the_journal_up_to_a_damaged_record_and_says_so() {
    let mut image = killed();
    image[record(3)][200] ^= 1;
    assert!(
        open_with(
            SimulatedDisk::holding(image.clone()).handle(),
            5,
            &Options::default()
        )
        .is_err()
    );
    let (salvaged, content) = salvaged(image);
    assert_eq!(content, content_after(8));
    let [loss] = &salvaged.losses[..] else {
        panic!("{:?}", salvaged.losses)
    };
    assert_eq!((loss.part, loss.problem), (Part::Journal, Problem::Damaged));
    let anything = LostKeys {
        table: None,
        after: None,
        through: None,
    };
    assert_eq!(loss.keys, anything);
}

#[test]
fn what_the_journal_says_holds_where_the_tables_are_damaged() {
    let image = killed();
    let mut changed = 0;
    for block in crate::places::pages(&image) {
        let mut image = image.clone();
        image[block.range()][100] ^= 1;
        let (salvaged, content) = salvaged(image);
        let whole = content_after(12);
        changed += usize::from(!salvaged.losses.is_empty());
        for (table, rows) in &content {
            for (key, value) in rows {
                assert_eq!(whole[table].get(key), Some(value), "a row that never was");
            }
        }
        let last = content.get("last").unwrap();
        assert_eq!(last[&b""[..]], 12u64.to_be_bytes(), "the journal has it");
    }
    assert!(changed > 0, "no page in use was damaged");
}
