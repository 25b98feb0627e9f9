//! Many worlds, on all processors, and what became of them.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use harness::Dice;
use tempfile::TempDir;

use super::{
    planted::Planted,
    server::Machine,
    swarm::{Deed, Swarm},
    world::World,
};

/// Things that happen in one world.
const DEEDS: usize = 350;

/// What became of a world.
pub(crate) struct Lived {
    /// What happened.
    pub(crate) log: Vec<String>,
    /// How often.
    pub(crate) counts: BTreeMap<String, u64>,
}

/// Lives one world to its end. What was wrong, if anything was.
pub(crate) fn live(seed: u64, planted: Planted, trouble: &[(Deed, usize)]) -> Result<Lived, String> {
    let lived = catch_unwind(AssertUnwindSafe(|| {
        let mut dice = Dice::silent(seed);
        let swarm = Swarm::any(&mut dice).and_taking_back(seed).and(trouble);
        let mut world = World::with(dice, swarm, keys(), planted);
        for _ in 0..DEEDS {
            let deed = world.swarm.next(&mut world.dice);
            world.happen(deed);
        }
        world.settle();
        let World { log, counts, .. } = world;
        Lived { log, counts }
    }));
    lived.map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.unwrap_or_else(|| {
            panic
                .downcast_ref::<&str>()
                .copied()
                .unwrap_or("it panicked")
                .to_owned()
        })
    })
}

/// Lives worlds until a planted mistake is found, and says how it was.
pub(crate) fn until_caught(planted: Planted, trouble: &[(Deed, usize)], worlds: u64) -> String {
    (0..worlds)
        .find_map(|seed| live(seed, planted, trouble).err())
        .unwrap_or_else(|| panic!("{planted:?} was not found in {worlds} worlds"))
}

/// Lives so many worlds, or as many as the environment says, and tells what happened in them.
#[expect(
    clippy::print_stdout,
    reason = "a long run says how far it is, and any run what it has shown"
)]
pub(crate) fn many(worlds: u64) {
    let worlds = setting("VAULT_SIMULATION_WORLDS").unwrap_or(worlds);
    let first = setting("VAULT_SIMULATION_FIRST").unwrap_or(0);
    let (next, done) = (AtomicU64::new(0), AtomicU64::new(0));
    let (counts, wrong) = (Mutex::new(BTreeMap::<String, u64>::new()), Mutex::new(Vec::new()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= worlds {
                        break;
                    }
                    let seed = first + number;
                    match live(seed, Planted::Nothing, &[]) {
                        Ok(lived) => {
                            let mut sums = counts.lock().unwrap();
                            for (what, count) in lived.counts {
                                *sums.entry(what).or_default() += count;
                            }
                        }
                        Err(what) => {
                            println!("seed {seed}: {}", what.lines().next().unwrap_or_default());
                            wrong.lock().unwrap().push((seed, what));
                        }
                    }
                    let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                    if done.is_multiple_of(1_000) {
                        println!("{done} of {worlds} worlds, {} wrong", wrong.lock().unwrap().len());
                    }
                }
            });
        }
    });
    println!("{worlds} worlds from seed {first}");
    for (what, count) in counts.into_inner().unwrap() {
        println!("{count:>12} {what}");
    }
    let wrong = wrong.into_inner().unwrap();
    if let Some((seed, what)) = wrong.first() {
        panic!("{} worlds went wrong; seed {seed}: {what}", wrong.len());
    }
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().expect("a number"))
}

/// The server keys of every world: making them is slow, and what they are changes nothing.
pub(crate) fn keys() -> &'static Path {
    static KEYS: OnceLock<TempDir> = OnceLock::new();
    let folder = KEYS.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let clock = sync_server::clock::ManualClock::at("2026-11-21T08:00:00Z".parse().unwrap());
        Machine::new(folder.path(), clock.into(), &mut Dice::silent(0));
        folder
    });
    folder.path()
}
