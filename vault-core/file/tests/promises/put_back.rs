//! Blocks of a file as they were at an earlier time, put back by somebody who has no key: one by one, by kind, and at
//! random. The caller gets an error, or what is newest. Never content of another time, never a mixture.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::dice::Dice;
use crate::history::{History, content, create, open, version};
use crate::places::{BLOCK_BYTES, COMMIT_SLOTS, EXTENTS};
use crate::simulated_disk::{JOURNAL, SimulatedDisk};

const SEED: u64 = 91;
const SUBSETS: usize = if cfg!(debug_assertions) { 10 } else { 60 };

/// A file at one time.
struct Age {
    image: Vec<u8>,
    /// The newest version.
    version: usize,
    /// The newest version that does not lie in the journal alone.
    durable: usize,
}

/// A file at several times: closed, killed, killed again, closed.
fn ages() -> (Vec<Age>, History) {
    let disk = SimulatedDisk::default();
    let mut history = History::new(SEED);
    let mut ages = Vec::new();
    let mut file = create(disk.handle(), SEED).unwrap();
    for (session, is_closed) in [true, false, false, true].into_iter().enumerate() {
        for _ in 0..6 {
            history.commit_one(&file).unwrap();
        }
        file.checkpoint().unwrap();
        let durable = history.acknowledged;
        if !is_closed {
            for _ in 0..5 {
                history.commit_one(&file).unwrap();
            }
            disk.kill();
        }
        drop(file);
        ages.push(Age {
            image: disk.seen(),
            version: history.acknowledged,
            durable: if is_closed { history.acknowledged } else { durable },
        });
        file = open(disk.handle(), SEED + 1 + session as u64).unwrap();
    }
    (ages, history)
}

/// The blocks in which two images differ.
fn differing(old: &[u8], new: &[u8]) -> Vec<Range<usize>> {
    (0..old.len().min(new.len()))
        .step_by(BLOCK_BYTES)
        .map(|at| at..(at + BLOCK_BYTES).min(old.len()).min(new.len()))
        .filter(|block| old[block.clone()] != new[block.clone()])
        .collect()
}

/// What a file with some old blocks shows: the version, or `None` for an error.
fn shown(old: &Age, new: &Age, blocks: &[Range<usize>], history: &History) -> Option<usize> {
    let mut image = new.image.clone();
    for block in blocks {
        image[block.clone()].copy_from_slice(&old.image[block.clone()]);
    }
    let disk = SimulatedDisk::holding(image);
    let found = open(disk.handle(), SEED).and_then(|file| content(&file)).ok()?;
    let number = version(&found);
    assert!(
        found == history.versions[number],
        "a mixture of versions, from {blocks:?}"
    );
    Some(number)
}

fn kind(block: &Range<usize>) -> &'static str {
    match block.start {
        at if COMMIT_SLOTS.contains(&at) => "commit slot",
        at if JOURNAL.contains(&at) => "journal",
        at if at >= EXTENTS => "extent",
        _ => "header",
    }
}

#[test]
fn one_old_block_that_is_put_back_is_an_error_or_changes_nothing() {
    let (ages, history) = ages();
    let (mut errors, mut unchanged, mut older) = (0, 0, 0);
    for (index, new) in ages.iter().enumerate() {
        for old in &ages[..index] {
            for block in differing(&old.image, &new.image) {
                match shown(old, new, std::slice::from_ref(&block), &history) {
                    None => errors += 1,
                    Some(version) if version == new.version => unchanged += 1,
                    // Losing the last record of a journal looks like a crash.
                    Some(version) if kind(&block) == "journal" && version >= new.durable => older += 1,
                    Some(version) => panic!("{block:?} brought back {version} of {}", new.version),
                }
            }
        }
    }
    assert!(
        errors > 40,
        "{errors} errors, {unchanged} unchanged, {older} without the last record"
    );
    assert!(older < errors / 4, "{older} without the last record");
}

#[test]
fn old_blocks_of_one_kind_that_are_put_back_together_show_nothing_old() {
    let (ages, history) = ages();
    for (index, new) in ages.iter().enumerate() {
        for old in &ages[..index] {
            let mut by_kind: BTreeMap<_, Vec<_>> = BTreeMap::new();
            for block in differing(&old.image, &new.image) {
                by_kind.entry(kind(&block)).or_default().push(block);
            }
            for (kind, blocks) in by_kind {
                let shown = shown(old, new, &blocks, &history);
                // An old journal as a whole is like none: what was acknowledged since the last checkpoint is gone.
                let least = if kind == "journal" {
                    new.durable
                } else {
                    new.version
                };
                assert!(
                    shown.is_none_or(|version| version >= least),
                    "every {kind}: {shown:?}"
                );
            }
        }
    }
}

#[test]
fn no_choice_of_old_blocks_shows_a_mixture() {
    let (ages, history) = ages();
    let mut dice = Dice::new(SEED);
    let (mut errors, mut shown_anything) = (0, 0);
    for (index, new) in ages.iter().enumerate() {
        for old in &ages[..index] {
            let differing = differing(&old.image, &new.image);
            for _ in 0..SUBSETS {
                let chance = *dice.pick(&[3, 10, 50, 90]);
                let mut blocks = differing.clone();
                blocks.retain(|_| dice.percent(chance));
                match shown(old, new, &blocks, &history) {
                    None => errors += 1,
                    Some(_) => shown_anything += 1,
                }
            }
        }
    }
    assert!(errors > SUBSETS, "{errors} errors, {shown_anything} shown");
}
