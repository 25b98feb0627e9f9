//! What one thread, or several that share a sync, had acknowledged or could read is there after a loss of
//! power, whether it hit an append, a fold, a replay or the next opening.
//!
//! `VAULT_FILE_CUTS` sets the number of trials, for long campaigns.

use std::thread;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use vault_file::{Error, Options, SealedFile};

use crate::history::{content, create_with, open_with, small_journal};
use crate::ledger::Ledger;
use crate::simulated_disk::{Planted, SimulatedDisk, Trouble};

/// Commits of a session that lasts.
const COMMITS: u64 = 36;
const SESSIONS: usize = 4;

/// Six records, then a fold.
fn options() -> Options {
    small_journal(6 * 4096)
}

#[derive(Debug, Default)]
struct Outcome {
    cuts: u32,
    objection: Option<String>,
}

fn trial(seed: u64, threads: u64, planted: Planted) -> Outcome {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let grain = [4096, 512, 64][rng.next_u32() as usize % 3];
    let ledger = Ledger::default();
    let mut outcome = Outcome::default();

    let disk = SimulatedDisk::default();
    drop(create_with(disk.handle(), seed, &options()).unwrap());
    let mut image = disk.seen();
    for session in 0..SESSIONS {
        // The first cut can come anywhere in a session, later ones come soon: while the file recovers.
        let early = session > 0;
        let cut = match rng.next_u32() % 2 {
            0 => Trouble::CutAt(u64::from(rng.next_u32()) % if early { 30 } else { 180 }),
            _ => Trouble::CutAtSync(u64::from(rng.next_u32()) % if early { 10 } else { 60 }),
        };
        let disk = SimulatedDisk::holding(image).with(cut, planted);
        let survived = session_survives(&disk, &ledger, threads, rng.next_u64(), &mut outcome);
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
        session_survives(&disk, &ledger, threads, rng.next_u64(), &mut outcome);
    }
    outcome
}

/// Opens, compares, commits, closes. Returns whether power lasted; sets the objection if anything but the loss
/// of power went wrong.
fn session_survives(
    disk: &SimulatedDisk,
    ledger: &Ledger,
    threads: u64,
    seed: u64,
    outcome: &mut Outcome,
) -> bool {
    let mut run = || {
        let file = open_with(disk.handle(), seed, &options())?;
        let found = content(&file)?;
        if let Some(objection) = ledger.objection(&found) {
            outcome.objection = Some(objection);
            return Ok(());
        }
        ledger.continue_from(&found);
        write_and_look(&file, ledger, threads)
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

/// Every thread writes; now and then one looks at what is there.
fn write_and_look(file: &SealedFile, ledger: &Ledger, threads: u64) -> Result<(), Error> {
    let work = || -> Result<(), Error> {
        for _ in 0..COMMITS / threads {
            if ledger.write(file)? % 5 == 0 {
                ledger.look(file)?;
            }
        }
        Ok(())
    };
    if threads == 1 {
        return work();
    }
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap())
    })
}

fn trials(default: u64) -> u64 {
    std::env::var("VAULT_FILE_CUTS").map_or(default, |number| number.parse().unwrap())
}

fn nothing_is_lost(threads: u64, default_trials: u64) {
    let mut cuts = 0;
    for seed in 0..trials(default_trials) {
        let outcome = trial(seed, threads, Planted::Nothing);
        assert_eq!(outcome.objection, None, "seed {seed}, {threads} threads");
        cuts += u64::from(outcome.cuts);
    }
    assert!(cuts > default_trials, "only {cuts} cuts happened");
}

#[test]
fn a_power_cut_loses_nothing_that_one_thread_was_told_or_shown() {
    nothing_is_lost(1, 150);
}

#[test]
fn a_power_cut_loses_nothing_that_three_threads_were_told_or_shown() {
    nothing_is_lost(3, 100);
}

#[test]
fn the_simulator_finds_an_acknowledgement_before_the_sync() {
    assert!(failures(Planted::RecordNotSynced) > 5);
}

#[test]
fn the_simulator_finds_a_journal_that_begins_anew_before_the_fold_is_durable() {
    assert!(failures(Planted::SlotLingers) > 5);
}

fn failures(planted: Planted) -> usize {
    (0..40)
        .filter(|seed| trial(*seed, 1, planted).objection.is_some())
        .count()
}
