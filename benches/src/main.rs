//! Measurements, each beside its limit and its peers in the same run. `README.md` says how to read them.
//!
//! Nothing here passes or fails by time. Each figure is a line `bench<TAB>metric<TAB>value<TAB>unit`;
//! ratios are taken in alternation and printed as the median of the rounds, with the smallest and the
//! largest beside it. What is being done goes to standard error.

mod file;
mod report;
mod stopwatch;
mod sync;
mod workload;

use std::path::PathBuf;

use clap::{Args, Parser};
use report::Report;

/// Measures the project, each part beside its limit and its peers.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    bench: Bench,
    /// One JSON object a line.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Parser)]
enum Bench {
    /// The vault file beside plain redb in the same commit mode, SQLCipher, and SQLite without a key.
    File(Size),
    /// Sync end to end, beside the same entries written durably without it.
    Sync {
        /// Only 1 000 and 10 000 records and 20 devices, one round.
        #[arg(long)]
        quick: bool,
    },
    /// Runs part of `file` in a process of its own.
    #[command(hide = true, subcommand)]
    Child(file::Child),
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
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1_000..=100_000_000))]
    records: u64,
    /// How often everything is repeated.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: u32,
    /// One round with a tenth of the records, to see that it works.
    #[arg(long)]
    quick: bool,
}

impl Size {
    fn chosen(self) -> file::Size {
        let (records, rounds) = if self.quick {
            (self.records.div_ceil(10), 1)
        } else {
            (self.records, self.rounds)
        };
        file::Size { records, rounds }
    }
}

fn main() -> anyhow::Result<()> {
    let Cli { bench, json } = Cli::parse();
    let report = |bench| Report { bench, json };
    match bench {
        Bench::File(size) => file::run(size.chosen(), &report("file")),
        Bench::Sync { quick } => sync::run(quick, &report("sync")),
        Bench::Child(child) => child.run(),
        Bench::Serve { folder } => sync::serve(&folder),
    }
}
