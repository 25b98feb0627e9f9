//! Walking the area, and writing it from many threads.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::area::{Append, Area, Ending, Found};
use super::group::Journal;
use super::record::{Place, RecordTag};
use crate::disk::Disk;
use crate::engine::Health;
use crate::entropy::Entropy;
use crate::error::{Error, Fault, Part};
use crate::header::{FileId, Unlocked};
use crate::keys::{FileIdentity, Key};
use crate::layout::{JOURNAL_AT, JOURNAL_BYTES, JournalMark};

const EPOCH: u64 = 5;
const MARK: JournalMark = JournalMark {
    epoch: EPOCH,
    applied: 10,
    clean: false,
};

/// The part of a disk that holds the journal.
#[derive(Debug)]
struct Memory {
    area: Mutex<Vec<u8>>,
    syncs: AtomicU64,
    sync_takes: Duration,
    fails: AtomicBool,
    panics: AtomicBool,
}

impl Memory {
    fn new(sync_takes: Duration) -> Arc<Self> {
        Arc::new(Self {
            area: Mutex::new(vec![0; JOURNAL_BYTES]),
            syncs: AtomicU64::new(0),
            sync_takes,
            fails: AtomicBool::new(false),
            panics: AtomicBool::new(false),
        })
    }

    fn change(&self, change: impl FnOnce(&mut Vec<u8>)) {
        change(&mut self.area.lock().unwrap());
    }
}

fn start_of(offset: u64) -> usize {
    usize::try_from(offset - JOURNAL_AT).unwrap()
}

impl Disk for Memory {
    fn len(&self) -> io::Result<u64> {
        Ok(JOURNAL_AT + JOURNAL_BYTES as u64)
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        bytes.copy_from_slice(&self.area.lock().unwrap()[start_of(offset)..][..bytes.len()]);
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        assert!(
            !self.panics.load(Ordering::SeqCst),
            "a host's disk has a fault of its own"
        );
        if self.fails.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.change(|area| area[start_of(offset)..][..bytes.len()].copy_from_slice(bytes));
        Ok(())
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        unreachable!("a journal is never resized")
    }

    fn sync(&self) -> io::Result<()> {
        thread::sleep(self.sync_takes);
        self.syncs.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn try_lock(&self) -> io::Result<bool> {
        Ok(true)
    }
}

fn area_on(disk: &Arc<Memory>) -> Area {
    let unlocked = Unlocked {
        file: FileIdentity {
            id: FileId([1; 16]),
            epoch: 1,
        },
        header_seq: 1,
        vault_key: Key::zeroed(),
        file_key: Key::new(&[3; 32]),
        root_key: Key::zeroed(),
    };
    Area::new(
        disk.clone(),
        &unlocked,
        Entropy::new(ChaCha20Rng::seed_from_u64(1)),
    )
}

/// Appends one record for each group of transactions. Returns where it ends, and the tag of the last.
fn append(area: &Area, epoch: u64, first: u64, groups: &[Vec<Vec<u8>>]) -> (u64, RecordTag) {
    let (mut at, mut previous, mut first) = (0, RecordTag::default(), first);
    for transactions in groups {
        let append = Append {
            place: Place { epoch, at },
            previous: &previous,
            first,
            transactions,
        };
        let (bytes, tag) = area.append(&append).unwrap();
        (at, previous, first) = (at + bytes, tag, first + transactions.len() as u64);
    }
    (at, previous)
}

fn ops(number: u64) -> Vec<u8> {
    number
        .to_le_bytes()
        .repeat(usize::try_from(1 + number % 200).unwrap())
}

/// Some records of some transactions each, the first of which has number `first`.
fn groups(rng: &mut ChaCha20Rng, first: u64) -> Vec<Vec<Vec<u8>>> {
    let mut next = first;
    (0..1 + rng.next_u32() % 8)
        .map(|_| {
            let end = next + 1 + u64::from(rng.next_u32() % 4);
            let group = (next..end).map(ops).collect();
            next = end;
            group
        })
        .collect()
}

fn count(groups: &[Vec<Vec<u8>>]) -> u64 {
    groups.iter().map(|group| group.len() as u64).sum()
}

#[test]
fn a_walk_finds_what_was_appended_and_the_state_does_not_contain() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    for round in 0..60 {
        let area = area_on(&Memory::new(Duration::ZERO));
        let groups = groups(&mut rng, 11);
        append(&area, EPOCH, 11, &groups);
        let last = 10 + count(&groups);
        let applied = 10 + u64::from(rng.next_u32()) % (count(&groups) + 2);
        let found = area.walk(JournalMark { applied, ..MARK }).unwrap();
        assert_eq!(
            found.transactions,
            (applied + 1..=last).map(ops).collect::<Vec<_>>()
        );
        assert_eq!(found.last, last.max(applied), "round {round}");
        assert_eq!(
            (found.records, found.ending),
            (groups.len() as u64, Ending::Whole)
        );
    }
}

#[test]
fn an_area_that_is_marked_clean_is_not_read() {
    let area = area_on(&Memory::new(Duration::ZERO));
    append(&area, EPOCH, 11, &[vec![ops(11)]]);
    let found = area.walk(JournalMark { clean: true, ..MARK }).unwrap();
    assert!(found.transactions.is_empty());
    assert_eq!(found.last, 10);
}

#[test]
fn a_torn_last_record_ends_the_walk_and_any_other_is_a_gap() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    for _ in 0..60 {
        let disk = Memory::new(Duration::ZERO);
        let area = area_on(&disk);
        let groups = groups(&mut rng, 11);
        let (end, _) = append(&area, EPOCH, 11, &groups);
        let at = rng.next_u32() as usize % usize::try_from(end).unwrap();
        disk.change(|area| area[at] ^= 1);
        let found = area.walk(MARK).unwrap();
        let is_last = found.records + 1 == groups.len() as u64;
        assert!(found.records < groups.len() as u64);
        assert_eq!(found.ending == Ending::Whole, is_last, "byte {at} of {end}");
        assert_eq!(found.check().is_ok(), is_last);
    }
}

#[test]
fn records_of_an_older_epoch_mean_nothing_and_would_mean_much_if_they_were_not_told_apart() {
    let older = [vec![ops(1)], vec![ops(2)], vec![ops(3)]];
    let newer = [vec![ops(11)]];
    let found_behind = |epoch_of_older| {
        let area = area_on(&Memory::new(Duration::ZERO));
        append(&area, epoch_of_older, 1, &older);
        append(&area, EPOCH, 11, &newer);
        area.walk(MARK).unwrap()
    };
    let found = found_behind(EPOCH - 1);
    assert_eq!((found.transactions.len(), found.ending), (1, Ending::Whole));
    assert_eq!(
        found_behind(EPOCH).ending,
        Ending::Gap,
        "only the epoch tells them apart"
    );
}

#[test]
fn a_journal_that_is_ahead_of_the_state_says_that_the_state_is_not_the_newest() {
    let area = area_on(&Memory::new(Duration::ZERO));
    append(&area, EPOCH, 11, &[vec![ops(11)], vec![ops(12)]]);
    append(&area, EPOCH + 1, 13, &[vec![ops(13)]]);
    let found = area.walk(MARK).unwrap();
    assert_eq!(found.ending, Ending::Newer);
    let what = Part::CommitSlots;
    assert!(matches!(found.check(), Err(Error::Tampered { what: part }) if part == what));
}

#[test]
fn a_first_record_that_leaves_transactions_out_is_no_beginning() {
    let area = area_on(&Memory::new(Duration::ZERO));
    append(&area, EPOCH, 12, &[vec![ops(12)]]);
    let found = area.walk(MARK).unwrap();
    assert_eq!((found.transactions.len(), found.ending), (0, Ending::Gap));
}

#[test]
fn noise_is_an_empty_journal() {
    let disk = Memory::new(Duration::ZERO);
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    disk.change(|area| rng.fill_bytes(area));
    // Lengths that reach exactly to the end cost the most to refuse.
    disk.change(|area| {
        let blocks = area.len() / 4096;
        for block in 0..blocks {
            let left = u32::try_from(blocks - block).unwrap();
            area[block * 4096 + 40..][..4].copy_from_slice(&left.to_le_bytes());
        }
    });
    let found = area_on(&disk).walk(MARK).unwrap();
    assert_eq!((found.records, found.ending), (0, Ending::Whole));
}

/// A journal that may be written.
fn journal_on(disk: &Arc<Memory>) -> (Arc<Journal>, Arc<Health>) {
    let health = Arc::new(Health::default());
    let area = area_on(disk);
    let journal = Journal::resume(
        area,
        JournalMark { clean: true, ..MARK },
        &Found::nothing_after(MARK),
        JOURNAL_BYTES,
        Arc::clone(&health),
    );
    let first = journal.first_mark().unwrap();
    assert_eq!((first.epoch, first.applied, first.clean), (EPOCH + 1, 10, false));
    journal.begin(first);
    assert!(journal.first_mark().is_none());
    (Arc::new(journal), health)
}

#[test]
fn transactions_of_many_threads_are_journaled_in_the_order_of_their_commits() {
    let disk = Memory::new(Duration::from_millis(1));
    let (journal, _) = journal_on(&disk);
    // Stands for redb's writer: held while a transaction enters.
    let writer = Mutex::new(MARK.applied);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let mut held = writer.lock().unwrap();
                    *held += 1;
                    let number = *held;
                    let mark = journal.enter(ops(number)).unwrap();
                    assert_eq!(mark.applied, number);
                    drop(held);
                    journal.wait_for(number).unwrap();
                    assert!(journal.durable() >= number);
                }
            });
        }
    });
    let found = area_on(&disk)
        .walk(JournalMark {
            epoch: EPOCH + 1,
            ..MARK
        })
        .unwrap();
    assert_eq!(found.transactions, (11..=90).map(ops).collect::<Vec<_>>());
    assert!(found.records < 75, "{} records", found.records);
    assert_eq!(disk.syncs.load(Ordering::SeqCst), found.records);
}

#[test]
fn a_fold_waits_for_the_queue_and_begins_a_new_epoch() {
    let disk = Memory::new(Duration::ZERO);
    let (journal, _) = journal_on(&disk);
    journal.enter(ops(11)).unwrap();
    assert!(journal.needs_fold());
    let fold = journal.fold(1).unwrap();
    assert_eq!(journal.durable(), 11, "what was queued is durable first");
    let mark = fold.mark();
    assert_eq!((mark.epoch, mark.applied, mark.clean), (EPOCH + 2, 12, false));
    fold.done();
    assert!(!journal.needs_fold());
    assert_eq!(journal.durable(), 12);
    assert_eq!(journal.last_mark(), JournalMark { clean: true, ..mark });
}

#[test]
fn a_full_area_asks_for_a_fold() {
    let (journal, _) = journal_on(&Memory::new(Duration::ZERO));
    let records = JOURNAL_BYTES / 4096;
    for number in 0..records as u64 {
        let mark = journal.enter(vec![1]).unwrap();
        assert_eq!(mark.applied, 11 + number);
        if number % 3 == 0 {
            journal.wait_for_all().unwrap();
        }
    }
    // Those that shared a record left room.
    let more = (0..records)
        .take_while(|_| journal.enter(vec![1]).is_some())
        .count();
    journal.wait_for_all().unwrap();
    assert!(more > 0 && more < records, "{more} more");
    let rest = (0..=records).take_while(|_| {
        journal.wait_for_all().unwrap();
        journal.enter(vec![1]).is_some()
    });
    assert!(rest.count() < records);
    assert!(journal.enter(vec![1]).is_none());
    journal.fold(0).unwrap().done();
    assert!(journal.enter(vec![1]).is_some());
}

/// Whoever waits must learn of a failure: the one that writes, and those that wait for it.
fn all_are_told(disk: &Arc<Memory>) -> Vec<thread::Result<Result<(), Fault>>> {
    let (journal, health) = journal_on(disk);
    let numbers: Vec<u64> = (0..3)
        .map(|number| journal.enter(ops(number)).unwrap().applied)
        .collect();
    let start = Barrier::new(3);
    let outcomes = thread::scope(|scope| {
        let waiting: Vec<_> = numbers
            .iter()
            .map(|number| {
                scope.spawn(|| {
                    start.wait();
                    journal.wait_for(*number)
                })
            })
            .collect();
        waiting.into_iter().map(|thread| thread.join()).collect()
    });
    assert!(health.check().is_err());
    assert!(journal.fold(0).is_err(), "nothing is folded either");
    assert_eq!(journal.durable(), 10);
    outcomes
}

#[test]
fn everybody_who_waits_learns_that_the_disk_failed() {
    let disk = Memory::new(Duration::ZERO);
    disk.fails.store(true, Ordering::SeqCst);
    for outcome in all_are_told(&disk) {
        assert!(matches!(outcome.unwrap(), Err(Fault::NoSpace)));
    }
}

#[test]
fn nobody_waits_for_ever_when_the_disk_panics() {
    let disk = Memory::new(Duration::ZERO);
    disk.panics.store(true, Ordering::SeqCst);
    let outcomes = all_are_told(&disk);
    let panicked = outcomes.iter().filter(|outcome| outcome.is_err()).count();
    assert_eq!(panicked, 1, "the one that called the disk");
    for told in outcomes.into_iter().flatten() {
        assert!(told.is_err());
    }
}
