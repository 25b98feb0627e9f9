//! Power cuts at a size at which every commit changes several groups and directories, groups are evicted and
//! written back in the middle of transactions, extents are given up and taken again, and the file is cut.

use std::io;
use std::ops::Range;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::simulated_disk::{Handle, Planted, SimulatedDisk, Trouble};
use super::small_vault::{History, content, create, open};
use crate::disk::Disk;
use crate::layout::EXTENTS_AT;

const COMMITS: u32 = 6;

/// A mistake that is built in to prove that the simulator finds it.
#[derive(Clone, Copy, Debug)]
enum Plant {
    InTheDisk(Planted),
    /// Writing a node destroys the copy that the durable state names.
    NodesInPlace,
}

impl Plant {
    fn in_the_disk(self) -> Planted {
        match self {
            Self::InTheDisk(planted) => planted,
            Self::NodesInPlace => Planted::Nothing,
        }
    }
}

#[derive(Debug)]
struct NodesInPlace(Handle);

impl Disk for NodesInPlace {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if let Some(block) = offset.checked_sub(EXTENTS_AT).map(|at| at / 4096)
            && block % 20 < 4
        {
            let other_copy = EXTENTS_AT + (block ^ 1) * 4096;
            self.0.write_at(other_copy, &[0; 4096])?;
        }
        self.0.write_at(offset, bytes)
    }

    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.0.read_at(offset, bytes)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }

    fn try_lock(&self) -> io::Result<bool> {
        self.0.try_lock()
    }
}

#[derive(Debug, Default)]
struct Outcome {
    cuts: u32,
    objection: Option<String>,
}

fn trial(seed: u64, planted: Plant) -> Outcome {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let grain = [512, 64, 4096][rng.next_u32() as usize % 3];
    let mut history = History::new(seed);
    let mut outcome = Outcome::default();

    let disk = SimulatedDisk::default();
    let mut database = create(&disk, seed).unwrap();
    for _ in 0..rng.next_u32() % 4 {
        history.commit_one(&mut database).unwrap();
    }
    drop(database);
    let mut image = disk.seen();

    for session in 0..4 {
        // The first cut can come anywhere in a session, later ones come soon: while the file recovers.
        let within: Range<u64> = if session == 0 { 0..300 } else { 0..80 };
        let at = u64::from(rng.next_u32());
        let cut = match rng.next_u32() % 2 {
            0 => Trouble::CutAt(at % within.end),
            _ => Trouble::CutAtSync(at % (within.end / 16)),
        };
        let disk = SimulatedDisk::holding(image).with(cut, planted.in_the_disk());
        let survived = session_survives(&disk, planted, &mut history, rng.next_u64(), &mut outcome);
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
        session_survives(&disk, planted, &mut history, rng.next_u64(), &mut outcome);
    }
    outcome
}

/// Opens, compares, commits, closes. Returns whether power lasted.
fn session_survives(
    disk: &SimulatedDisk,
    planted: Plant,
    history: &mut History,
    seed: u64,
    outcome: &mut Outcome,
) -> bool {
    let mut run = || {
        let mut database = match planted {
            Plant::NodesInPlace => open(NodesInPlace(disk.handle()), seed)?,
            Plant::InTheDisk(_) => open(disk.handle(), seed)?,
        };
        let found = content(&database)?;
        if let Some(objection) = history.objection(&found) {
            outcome.objection = Some(objection);
            return Ok(());
        }
        history.continue_from(&found);
        for _ in 0..COMMITS {
            history.commit_one(&mut database)?;
        }
        drop(database);
        Ok::<_, String>(())
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
fn a_power_cut_at_any_moment_leaves_one_committed_state_of_a_file_with_many_nodes() {
    let mut cuts = 0;
    for seed in 0..trials(100) {
        let outcome = trial(seed, Plant::InTheDisk(Planted::Nothing));
        assert_eq!(outcome.objection, None, "seed {seed}");
        cuts += outcome.cuts;
    }
    assert!(cuts > 100, "only {cuts} cuts happened");
}

#[test]
fn the_simulator_finds_nodes_that_are_named_before_they_are_durable() {
    assert!(failures(Plant::InTheDisk(Planted::SlotBeforePages)) > 3);
}

#[test]
fn the_simulator_finds_a_sync_that_does_nothing() {
    assert!(failures(Plant::InTheDisk(Planted::SyncDoesNothing)) > 3);
}

#[test]
fn the_simulator_finds_nodes_that_are_overwritten_in_place() {
    assert!(failures(Plant::NodesInPlace) > 3);
}

fn failures(planted: Plant) -> usize {
    (0..40)
        .filter(|seed| trial(*seed, planted).objection.is_some())
        .count()
}
