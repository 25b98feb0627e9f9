//! When power fails at any moment, the file holds exactly one committed state, not older than the last one that
//! was acknowledged or shown. Also when power fails again while the file recovers, and when the process was
//! killed before. It then takes more transactions, and a check finds nothing wrong.
//!
//! The ordinary run makes 10,000 cuts. A long campaign, with progress and with a table at its end:
//!
//! ```text
//! VAULT_FILE_CUTS=1000000 cargo test --release -p vault-file --test promises -- \
//!     --ignored --exact power_cut::a_long_campaign --nocapture
//! ```
//!
//! `VAULT_FILE_SEED` begins at another seed: that of a failure replays it. Trials of several threads write the same
//! things each time, but the system chooses in which order; what the disk held is kept beside the build.

mod campaign;
mod model;
mod past;
mod trial;
mod workload;

use std::sync::atomic::{AtomicU64, Ordering};

use campaign::{Report, campaign};
use past::Beginning;
use trial::Plan;

use crate::remains::Damage;
use crate::simulated_disk::Planted;

const CUTS: u64 = if cfg!(debug_assertions) { 1_000 } else { 10_000 };

const NOTHING_PLANTED: Plan = Plan {
    beginning: None,
    threads: None,
    planted: Planted::Nothing,
    everywhere: false,
    damage: None,
};

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|number| number.parse().unwrap())
}

/// Fails with what is needed to look at a failure again.
fn assert_nothing_lost(report: Report) -> Report {
    if let Some((seed, objection)) = &report.first {
        let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cut-{seed}.vault"));
        let kept = std::fs::write(&path, objection.image.to_vec()).map(|()| path);
        panic!(
            "VAULT_FILE_SEED={seed}: {}; the disk held {kept:?}",
            objection.what
        );
    }
    report
}

fn survives(cuts: u64, plan: Plan) {
    let report = assert_nothing_lost(campaign(0, cuts, plan, true, |_| {}));
    assert!(report.cuts_on_top(2) > cuts / 20, "few second cuts");
    assert!(report.cuts_on_top(3) > cuts / 100, "few third cuts");
}

#[test]
fn a_power_cut_loses_nothing_that_one_writer_was_told_or_shown() {
    let plan = Plan {
        beginning: Some(Beginning::Created),
        threads: Some(1),
        ..NOTHING_PLANTED
    };
    survives(CUTS / 2, plan);
}

#[test]
fn a_power_cut_loses_nothing_that_three_writers_and_a_reader_were_told_or_shown() {
    let plan = Plan {
        beginning: Some(Beginning::Created),
        threads: Some(3),
        ..NOTHING_PLANTED
    };
    survives(CUTS / 4, plan);
}

#[test]
fn a_power_cut_loses_nothing_of_a_copy() {
    let plan = Plan {
        beginning: Some(Beginning::BackedUp),
        ..NOTHING_PLANTED
    };
    survives(CUTS / 8, plan);
}

#[test]
fn a_power_cut_loses_nothing_of_a_rewritten_file() {
    let plan = Plan {
        beginning: Some(Beginning::Rewritten),
        ..NOTHING_PLANTED
    };
    survives(CUTS / 8, plan);
}

#[test]
#[ignore = "takes as long as it is told to: see the head of this file"]
#[expect(clippy::print_stderr, reason = "a long campaign says how far it is")]
fn a_long_campaign() {
    let cuts = from_environment("VAULT_FILE_CUTS").unwrap_or(CUTS);
    let seed = from_environment("VAULT_FILE_SEED").unwrap_or(0);
    let said = AtomicU64::new(0);
    let progress = |report: &Report| {
        let hundredth = report.cuts * 100 / cuts;
        if said.fetch_max(hundredth, Ordering::Relaxed) < hundredth {
            eprintln!(
                "{hundredth:>3} %  {} cuts, {} failures",
                report.cuts, report.failures
            );
        }
    };
    let report = assert_nothing_lost(campaign(seed, cuts, NOTHING_PLANTED, true, progress));
    eprintln!("{}", report.table());
}

#[test]
fn every_write_resize_and_sync_is_survived() {
    let plan = Plan {
        everywhere: true,
        ..NOTHING_PLANTED
    };
    let records = if cfg!(debug_assertions) { 1 } else { 3 };
    for seed in 0..records {
        assert_nothing_lost(campaign(seed, 1, plan, true, |_| {}));
    }
}

/// How many of so many cuts are found to have lost something.
fn failures(planted: Planted) -> (u64, u64) {
    let plan = Plan {
        planted,
        ..NOTHING_PLANTED
    };
    let report = campaign(0, CUTS / 20, plan, false, |_| {});
    (report.failures, report.cuts)
}

#[test]
fn the_simulator_finds_a_disk_that_ignores_sync() {
    let (found, cuts) = failures(Planted::SyncDoesNothing);
    assert!(found > cuts / 4, "{found} of {cuts}");
}

#[test]
fn the_simulator_finds_a_disk_that_loses_one_late_write() {
    let (found, cuts) = failures(Planted::LosesALateWrite);
    assert!(found > cuts / 20, "{found} of {cuts}");
}

#[test]
fn the_simulator_finds_a_disk_that_writes_past_a_sync() {
    let (found, cuts) = failures(Planted::ReordersPastASync);
    assert!(found > cuts / 20, "{found} of {cuts}");
}

#[test]
fn the_simulator_finds_a_slot_that_is_durable_before_its_pages() {
    let (found, cuts) = failures(Planted::SlotBeforePages);
    assert!(found > cuts / 100, "{found} of {cuts}");
}

#[test]
fn the_simulator_finds_a_slot_that_is_overwritten_in_place() {
    let (found, cuts) = failures(Planted::SlotInPlace);
    assert!(found > cuts / 100, "{found} of {cuts}");
}

#[test]
fn the_simulator_finds_an_acknowledgement_before_the_sync() {
    let (found, cuts) = failures(Planted::RecordNotSynced);
    assert!(found > cuts / 20, "{found} of {cuts}");
}

#[test]
fn the_simulator_finds_a_journal_that_begins_anew_before_the_fold_is_durable() {
    let (found, cuts) = failures(Planted::SlotLingers);
    assert!(found > cuts / 20, "{found} of {cuts}");
}

/// A disk that cannot finish the sector it is writing may lose what was in it, all of it, and not only the part
/// that was written: nothing else lies in a sector that is written.
#[test]
fn a_disk_that_destroys_whole_sectors_hurts_nothing_beside_what_was_written() {
    let plan = Plan {
        damage: Some(Damage::Destroys(4096)),
        ..NOTHING_PLANTED
    };
    assert_nothing_lost(campaign(0, CUTS / 5, plan, true, |_| {}));
}
