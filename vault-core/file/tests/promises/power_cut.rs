//! When power fails at any moment, the file holds exactly one committed state, not older than the last one
//! that was acknowledged. Also when it fails again while the file recovers.
//!
//! `VAULT_FILE_CUTS` sets the number of trials, for long campaigns.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::history::{History, content, create, open};
use crate::simulated_disk::{Planted, SimulatedDisk, Trouble};

const COMMITS: usize = 10;

#[derive(Debug, Default)]
struct Outcome {
    cuts: u32,
    objection: Option<String>,
}

/// Runs a history, cuts the power once or several times, and compares.
fn trial(seed: u64, planted: Planted) -> Outcome {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let grain = if rng.next_u32().is_multiple_of(2) { 512 } else { 64 };
    let mut history = History::new(seed);
    let mut outcome = Outcome::default();

    // Creating the file is not cut here: a file gets its name only after it was created and synced.
    let disk = SimulatedDisk::default();
    let file = create(disk.handle(), seed).unwrap();
    let first_commits = rng.next_u32() as usize % 3;
    for _ in 0..first_commits {
        history.commit_one(&file).unwrap();
    }
    drop(file);
    let mut image = disk.seen();

    for session in 0..4 {
        // The first cut can come anywhere in a session, later ones come soon: while the file recovers.
        let early = session > 0;
        let cut = match rng.next_u32() % 2 {
            0 => Trouble::CutAt(u64::from(rng.next_u32()) % if early { 40 } else { 260 }),
            _ => Trouble::CutAtSync(u64::from(rng.next_u32()) % if early { 6 } else { 24 }),
        };
        let disk = SimulatedDisk::holding(image).with(cut, planted);
        let survived = session_survives(&disk, &mut history, rng.next_u64(), &mut outcome);
        if outcome.objection.is_some() {
            return outcome;
        }
        if survived {
            image = disk.seen();
            break;
        }
        outcome.cuts += 1;
        image = disk.after_power_cut(rng.next_u64(), grain);
    }

    let disk = SimulatedDisk::holding(image);
    for _ in 0..2 {
        session_survives(&disk, &mut history, rng.next_u64(), &mut outcome);
    }
    outcome
}

/// Opens, compares, commits, closes. Returns whether power lasted; sets the objection if anything but the
/// loss of power went wrong.
fn session_survives(disk: &SimulatedDisk, history: &mut History, seed: u64, outcome: &mut Outcome) -> bool {
    let mut run = || {
        let file = open(disk.handle(), seed)?;
        let found = content(&file)?;
        if let Some(objection) = history.objection(&found) {
            outcome.objection = Some(objection);
            return Ok(());
        }
        history.continue_from(&found);
        for _ in 0..COMMITS {
            history.commit_one(&file)?;
        }
        Ok::<_, vault_file::Error>(())
    };
    match run() {
        Ok(()) => !disk.is_dark(),
        Err(_) if disk.is_dark() => false,
        Err(error) => {
            outcome.objection.get_or_insert(format!("refused: {error}"));
            false
        }
    }
}

fn trials(default: u64) -> u64 {
    std::env::var("VAULT_FILE_CUTS").map_or(default, |number| number.parse().unwrap())
}

#[test]
fn a_power_cut_at_any_moment_loses_nothing_that_was_acknowledged() {
    let mut cuts = 0;
    for seed in 0..trials(120) {
        let outcome = trial(seed, Planted::Nothing);
        assert_eq!(outcome.objection, None, "seed {seed}");
        cuts += outcome.cuts;
    }
    assert!(cuts > 100, "only {cuts} cuts happened");
}

#[test]
fn the_simulator_finds_a_disk_that_ignores_sync() {
    assert!(failures(Planted::SyncDoesNothing) > 5);
}

#[test]
fn the_simulator_finds_a_slot_that_is_durable_before_its_pages() {
    assert!(failures(Planted::SlotBeforePages) > 5);
}

#[test]
fn the_simulator_finds_a_slot_that_is_overwritten_in_place() {
    assert!(failures(Planted::SlotInPlace) > 5);
}

fn failures(planted: Planted) -> usize {
    (0..40)
        .filter(|seed| trial(*seed, planted).objection.is_some())
        .count()
}
