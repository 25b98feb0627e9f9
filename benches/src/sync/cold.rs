//! A first sync, and what follows it: some changes, a restored copy, a withdrawal.

use super::{Figures, limit::write_plainly, note, stage};

const EDITS: usize = 100;
/// Syncs of some changes, of which the median counts.
const INCREMENTS: usize = 5;

pub(super) async fn measure(records: usize, name: &str, figures: &mut Figures) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let limit = write_plainly(&folder.path().join("limit.redb"), records)?;
    let running = stage::server(folder.path()).await?;
    let address = stage::address_of(running.quic_addr.port());
    let path = folder.path().join("bench.vault");
    let vault = stage::vault(&path, &address, &running.server_key_fingerprint).await?;
    let ids = stage::fill(&vault, records)?;
    let caller = stage::developer(&running.server).await?;
    let grant = stage::granted(&running.server, &caller, &vault).await?;

    let (report, cold) = stage::sync(&vault, records as u64).await?;
    let seconds = cold.wall.as_secs_f64();
    note(
        figures,
        format!("cold_sync_records_per_s_{name}"),
        records as f64 / seconds,
    );
    note(
        figures,
        format!("cold_cpu_us_per_record_{name}"),
        cold.cpu.as_secs_f64() * 1e6 / records as f64,
    );
    note(
        figures,
        format!("cold_vs_limit_{name}"),
        limit.wall.as_secs_f64() / seconds,
    );
    if records >= 10_000 {
        note(figures, "cold_vs_limit", limit.wall.as_secs_f64() / seconds);
    }
    let payload = (records * stage::payload_bytes()) as f64;
    note(
        figures,
        format!("wire_bytes_per_payload_byte_{name}"),
        report.network_bytes as f64 / payload,
    );
    if records >= 10_000 {
        note(
            figures,
            "wire_bytes_per_payload_byte",
            report.network_bytes as f64 / payload,
        );
    }

    let mut increments = Vec::new();
    for increment in 0..INCREMENTS {
        for (number, id) in ids.iter().skip(increment * EDITS).take(EDITS).enumerate() {
            vault.update(*id, stage::receipt(records + number))?;
        }
        let edits = EDITS.min(records - increment * EDITS);
        increments.push(stage::sync(&vault, edits as u64).await?.1.wall.as_secs_f64() * 1e3);
    }
    let increment = super::median(&increments);
    note(figures, format!("incremental_100_ms_{name}"), increment);
    if let Some(least) = figures
        .get("incremental_100_ms_1k")
        .map(|values| super::median(values))
    {
        note(figures, format!("incremental_ratio_{name}_1k"), increment / least);
    }

    // A copy from before the last changes: what differs is found, and the copy's word counts.
    let copy = stage::restored(&vault, folder.path())?;
    for (number, id) in ids.iter().rev().take(EDITS).enumerate() {
        vault.update(*id, stage::receipt(2 * records + number))?;
    }
    stage::sync(&vault, EDITS as u64).await?;
    let (_, healed) = stage::sync(&copy, EDITS as u64).await?;
    note(
        figures,
        format!("reconcile_{name}_ms"),
        healed.cpu.as_secs_f64() * 1e3,
    );
    note(
        figures,
        format!("reconcile_{name}_wall_ms"),
        healed.wall.as_secs_f64() * 1e3,
    );
    drop(copy);

    vault.withdraw(grant)?;
    let (_, withdrawn) = stage::sync(&vault, 0).await?;
    note(
        figures,
        format!("withdraw_{name}_ms"),
        withdrawn.wall.as_secs_f64() * 1e3,
    );
    running.stop().await;
    Ok(())
}
