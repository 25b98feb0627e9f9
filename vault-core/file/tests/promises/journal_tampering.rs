//! Whoever changes the journal of a file that was not closed is found out, or does what a crash could have
//! done: takes back the last record.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use vault_file::{Error, Options, Part};

use crate::history::{content, create_with, open_with};
use crate::ledger::{Ledger, number_of};
use crate::simulated_disk::{JOURNAL, SimulatedDisk};

const BLOCK: usize = 4096;
/// Transactions in the journal, each in a record of one block.
const RECORDS: usize = 6;
/// The first transaction of a session begins an epoch, and is journaled like the others.
const BEFORE: usize = 4;

/// A file that was not closed, with records of an older epoch behind those that count.
struct Killed {
    image: Vec<u8>,
    /// The journal as it was in the epoch before.
    older_journal: Vec<u8>,
}

fn killed() -> Killed {
    let disk = SimulatedDisk::default();
    let file = create_with(disk.handle(), 1, &Options::default()).unwrap();
    let ledger = Ledger::default();
    ledger.write_times(&file, RECORDS + BEFORE);
    let older_journal = disk.seen()[JOURNAL].to_vec();
    file.checkpoint().unwrap();
    ledger.write_times(&file, RECORDS);
    Killed {
        image: disk.after_power_cut(0, BLOCK),
        older_journal,
    }
}

const ALL: usize = 2 * RECORDS + BEFORE;

/// The number of transactions that a changed file shows.
fn opened(image: Vec<u8>) -> Result<u64, Error> {
    let disk = SimulatedDisk::holding(image);
    let file = open_with(disk.handle(), 2, &Options::default())?;
    let found = content(&file)?;
    let ledger = Ledger::default();
    ledger.continue_from(&found);
    assert_eq!(ledger.objection(&found), None, "not a state that ever was");
    Ok(number_of(&found))
}

fn block(number: usize) -> std::ops::Range<usize> {
    let start = JOURNAL.start + number * BLOCK;
    start..start + BLOCK
}

#[track_caller]
fn assert_refused(image: Vec<u8>) {
    let result = opened(image);
    assert!(
        matches!(result, Err(Error::Tampered { what: Part::Journal })),
        "{result:?}"
    );
}

#[test]
fn an_untouched_journal_is_read_to_its_end() {
    assert_eq!(opened(killed().image).unwrap(), ALL as u64);
}

#[test]
fn a_flipped_bit_in_front_of_another_record_is_refused() {
    let Killed { image, .. } = killed();
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    for _ in 0..150 {
        let mut changed = image.clone();
        let at = JOURNAL.start + rng.next_u32() as usize % ((RECORDS - 1) * BLOCK);
        changed[at] ^= 1 << (rng.next_u32() % 8);
        assert_refused(changed);
    }
}

#[test]
fn a_damaged_last_record_is_taken_for_one_that_was_never_acknowledged() {
    let Killed { mut image, .. } = killed();
    image[block(RECORDS - 1).start + 100] ^= 1;
    assert_eq!(opened(image).unwrap(), ALL as u64 - 1);
}

#[test]
fn every_length_that_a_record_could_claim_is_met_calmly() {
    let Killed { image, .. } = killed();
    for length in [0, 2, 63, 64, 65, u32::MAX / 4096, u32::MAX] {
        let mut changed = image.clone();
        let at = block(2).start + 40;
        changed[at..at + 4].copy_from_slice(&length.to_le_bytes());
        assert_refused(changed);
    }
}

#[test]
fn records_that_are_swapped_zeroed_repeated_or_moved_up_are_refused() {
    let Killed { image, .. } = killed();
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut image = image.clone();
        change(&mut image);
        image
    };
    assert_refused(changed(&|image| {
        let (one, two) = (image[block(1)].to_vec(), image[block(2)].to_vec());
        image[block(1)].copy_from_slice(&two);
        image[block(2)].copy_from_slice(&one);
    }));
    for gone in 0..RECORDS - 1 {
        assert_refused(changed(&|image| image[block(gone)].fill(0)));
    }
    assert_refused(changed(&|image| image.copy_within(block(1), block(2).start)));
    let moved_up = changed(&|image| {
        let behind = block(2).start..block(RECORDS - 1).end;
        image.copy_within(behind, block(1).start);
    });
    assert_refused(moved_up);
}

#[test]
fn an_older_record_put_back_among_the_new_ones_is_refused() {
    let Killed { image, older_journal } = killed();
    for number in 0..RECORDS - 1 {
        let mut changed = image.clone();
        changed[block(number)].copy_from_slice(&older_journal[number * BLOCK..][..BLOCK]);
        assert_refused(changed);
    }
}

#[test]
fn older_records_behind_the_last_one_mean_nothing() {
    let Killed {
        mut image,
        older_journal,
    } = killed();
    assert_eq!(
        image[block(RECORDS)],
        older_journal[RECORDS * BLOCK..][..BLOCK],
        "they are there"
    );
    let number = RECORDS - 1;
    image[block(number)].copy_from_slice(&older_journal[number * BLOCK..][..BLOCK]);
    assert_eq!(opened(image).unwrap(), ALL as u64 - 1, "as if the last were torn");
}

#[test]
fn the_whole_journal_put_back_gives_the_state_before_it_and_no_mixture() {
    let Killed {
        mut image,
        older_journal,
    } = killed();
    image[JOURNAL].copy_from_slice(&older_journal);
    assert_eq!(opened(image).unwrap(), (RECORDS + BEFORE) as u64);
}

#[test]
fn the_loss_of_the_newest_commit_slot_does_not_hide_the_journal() {
    let Killed { image, .. } = killed();
    let outcomes = [4096, 12288].map(|side| {
        let mut changed = image.clone();
        changed[side..side + 2 * BLOCK].fill(0);
        opened(changed)
    });
    let newest_is_lost = |outcome: &Result<u64, Error>| {
        let what = Part::CommitSlots;
        matches!(outcome, Err(Error::Tampered { what: found }) if *found == what)
    };
    let older_is_lost = |outcome: &Result<u64, Error>| matches!(outcome, Ok(number) if *number == ALL as u64);
    let [a, b] = &outcomes;
    assert!(
        (newest_is_lost(a) && older_is_lost(b)) || (newest_is_lost(b) && older_is_lost(a)),
        "{outcomes:?}"
    );
}

#[test]
fn the_loss_of_either_commit_slot_does_not_hide_the_first_record_of_a_session() {
    let disk = SimulatedDisk::default();
    let ledger = Ledger::default();
    let file = create_with(disk.handle(), 1, &Options::default()).unwrap();
    ledger.write_times(&file, 3);
    drop(file);
    let file = open_with(disk.handle(), 2, &Options::default()).unwrap();
    ledger.write_times(&file, 1);
    let image = disk.after_power_cut(0, BLOCK);
    for side in [4096, 12288] {
        let mut changed = image.clone();
        changed[side..side + 2 * BLOCK].fill(0);
        assert_eq!(opened(changed).unwrap(), 4);
    }
}

#[test]
fn the_journal_of_a_closed_file_is_not_needed() {
    let disk = SimulatedDisk::default();
    let file = create_with(disk.handle(), 1, &Options::default()).unwrap();
    let ledger = Ledger::default();
    ledger.write_times(&file, 10);
    drop(file);
    let mut image = disk.seen();
    image[JOURNAL].fill(0xFF);
    assert_eq!(opened(image).unwrap(), 10);
}
