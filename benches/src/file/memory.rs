//! The most memory that an engine takes for the workload, in a process of its own.

use std::{path::Path, process::Command};

use anyhow::Context;

use super::{Size, engine::Kind};
use crate::{
    report::{Report, progress},
    workload::{PER_COMMIT, items, picks},
};

/// Caches that are tried, in MiB.
const CACHES_MIB: [usize; 2] = [8, 32];
/// Reads per time: what is to be read takes memory too.
const READS_A_TIME: u64 = 1_000;
const READS: u64 = 100;

/// Measures every engine, each in a process of its own.
pub(super) fn report(size: Size, report: &Report) -> anyhow::Result<()> {
    for cache_mib in CACHES_MIB {
        for kind in Kind::ALL {
            let name = kind.name();
            progress(format_args!(
                "peak memory of {name} with {cache_mib} MiB of cache"
            ));
            let peak = measured(Some(kind), size.records, cache_mib)?;
            report.line(&format!("peak_rss_{cache_mib}_mib_cache_{name}"), peak, "MiB");
        }
    }
    report.line("peak_rss_without_engine", measured(None, size.records, 0)?, "MiB");
    Ok(())
}

/// The peak of a process that runs the workload; without an engine, that of making the records.
fn measured(kind: Option<Kind>, records: u64, cache_mib: usize) -> anyhow::Result<f64> {
    let folder = tempfile::tempdir()?;
    let done = Command::new(std::env::current_exe()?)
        .args(["child", "peak"])
        .arg(folder.path().join("file"))
        .args([records.to_string(), cache_mib.to_string()])
        .args(kind.map(Kind::name))
        .output()?;
    let said = String::from_utf8_lossy(&done.stdout);
    let kib: f64 = said
        .trim()
        .parse()
        .with_context(|| String::from_utf8_lossy(&done.stderr).into_owned())?;
    Ok(kib / 1024.0)
}

/// What such a process does. It prints its peak in KiB.
#[expect(clippy::print_stdout, reason = "the parent reads it")]
pub(super) fn run(path: &Path, records: u64, cache_mib: usize, kind: Option<Kind>) -> anyhow::Result<()> {
    let cache_bytes = cache_mib << 20;
    let engine = kind.map(|kind| kind.create(path, cache_bytes)).transpose()?;
    for batch in 0..records.div_ceil(PER_COMMIT) {
        let begin = batch * PER_COMMIT;
        let items = items(begin..records.min(begin + PER_COMMIT));
        std::hint::black_box(&items);
        engine.as_ref().map_or(Ok(()), |engine| engine.import(&items))?;
    }
    drop(engine);
    if let Some(kind) = kind {
        let engine = kind.open(path, cache_bytes)?;
        for seed in 0..READS {
            engine.get_all(&picks(records, READS_A_TIME, seed))?;
        }
        engine.scan()?;
        let mut writer = engine.writers(1)?.pop().context("no writer")?;
        items(records..records + READS).iter().try_for_each(&mut writer)?;
    }
    println!("{}", peak_kib()?);
    Ok(())
}

/// The most memory that this process has had resident, in KiB.
fn peak_kib() -> anyhow::Result<u64> {
    let status =
        std::fs::read_to_string("/proc/self/status").context("peak memory is measured on Linux only")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|peak| peak.trim().strip_suffix(" kB"));
    Ok(peak
        .context("no VmHWM in the status of this process")?
        .trim()
        .parse()?)
}
