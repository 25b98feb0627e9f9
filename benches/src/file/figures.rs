//! From what every engine took to the figures that are printed.

use std::time::Duration;

use super::{Size, engine::Kind, run::Run};
use crate::{report::Report, stopwatch::Took, workload::PER_COMMIT};

/// One part of the workload.
struct Part {
    name: &'static str,
    took: fn(&Run) -> Took,
    /// How often it does what a figure is given for.
    times: u64,
    per: &'static str,
}

/// Prints all figures of these rounds.
pub(super) fn print(size: Size, rounds: &[Vec<(Kind, Run)>], report: &Report) {
    report.line("records", size.records as f64, "records");
    report.line("rounds", rounds.len() as f64, "rounds");
    let parts = parts(size);
    for part in &parts {
        for peer in [Kind::Redb, Kind::Sqlcipher, Kind::Sqlite] {
            ratios(part, peer, rounds, report);
        }
    }
    for peer in [Kind::Redb, Kind::Sqlcipher, Kind::Sqlite] {
        let sizes = bytes(Kind::Vault, rounds)
            .zip(bytes(peer, rounds))
            .map(|(ours, theirs)| ours / theirs)
            .collect();
        report.spread(
            &format!("size_vs_{}", peer.name()),
            sizes,
            "ratio of bytes, below 1 is smaller",
        );
    }
    opening(
        "open_after_crash_ms",
        |run| run.open_after_crash,
        1,
        rounds,
        report,
    );
    opening(
        "unlock_without_kdf_ms",
        |run| run.unlock,
        size.openings(),
        rounds,
        report,
    );
    for kind in Kind::ALL {
        for part in &parts {
            absolute(part, kind, rounds, report);
        }
        let megabytes = bytes(kind, rounds).map(|bytes| bytes / 1e6).collect();
        report.line(&format!("file_{}", kind.name()), median(megabytes), "MB");
    }
}

fn parts(size: Size) -> [Part; 7] {
    let part = |name, took, times, per| Part {
        name,
        took,
        times,
        per,
    };
    let single = super::round::COMMITS;
    [
        part("import", |run: &Run| run.import, size.records, "a record"),
        part(
            "insert",
            |run: &Run| run.insert,
            size.insert_batches() * PER_COMMIT,
            "a record",
        ),
        part(
            "warm_get",
            |run: &Run| run.warm_get,
            super::round::WARM_READS,
            "a read",
        ),
        part(
            "cold_get",
            |run: &Run| run.cold_get,
            size.openings() * (size.cold_reads() - 1),
            "a read",
        ),
        part(
            "scan",
            |run: &Run| run.scan,
            size.scans() * size.records,
            "an entry",
        ),
        part("commit", |run: &Run| run.commits, single, "a commit"),
        part("commit_4_threads", |run: &Run| run.commits_4, single, "a commit"),
    ]
}

/// How many times as fast as a peer we were, round by round.
fn ratios(part: &Part, peer: Kind, rounds: &[Vec<(Kind, Run)>], report: &Report) {
    let metric = format!("{}_vs_{}", part.name, peer.name());
    let ratio = |of: fn(Took) -> Duration| {
        let took = |kind| runs(kind, rounds).map(|run| of((part.took)(run)).as_secs_f64());
        took(peer)
            .zip(took(Kind::Vault))
            .map(|(theirs, ours)| theirs / ours)
            .collect()
    };
    report.spread(&metric, ratio(|took| took.wall), "ratio of wall time");
    report.spread(
        &format!("{metric}_cpu"),
        ratio(|took| took.cpu),
        "ratio of processor time",
    );
}

/// What a part took an engine, the median of the rounds.
fn absolute(part: &Part, kind: Kind, rounds: &[Vec<(Kind, Run)>], report: &Report) {
    let metric = format!("{}_{}", part.name, kind.name());
    let micros = |of: fn(Took) -> Duration| {
        let each = runs(kind, rounds).map(|run| of((part.took)(run)).as_secs_f64() * 1e6 / part.times as f64);
        median(each.collect())
    };
    let per = part.per;
    report.line(&metric, micros(|took| took.wall), &format!("µs {per}, wall time"));
    report.line(
        &format!("{metric}_cpu"),
        micros(|took| took.cpu),
        &format!("µs {per}, processor time"),
    );
}

/// How long opening takes, ours under the plain name.
fn opening(metric: &str, took: fn(&Run) -> Took, times: u64, rounds: &[Vec<(Kind, Run)>], report: &Report) {
    for kind in Kind::ALL {
        let each = runs(kind, rounds).map(|run| took(run).wall.as_secs_f64() * 1e3 / times as f64);
        match kind {
            Kind::Vault => report.spread(metric, each.collect(), "ms"),
            peer => report.line(&format!("{metric}_{}", peer.name()), median(each.collect()), "ms"),
        }
    }
}

fn runs(kind: Kind, rounds: &[Vec<(Kind, Run)>]) -> impl Iterator<Item = &Run> {
    rounds
        .iter()
        .flatten()
        .filter_map(move |(of, run)| (*of == kind).then_some(run))
}

fn bytes(kind: Kind, rounds: &[Vec<(Kind, Run)>]) -> impl Iterator<Item = f64> {
    runs(kind, rounds).map(|run| run.file_bytes as f64)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
