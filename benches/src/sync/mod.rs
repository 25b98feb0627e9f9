//! Sync end to end, over QUIC on loopback: project, seal, send, store durably, acknowledge. Beside it,
//! its limit: the same entries written durably into a plain redb in this process.

mod cold;
mod crowd;
mod limit;
mod quiet;
mod relay;
mod serve;
mod stage;

use std::collections::BTreeMap;

pub(crate) use serve::serve;

use crate::report::{Report, progress};

/// How much is measured.
#[derive(Clone, Copy)]
struct Plan {
    /// Records of each cold sync, with the name that it goes by.
    sizes: &'static [(usize, &'static str)],
    /// Rounds of the sizes below a million.
    rounds: usize,
    /// Devices that are connected at once.
    devices: usize,
    /// Connections that are left idle.
    idle: usize,
}

const WHOLE: Plan = Plan {
    sizes: &[
        (1_000, "1k"),
        (10_000, "10k"),
        (100_000, "100k"),
        (1_000_000, "1m"),
    ],
    rounds: 3,
    devices: 200,
    idle: 400,
};
/// The metrics keep their names, so that the same lines are there; what they are of is said beside.
const QUICK: Plan = Plan {
    sizes: &[(1_000, "1k"), (10_000, "10k")],
    rounds: 1,
    devices: 20,
    idle: 50,
};

/// Figures by metric.
pub(crate) type Figures = BTreeMap<String, Vec<f64>>;

/// Prints every figure, each beside what it is to reach. With `quick`, the largest size stands for a
/// million and few devices for two hundred.
pub(crate) fn run(quick: bool, report: &Report) -> anyhow::Result<()> {
    let plan = if quick { QUICK } else { WHOLE };
    let runtime = tokio::runtime::Runtime::new()?;
    let mut figures = Figures::new();
    for &(records, name) in plan.sizes {
        let rounds = if records >= 1_000_000 { 1 } else { plan.rounds };
        for _ in 0..rounds {
            progress(format_args!("a first sync of {records} records"));
            runtime.block_on(cold::measure(records, name, &mut figures))?;
        }
    }
    progress(format_args!("quiet connections"));
    runtime.block_on(quiet::measure(plan.idle, &mut figures))?;
    progress(format_args!("{} devices at once", plan.devices));
    runtime.block_on(crowd::measure(plan.devices, &mut figures))?;
    let largest = plan.sizes.last().map_or("1m", |(_, name)| name);
    print(&figures, largest, report);
    if quick {
        report.line(
            "scaled_down",
            1.0,
            "yes: what is named 1m is of 10k, 200 devices are 20",
        );
    }
    Ok(())
}

/// Every metric with its unit and the limit that it is held against.
const METRICS: &[(&str, &str, &str)] = &[
    (
        "cold_sync_records_per_s_10k",
        "records/s",
        ">= 33334 (10 k in 0.3 s)",
    ),
    ("cold_sync_records_per_s_100k", "records/s", ""),
    (
        "cold_sync_records_per_s_1m",
        "records/s",
        ">= 33334 (1 M in 30 s)",
    ),
    ("cold_vs_limit", "ratio of wall time", ">= 0.6"),
    ("wire_bytes_per_payload_byte", "ratio", "<= 1.35"),
    ("incremental_100_ms_1k", "ms", "<= 10"),
    ("incremental_100_ms_1m", "ms", "<= 10"),
    ("incremental_ratio_1m_1k", "ratio", "<= 1.2"),
    ("nothing_changed_bytes", "bytes", "<= 2048 with 10 grants"),
    ("nothing_changed_roundtrips", "round trips", "1"),
    ("reconcile_1m_ms", "ms of CPU, both sides", "<= 200"),
    ("withdraw_1m_ms", "ms", "<= 100"),
    ("push_latency_ms", "ms", "<= 50"),
    ("idle_connection_kib", "KiB", "<= 24"),
    ("devices_200_batches_per_s", "batches/s", ""),
    ("devices_200_coalescing_gain", "times one device", ""),
];

fn print(figures: &Figures, largest: &str, report: &Report) {
    for (metric, unit, limit) in METRICS {
        let named = metric.replace("1m", largest);
        let unit = if limit.is_empty() {
            (*unit).to_owned()
        } else {
            format!("{unit}; {limit}")
        };
        match figures.get(*metric).or_else(|| figures.get(&named)) {
            Some(values) => report.line(metric, median(values), &unit),
            None => report.line(metric, f64::NAN, "not measured in this run"),
        }
    }
    for (metric, values) in figures {
        let is_above = METRICS
            .iter()
            .any(|(name, ..)| name == metric || name.replace("1m", largest) == *metric);
        if !is_above {
            report.line(metric, median(values), "");
        }
    }
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn note(figures: &mut Figures, metric: impl Into<String>, value: f64) {
    figures.entry(metric.into()).or_default().push(value);
}
