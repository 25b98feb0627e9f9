//! Power cuts at a size at which every commit changes several groups and directories, groups are evicted and
//! written back in the middle of transactions, extents are given up and taken again, and the file is cut.

use std::io;

use super::dice::Dice;
use super::remains::{Damage, Remains};
use super::simulated_disk::{Event, Handle, Mark, Planted, Record, SimulatedDisk};
use super::small_vault::{History, content, create, open};
use crate::disk::Disk;
use crate::layout::EXTENTS_AT;

const SESSIONS: u32 = 3;
const COMMITS: usize = 6;
const CUTS_OF_A_SESSION: u32 = 4;

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

/// Runs sessions, each from what a power cut left of the one before, and cuts each at several moments. Returns
/// what is wrong, if anything is.
fn objection(seed: u64, planted: Plant) -> Option<String> {
    let mut dice = Dice::new(seed);
    let mut history = History::new(seed);
    let disk = SimulatedDisk::default();
    let mut database = create(&disk, seed).unwrap();
    for _ in 0..dice.below(4) {
        history.commit_one(&mut database).unwrap();
    }
    drop(database);
    let mut image = disk.image();
    for _ in 0..SESSIONS {
        let disk = SimulatedDisk::holding(image).recording();
        if let Err(objection) = run(&disk, planted, &mut history, dice.seed(), 1 + dice.below(COMMITS)) {
            return Some(objection);
        }
        let record = disk.take_record();
        let mut left = None;
        for _ in 0..CUTS_OF_A_SESSION {
            let cut = moment(&record, &mut dice);
            let mut remains = Remains::new(&record, planted.in_the_disk());
            remains.advance_to(cut);
            let damage = Damage::Tears(*dice.pick(&[64, 512, 4096]));
            let found = remains.image(&mut dice, damage);
            let mut history = history.clone();
            history.acknowledged = acknowledged(&record, cut);
            let disk = SimulatedDisk::holding(found.clone());
            let commits = dice.below(3);
            let again = run(&disk, planted, &mut history, dice.seed(), commits)
                .and_then(|()| run(&disk, planted, &mut history, dice.seed(), 0));
            if let Err(objection) = again {
                return Some(objection);
            }
            left = Some((found, acknowledged(&record, cut)));
        }
        let (found, acknowledged) = left?;
        history.acknowledged = acknowledged;
        image = found;
    }
    None
}

/// Opens, compares, commits, closes.
fn run(
    disk: &SimulatedDisk,
    planted: Plant,
    history: &mut History,
    seed: u64,
    commits: usize,
) -> Result<(), String> {
    disk.mark(Mark::AtLeast(history.acknowledged));
    let mut database = match planted {
        Plant::NodesInPlace => open(NodesInPlace(disk.handle()), seed)?,
        Plant::InTheDisk(_) => open(disk.handle(), seed)?,
    };
    let found = content(&database)?;
    if let Some(objection) = history.objection(&found) {
        return Err(objection);
    }
    history.continue_from(&found);
    disk.mark(Mark::AtLeast(history.acknowledged));
    for _ in 0..commits {
        history.commit_one(&mut database)?;
        disk.mark(Mark::AtLeast(history.acknowledged));
    }
    Ok(())
}

/// Anywhere in a record, or, as often, while one of the syncs is under way: then most is at stake.
fn moment(record: &Record, dice: &mut Dice) -> usize {
    let entries = (1..).zip(&record.entries);
    let in_a_sync = entries.filter(|(_, entry)| matches!(entry.event, Event::SyncBegun(_)));
    let in_a_sync: Vec<usize> = in_a_sync.map(|(behind, _)| behind).collect();
    if dice.one_in(2) && !in_a_sync.is_empty() {
        *dice.pick(&in_a_sync)
    } else {
        dice.below(record.entries.len() + 1)
    }
}

/// The last version that was durable for sure.
fn acknowledged(record: &Record, cut: usize) -> u64 {
    let marks = record.entries[..cut].iter().rev();
    let mut marks = marks.filter_map(|entry| match entry.event {
        Event::Mark(Mark::AtLeast(version)) => Some(version),
        _ => None,
    });
    marks.next().unwrap_or(0)
}

fn trials(default: u64) -> u64 {
    std::env::var("VAULT_FILE_CUTS").map_or(default, |number| number.parse().unwrap())
}

#[test]
fn a_power_cut_at_any_moment_leaves_one_committed_state_of_a_file_with_many_nodes() {
    for seed in 0..trials(60) {
        let objection = objection(seed, Plant::InTheDisk(Planted::Nothing));
        assert_eq!(objection, None, "seed {seed}");
    }
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
    (0..20).filter(|seed| objection(*seed, planted).is_some()).count()
}
