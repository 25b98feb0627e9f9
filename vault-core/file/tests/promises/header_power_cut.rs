//! When power fails while key slots change, at any moment, the file opens, holds what was committed, and its
//! slots are those before or after the change, never fewer; a change that was acknowledged counts.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use vault_file::{Error, NewSlot, RawKey, SealedFile, Secret, Table};

use crate::history::{History, content, entropy, key, small_cache};
use crate::simulated_disk::{Planted, SimulatedDisk, Trouble};

const SEED: u64 = 23;
/// How often the remains of one cut are looked at, with other pieces surviving.
const LOOKS: u32 = 2;
/// The same where a header was being written.
const LOOKS_AT_HEADERS: u32 = 20;

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
    third_added: bool,
    second_removed: bool,
}

fn session(disk: &SimulatedDisk, history: &mut History, done: &mut Acknowledged) -> Result<(), Error> {
    let file = open(disk, &key())?;
    history.commit_one(&file)?;
    // A transaction that is under way, more than the cache holds, so that some of its pages are on the disk.
    let transaction = file.write()?;
    let mut pending = transaction.table(&Table::new("pending"))?;
    for number in 0..12u8 {
        pending.insert(&[number], &[number; 150_000])?;
    }
    file.add_slot(NewSlot::RawKey(&third()))?;
    done.third_added = true;
    drop(pending);
    transaction.abort();
    history.commit_one(&file)?;
    file.remove_slot(file.slots()[1].id)?;
    done.second_removed = true;
    history.commit_one(&file)
}

/// What is wrong with the remains, if anything is.
fn objection(image: &[u8], history: &History, done: Acknowledged) -> Option<String> {
    let opens = |key: &RawKey| match open(&SimulatedDisk::holding(image.to_vec()), key) {
        Ok(_) => Ok(true),
        Err(Error::WrongSecret) => Ok(false),
        Err(error) => Err(error.to_string()),
    };
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
        let file =
            open(&SimulatedDisk::holding(image.to_vec()), &key()).map_err(|error| error.to_string())?;
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
    session(&disk, &mut history, &mut Acknowledged::default()).unwrap();
    disk.operations()
}

/// How many remains there were, and the first objection.
fn campaign(planted: Planted) -> (u32, Vec<String>) {
    let mut rng = ChaCha20Rng::seed_from_u64(SEED);
    let (mut looks, mut objections) = (0, Vec::new());
    for at in 0..operations() {
        let (image, mut history) = before();
        let disk = SimulatedDisk::holding(image).with(Trouble::CutAt(at), planted);
        let mut done = Acknowledged::default();
        let _ = session(&disk, &mut history, &mut done);
        let at_header = disk.header_is_at_stake();
        for _ in 0..if at_header { LOOKS_AT_HEADERS } else { LOOKS } {
            let grain = [512, 64][rng.next_u32() as usize % 2];
            let image = disk.after_power_cut(rng.next_u64(), grain);
            looks += 1;
            objections
                .extend(objection(&image, &history, done).map(|what| format!("operation {at}: {what}")));
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
        let mut done = Acknowledged::default();
        if let Err(error) = session(&disk, &mut history, &mut done) {
            assert!(matches!(error, Error::Io(_)), "operation {at}: {error:?}");
            errors += 1;
        }
        for image in [disk.seen(), disk.after_power_cut(at, 512)] {
            assert_eq!(objection(&image, &history, done), None, "operation {at}");
        }
    }
    assert!(errors > 20, "only {errors} operations failed");
}
