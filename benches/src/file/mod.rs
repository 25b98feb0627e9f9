//! The vault file beside plain redb in the same commit mode, SQLCipher, and SQLite without a key.

mod crash;
mod engine;
mod figures;
mod memory;
mod plain_redb;
mod round;
mod run;
mod sealed;
mod sqlite;

use std::path::PathBuf;

use clap::Subcommand;

use crate::{report::Report, workload};
use engine::Kind;

/// The cache that each engine gets, unless memory itself is measured.
const CACHE_BYTES: usize = 1 << 30;

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) records: u64,
    pub(crate) rounds: u32,
}

impl Size {
    /// Reads after one opening: few enough that most of them meet a page that nobody has read before.
    fn cold_reads(self) -> u64 {
        (self.records / 10).clamp(2, 100_000)
    }

    /// How often the file is opened for them: often enough to measure.
    fn openings(self) -> u64 {
        (50_000 / self.cold_reads()).clamp(1, 20)
    }

    /// How many transactions insert row by row, a tenth of the import or more.
    fn insert_batches(self) -> u64 {
        (self.records / 10).div_ceil(workload::PER_COMMIT)
    }

    /// How often the index is walked.
    fn scans(self) -> u64 {
        (1_000_000 / self.records).clamp(1, 50)
    }
}

/// Runs all rounds and prints the figures.
pub(crate) fn run(size: Size, report: &Report) -> anyhow::Result<()> {
    let mut rounds = Vec::new();
    for number in 0..size.rounds {
        let folder = tempfile::tempdir()?;
        rounds.push(round::run(size, number, folder.path())?);
    }
    figures::print(size, &rounds, report);
    memory::report(size, report)
}

/// Parts that need a process of their own.
#[derive(Subcommand)]
pub(crate) enum Child {
    /// Commits records one by one until it is killed.
    Write { kind: Kind, path: PathBuf, first: u64 },
    /// Runs the workload and prints the most memory that it took, in KiB.
    Peak {
        path: PathBuf,
        records: u64,
        cache_mib: usize,
        kind: Option<Kind>,
    },
}

impl Child {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        match self {
            Self::Write { kind, path, first } => crash::write(*kind, path, *first),
            Self::Peak {
                path,
                records,
                cache_mib,
                kind,
            } => memory::run(path, *records, *cache_mib, *kind),
        }
    }
}
