//! Many trials, on every core, until so many cuts were made.

use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use super::trial::{Objection, Plan, Tally, trial};

/// What a campaign found.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) trials: u64,
    pub(super) cuts: u64,
    pub(super) tally: Tally,
    /// Trials in which something was wrong, and how many images that were.
    pub(super) failed_trials: u64,
    pub(super) failures: u64,
    pub(super) first: Option<(u64, Objection)>,
}

impl Report {
    pub(super) fn table(&self) -> String {
        let mut table = format!(
            "{} cuts in {} trials, {} failures\n",
            self.cuts, self.trials, self.failures
        );
        for ((depth, during), count) in &self.tally {
            let _ = writeln!(table, "{count:>9}  cut {depth}, {during}");
        }
        table
    }

    /// How many cuts were the `depth`th in a row.
    pub(super) fn cuts_on_top(&self, depth: usize) -> u64 {
        let at_depth = self.tally.iter().filter(|((cut, _), _)| *cut == depth);
        at_depth.map(|(_, count)| count).sum()
    }

    fn add(&mut self, seed: u64, outcome: super::trial::Outcome) {
        self.trials += 1;
        self.cuts += outcome.tally.values().sum::<u64>();
        for (place, count) in outcome.tally {
            *self.tally.entry(place).or_default() += count;
        }
        self.failures += outcome.objections.len() as u64;
        self.failed_trials += u64::from(!outcome.objections.is_empty());
        if let (None, Some(objection)) = (&self.first, outcome.objections.into_iter().next()) {
            self.first = Some((seed, objection));
        }
    }
}

/// Runs trials from `first_seed` on until `cuts` were made or, if that is wanted, one failed.
pub(super) fn campaign(
    first_seed: u64,
    cuts: u64,
    plan: Plan,
    stops_at_failure: bool,
    progress: impl Fn(&Report) + Sync,
) -> Report {
    let report = Mutex::new(Report::default());
    let (next, done) = (AtomicU64::new(first_seed), AtomicBool::new(false));
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let outcome = trial(seed, plan);
                    let mut report = report.lock().unwrap();
                    report.add(seed, outcome);
                    let failed = stops_at_failure && report.failures > 0;
                    if report.cuts >= cuts || failed {
                        done.store(true, Ordering::Relaxed);
                    }
                    progress(&report);
                }
            });
        }
    });
    report.into_inner().unwrap()
}
