//! Measurements, each beside its limit in the same run: `cargo run --release -p vault-benches -- file`.
//!
//! Nothing here passes or fails by time. Each figure is a line `bench<TAB>metric<TAB>value<TAB>unit`;
//! ratios are above 1 where we are faster, taken in alternation, and printed as the median of the
//! rounds with the smallest and the largest beside it.

mod file;
mod report;
mod stopwatch;
mod sync;
mod workload;

use std::path::PathBuf;

use clap::{Args, Parser};

/// Measures the project, each part beside its limit.
#[derive(Parser)]
enum Bench {
    /// The vault file beside plain redb in the same commit mode.
    File(Size),
    /// Sync end to end, beside the same entries written durably without it.
    Sync {
        /// Only 1 000 and 10 000 records and 20 devices, one round.
        #[arg(long)]
        quick: bool,
    },
    /// Serves devices of a benchmark.
    #[command(hide = true)]
    Serve {
        /// The server's folder.
        folder: PathBuf,
    },
}

/// How much is measured.
#[derive(Args, Clone, Copy)]
struct Size {
    /// Records of about 282 bytes.
    #[arg(long, default_value_t = 100_000)]
    records: usize,
    /// One round with a tenth of the records, to see that it works.
    #[arg(long)]
    quick: bool,
}

impl Size {
    const fn records(self) -> usize {
        if self.quick {
            self.records / 10
        } else {
            self.records
        }
    }

    const fn rounds(self) -> usize {
        if self.quick { 1 } else { 5 }
    }
}

fn main() -> anyhow::Result<()> {
    match Bench::parse() {
        Bench::File(size) => file::run(size.records(), size.rounds()),
        Bench::Sync { quick } => sync::run(quick),
        Bench::Serve { folder } => sync::serve(&folder),
    }
}
