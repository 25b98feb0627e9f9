//! When power fails while key slots change, at any moment, the file opens, holds what was committed, and its
//! slots are those before or after the change, never fewer; a change that was acknowledged counts.

use vault_file::{Error, NewSlot, RawKey, SealedFile, Secret, Table};

use crate::dice::Dice;
use crate::history::{History, content, entropy, key, small_cache};
use crate::image::Image;
use crate::remains::{Damage, Remains};
use crate::simulated_disk::{Event, Mark, Planted, SimulatedDisk, Trouble};

const SEED: u64 = 23;
/// How often the remains of one cut are looked at, with other pieces surviving.
const LOOKS: u32 = 2;
/// The same where a header was being written.
const LOOKS_AT_HEADERS: u32 = 10;
/// So many objections are enough to know.
const ENOUGH: usize = 30;

fn second() -> RawKey {
    RawKey::new(&[8; 32])
}

fn third() -> RawKey {
    RawKey::new(&[9; 32])
}

fn open(disk: &SimulatedDisk, key: &RawKey) -> Result<SealedFile, Error> {
    SealedFile::open_on(disk.handle(), &Secret::RawKey(key), entropy(SEED), &small_cache())
}

/// A closed file with the slots of `key` and `second`.
fn before() -> (Vec<u8>, History) {
    let disk = SimulatedDisk::default();
    let mut history = History::new(SEED);
    let slots = [NewSlot::RawKey(&key()), NewSlot::RawKey(&second())];
    let file = SealedFile::create_on(disk.handle(), &slots, entropy(SEED), &small_cache()).unwrap();
    history.commit_one(&file).unwrap();
    drop(file);
    (disk.seen(), history)
}

/// What was acknowledged before the trouble came.
#[derive(Clone, Copy, Debug, Default)]
struct Acknowledged {
    commits: usize,
    third_added: bool,
    second_removed: bool,
}

impl Acknowledged {
    /// By the number of steps of a session that were acknowledged.
    fn steps(steps: u64) -> Self {
        Self {
            commits: 1 + [1, 3, 5].into_iter().filter(|commit| *commit <= steps).count(),
            third_added: steps >= 2,
            second_removed: steps >= 4,
        }
    }
}

/// Commits, adds a slot, commits, removes one, commits; marks each step once it is acknowledged.
fn session(disk: &SimulatedDisk, history: &mut History) -> Result<(), Error> {
    let file = open(disk, &key())?;
    history.commit_one(&file)?;
    disk.mark(Mark::AtLeast(1));
    // A transaction that is under way, more than the cache holds, so that some of its pages are on the disk.
    let transaction = file.write()?;
    let mut pending = transaction.table(&Table::new("pending"))?;
    for number in 0..12u8 {
        pending.insert(&[number], &[number; 150_000])?;
    }
    file.add_slot(NewSlot::RawKey(&third()))?;
    disk.mark(Mark::AtLeast(2));
    drop(pending);
    transaction.abort();
    history.commit_one(&file)?;
    disk.mark(Mark::AtLeast(3));
    file.remove_slot(file.slots()[1].id)?;
    disk.mark(Mark::AtLeast(4));
    history.commit_one(&file)?;
    disk.mark(Mark::AtLeast(5));
    Ok(())
}

fn steps_acknowledged(marks: &[Mark]) -> u64 {
    let last = marks.iter().rev().find_map(|mark| match mark {
        Mark::AtLeast(step) => Some(*step),
        _ => None,
    });
    last.unwrap_or(0)
}

/// What is wrong with the remains, if anything is.
fn objection(image: &Image, history: &History, done: Acknowledged) -> Option<String> {
    let opens = |key: &RawKey| match open(&SimulatedDisk::holding(image.clone()), key) {
        Ok(_) => Ok(true),
        Err(Error::WrongSecret) => Ok(false),
        Err(error) => Err(error.to_string()),
    };
    let mut history = history.clone();
    history.acknowledged = done.commits;
    let look = || -> Result<Option<String>, String> {
        let (second_opens, third_opens) = (opens(&second())?, opens(&third())?);
        if done.third_added && !third_opens {
            return Ok(Some("a slot that was added is not there".into()));
        }
        if done.second_removed && second_opens {
            return Ok(Some("a slot that was removed opens the file".into()));
        }
        if !second_opens && !third_opens {
            return Ok(Some("a slot was removed before its successor was there".into()));
        }
        let file = open(&SimulatedDisk::holding(image.clone()), &key()).map_err(|error| error.to_string())?;
        let found = content(&file).map_err(|error| error.to_string())?;
        file.add_slot(NewSlot::RawKey(&RawKey::new(&[10; 32])))
            .map_err(|error| format!("no further change: {error}"))?;
        Ok(history.objection(&found))
    };
    look().unwrap_or_else(|error| Some(format!("refused: {error}")))
}

fn operations() -> u64 {
    let (image, mut history) = before();
    let disk = SimulatedDisk::holding(image);
    session(&disk, &mut history).unwrap();
    disk.operations()
}

/// How many remains there were, and the objections.
fn campaign(planted: Planted) -> (u32, Vec<String>) {
    let mut dice = Dice::new(SEED);
    let (mut looks, mut objections) = (0, Vec::new());
    let (image, mut history) = before();
    let disk = SimulatedDisk::holding(image).recording();
    session(&disk, &mut history).unwrap();
    let record = disk.take_record();
    let (mut remains, mut marks) = (Remains::new(&record, planted), Vec::new());
    for at in 1..=record.entries.len() {
        remains.advance_to(at);
        if let Event::Mark(mark) = record.entries[at - 1].event {
            marks.push(mark);
        }
        let done = Acknowledged::steps(steps_acknowledged(&marks));
        let at_header = remains.header_is_at_stake();
        for _ in 0..if at_header { LOOKS_AT_HEADERS } else { LOOKS } {
            let grain = *dice.pick(&[512, 64]);
            let image = remains.image(&mut dice, Damage::Tears(grain));
            looks += 1;
            if objections.len() >= ENOUGH {
                return (looks, objections);
            }
            objections.extend(objection(&image, &history, done).map(|what| format!("entry {at}: {what}")));
        }
    }
    (looks, objections)
}

#[test]
fn a_power_cut_while_slots_change_locks_nobody_out_and_brings_nothing_back() {
    let (looks, objections) = campaign(Planted::Nothing);
    assert_eq!(objections.first(), None);
    assert!(looks > 120, "only {looks} remains were looked at");
}

#[test]
fn the_campaign_finds_a_disk_that_ignores_sync() {
    let (_, objections) = campaign(Planted::SyncDoesNothing);
    assert!(objections.len() > 20, "{}", objections.len());
}

#[test]
fn the_campaign_finds_header_copies_that_are_written_together() {
    let (_, objections) = campaign(Planted::HeaderCopiesTogether);
    assert!(!objections.is_empty());
}

#[test]
fn an_error_while_slots_change_ends_the_handle_and_loses_nothing() {
    let mut errors = 0;
    for at in 0..operations() {
        let (image, mut history) = before();
        let disk = SimulatedDisk::holding(image).with(Trouble::ErrorAt(at), Planted::Nothing);
        let disk = disk.recording();
        if let Err(error) = session(&disk, &mut history) {
            assert!(matches!(error, Error::Io(_)), "operation {at}: {error:?}");
            errors += 1;
        }
        let left = [disk.image(), disk.after_power_cut(at, 512).into()];
        let done = Acknowledged::steps(steps_acknowledged(&disk.marks()));
        for image in left {
            assert_eq!(objection(&image, &history, done), None, "operation {at}");
        }
    }
    assert!(errors > 20, "only {errors} operations failed");
}
