//! Wall and processor time of one piece of work.

use std::time::{Duration, Instant};

use cpu_time::ProcessTime;

/// What a piece of work took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Took {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
}

/// Does a piece of work and says what it took.
pub(crate) fn timed<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(T, Took)> {
    let cpu = ProcessTime::now();
    #[expect(clippy::disallowed_methods, reason = "measuring is what a benchmark is for")]
    let wall = Instant::now();
    let done = work()?;
    Ok((done, Took { wall: wall.elapsed(), cpu: cpu.elapsed() }))
}
