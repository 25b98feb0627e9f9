//! Everything that somebody who can write to the file can put back, or put elsewhere, without the key: it is an
//! error when it is first read, or it changes nothing. Never is content of another time served.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use redb::StorageBackend;

use super::simulated_disk::SimulatedDisk;
use super::small_vault::{Content, History, backend, content, create, open, without_panic};
use crate::layout::{COMMIT_SLOTS_AT, EXTENTS_AT, PageSource};

const BLOCK: usize = 4096;
const SLOTS: Range<usize> = 1..5;

/// A file at two moments, and what it held.
struct TwoAges {
    old: Vec<u8>,
    new: Vec<u8>,
    versions: Vec<Content>,
    was_killed: bool,
}

impl TwoAges {
    /// `between`: how many commits lie between the two moments. `was_killed`: the file was not closed at the
    /// second one.
    fn of(seed: u64, between: u32, was_killed: bool) -> Self {
        let disk = SimulatedDisk::default();
        let mut history = History::new(seed);
        let mut database = create(&disk, seed).unwrap();
        let commit = |history: &mut History, database: &mut redb::Database, count| {
            for _ in 0..count {
                history.commit_one(database).unwrap();
            }
            // The last one is durable, whatever it was.
            while history.acknowledged != history.newest().version {
                history.commit_one(database).unwrap();
            }
        };
        commit(&mut history, &mut database, 10);
        drop(database);
        let old = disk.seen();
        let mut database = open(disk.handle(), seed + 1).unwrap();
        commit(&mut history, &mut database, between);
        let killed = disk.seen();
        drop(database);
        Self {
            old,
            new: if was_killed { killed } else { disk.seen() },
            versions: history.versions,
            was_killed,
        }
    }

    fn newest(&self) -> &Content {
        self.versions.last().unwrap()
    }

    /// The blocks that both moments have, and that differ.
    fn changed(&self) -> Vec<usize> {
        let common = self.old.len().min(self.new.len()) / BLOCK;
        let differ = |block: &usize| at(&self.old, *block) != at(&self.new, *block);
        (0..common).filter(differ).collect()
    }

    fn with_old(&self, blocks: &[usize]) -> Vec<u8> {
        let mut image = self.new.clone();
        for block in blocks {
            image[block * BLOCK..(block + 1) * BLOCK].copy_from_slice(at(&self.old, *block));
        }
        image
    }

    /// Opens, and reads everything.
    fn outcome_of(&self, image: Vec<u8>) -> Outcome {
        let disk = SimulatedDisk::holding(image);
        let found = without_panic(|| content(&open(disk.handle(), 9)?));
        match found {
            Err(error) if error == "panicked" => Outcome::Panic,
            Err(_) => Outcome::Error,
            Ok(found) if found == *self.newest() => Outcome::Unchanged,
            Ok(found) if self.versions.contains(&found) => Outcome::EarlierState,
            Ok(_) => Outcome::Mixed,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Unchanged,
    Error,
    Panic,
    /// A whole state of an earlier time.
    EarlierState,
    /// Content that no state ever had.
    Mixed,
}

type Tally = BTreeMap<Outcome, u32>;

fn at(image: &[u8], block: usize) -> &[u8] {
    &image[block * BLOCK..(block + 1) * BLOCK]
}

fn extents_begin() -> usize {
    usize::try_from(EXTENTS_AT).unwrap() / BLOCK
}

/// Files closed and killed, one and many commits apart.
fn files() -> &'static [TwoAges] {
    static FILES: OnceLock<Vec<TwoAges>> = OnceLock::new();
    FILES.get_or_init(|| {
        vec![
            TwoAges::of(1, 1, false),
            TwoAges::of(2, 1, true),
            TwoAges::of(3, 12, false),
            TwoAges::of(4, 12, true),
        ]
    })
}

#[test]
fn every_block_of_another_time_that_is_put_back_alone_is_an_error_or_changes_nothing() {
    let mut tally = Tally::new();
    for file in files() {
        let changed = file.changed();
        assert!(changed.len() > 40, "only {} blocks changed", changed.len());
        for block in changed {
            let outcome = file.outcome_of(file.with_old(&[block]));
            assert!(outcome <= Outcome::Error, "block {block}: {outcome:?}");
            *tally.entry(outcome).or_default() += 1;
        }
    }
    assert!(tally[&Outcome::Error] > 150, "{tally:?}");
}

#[test]
fn commit_slots_that_are_put_back_or_erased_show_the_newest_state_or_at_most_the_commit_before() {
    for file in files() {
        let sides = [1..3, 3..5, SLOTS];
        let alone = SLOTS.map(|slot| slot..slot + 1);
        for slots in alone.chain(sides) {
            let blocks: Vec<usize> = slots.clone().collect();
            let mut erased = file.new.clone();
            erased[slots.start * BLOCK..slots.end * BLOCK].fill(0);
            for image in [file.with_old(&blocks), erased] {
                let outcome = file.outcome_of(image);
                // Without its newest slots, a file that was not closed shows the whole commit before.
                let is_allowed = match outcome {
                    Outcome::Unchanged | Outcome::Error => true,
                    Outcome::EarlierState => file.was_killed,
                    Outcome::Panic | Outcome::Mixed => false,
                };
                assert!(is_allowed, "slots {slots:?}: {outcome:?}");
            }
        }
    }
}

#[test]
fn no_choice_of_old_blocks_shows_content_of_another_time() {
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let mut tally = Tally::new();
    for file in files() {
        let behind_slots: Vec<_> = file.changed().into_iter().filter(|block| *block >= 6).collect();
        for _ in 0..60 {
            let share = [2, 10, 50, 90, 98][rng.next_u32() as usize % 5];
            let mut chosen = behind_slots.clone();
            chosen.retain(|_| rng.next_u32() % 100 < share);
            let outcome = file.outcome_of(file.with_old(&chosen));
            assert!(outcome <= Outcome::Error, "{chosen:?}: {outcome:?}");
            *tally.entry(outcome).or_default() += 1;
        }
        let outcome = file.outcome_of(file.with_old(&behind_slots));
        assert_eq!(outcome, Outcome::Error, "all but the slots");
    }
    assert!(tally[&Outcome::Error] > 100, "{tally:?}");
}

#[test]
fn blocks_that_are_zeroed_or_change_places_are_an_error_or_change_nothing() {
    let mut rng = ChaCha20Rng::seed_from_u64(6);
    let mut tally = Tally::new();
    for file in files() {
        let blocks = file.new.len() / BLOCK;
        for block in extents_begin()..blocks {
            let mut image = file.new.clone();
            let place = block * BLOCK..(block + 1) * BLOCK;
            if rng.next_u32().is_multiple_of(2) {
                image[place].fill(0);
            } else {
                let other = extents_begin() + rng.next_u32() as usize % (blocks - extents_begin());
                image[place].copy_from_slice(at(&file.new, other));
                image[other * BLOCK..(other + 1) * BLOCK].copy_from_slice(at(&file.new, block));
            }
            let outcome = file.outcome_of(image);
            assert!(outcome <= Outcome::Error, "block {block}: {outcome:?}");
            *tally.entry(outcome).or_default() += 1;
        }
    }
    assert!(tally[&Outcome::Error] > 100, "{tally:?}");
}

#[test]
fn the_whole_file_of_another_time_is_seen_as_what_it_is() {
    for file in files() {
        assert_eq!(file.outcome_of(file.old.clone()), Outcome::EarlierState);
        assert_eq!(file.outcome_of(file.new.clone()), Outcome::Unchanged);
    }
}

/// What a page table that vouched for any authentic page would do: the comparison sees it.
#[test]
fn an_old_page_that_the_page_table_vouches_for_is_seen_as_other_content() {
    let file = TwoAges::of(3, 12, false);
    let old = backend(SimulatedDisk::holding(file.old.clone()).handle(), 7).unwrap();
    let mut tally = Tally::new();
    let pages = old.len().unwrap() / BLOCK as u64;
    for page in 1..pages {
        let disk = SimulatedDisk::holding(file.new.clone());
        let new = backend(disk.handle(), 7).unwrap();
        let mut plain = vec![0; BLOCK];
        if new.len().unwrap() / BLOCK as u64 <= page || old.read_pages(page, &mut plain).is_err() {
            continue;
        }
        let mut header = [0; 320];
        new.read(0, &mut header).unwrap();
        new.write(page * BLOCK as u64, &plain).unwrap();
        // Another state, as far as the backend can tell, and the same to redb.
        header[9] ^= 4;
        new.write(0, &header).unwrap();
        new.sync_data().unwrap();
        header[9] ^= 4;
        new.write(0, &header).unwrap();
        new.sync_data().unwrap();
        drop(new);
        *tally.entry(file.outcome_of(disk.seen())).or_default() += 1;
    }
    let seen = tally.get(&Outcome::Mixed).copied().unwrap_or(0);
    assert!(seen > 20, "{tally:?}");
    assert_eq!(COMMIT_SLOTS_AT, SLOTS.start as u64 * BLOCK as u64);
}
