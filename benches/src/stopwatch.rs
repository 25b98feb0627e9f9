//! Wall and processor time of one piece of work.

use std::{
    ops::AddAssign,
    time::{Duration, Instant},
};

use cpu_time::ProcessTime;

/// What a piece of work took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Took {
    pub(crate) wall: Duration,
    /// Processor time of the whole process.
    pub(crate) cpu: Duration,
}

impl AddAssign for Took {
    fn add_assign(&mut self, other: Self) {
        self.wall += other.wall;
        self.cpu += other.cpu;
    }
}

/// A stopwatch that runs.
pub(crate) struct Stopwatch {
    wall: Instant,
    cpu: ProcessTime,
}

/// Starts a stopwatch.
#[expect(clippy::disallowed_methods, reason = "measuring is what a benchmark is for")]
pub(crate) fn start() -> Stopwatch {
    Stopwatch {
        cpu: ProcessTime::now(),
        wall: Instant::now(),
    }
}

impl Stopwatch {
    /// What was taken since it started.
    pub(crate) fn took(&self) -> Took {
        Took {
            wall: self.wall.elapsed(),
            cpu: self.cpu.elapsed(),
        }
    }
}

/// Does a piece of work and says what it took.
pub(crate) fn timed<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(T, Took)> {
    let stopwatch = start();
    let done = work()?;
    Ok((done, stopwatch.took()))
}
