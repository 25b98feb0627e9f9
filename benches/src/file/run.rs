//! What one engine took in one round.

use crate::stopwatch::Took;

/// What one engine took for each part of one round.
#[derive(Clone, Copy, Default)]
pub(super) struct Run {
    pub(super) import: Took,
    /// A tenth as many records, inserted row by row.
    pub(super) insert: Took,
    pub(super) warm_get: Took,
    pub(super) scan: Took,
    pub(super) cold_get: Took,
    pub(super) commits: Took,
    /// The same from four threads.
    pub(super) commits_4: Took,
    /// Opening a file that was closed and reading one record.
    pub(super) unlock: Took,
    /// The same after the process that wrote to it was killed.
    pub(super) open_after_crash: Took,
    /// The file as it is after the import, closed.
    pub(super) file_bytes: u64,
}
