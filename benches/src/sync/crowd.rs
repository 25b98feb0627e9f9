//! Many devices that each send small batches at the same time: what the one writer of the server makes
//! of it.

use std::sync::Arc;

use anyhow::Context;
use tokio::{
    sync::{Barrier, mpsc},
    task::JoinSet,
};
use vault_core::{SyncEvent, Vault};

use super::{Figures, note, stage};
use crate::stopwatch::start;

/// Batches that each device sends, one after another's acknowledgement.
const BATCHES: usize = 10;

pub(super) async fn measure(devices: usize, figures: &mut Figures) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let running = stage::server(folder.path()).await?;
    let address = stage::address_of(running.quic_addr.port());
    let caller = stage::developer(&running.server).await?;
    let mut vaults = Vec::new();
    for number in 0..devices {
        let path = folder.path().join(format!("{number}.vault"));
        let vault = stage::vault(&path, &address, &running.server_key_fingerprint).await?;
        stage::granted(&running.server, &caller, &vault).await?;
        stage::sync(&vault, 0).await?;
        vaults.push(Arc::new(vault));
    }
    let alone = batches_per_s(&vaults[..1]).await?;
    let together = batches_per_s(&vaults).await?;
    note(figures, "devices_1_batches_per_s", alone);
    note(figures, "devices_200_batches_per_s", together);
    note(figures, "devices_200_coalescing_gain", together / alone);
    drop(vaults);
    running.stop().await;
    Ok(())
}

/// Batches that all of them together have acknowledged in a second.
async fn batches_per_s(vaults: &[Arc<Vault>]) -> anyhow::Result<f64> {
    let ready = Arc::new(Barrier::new(vaults.len() + 1));
    let mut sending = JoinSet::new();
    for vault in vaults {
        sending.spawn(send(Arc::clone(vault), Arc::clone(&ready)));
    }
    ready.wait().await;
    let begun = start();
    while let Some(sent) = sending.join_next().await {
        sent??;
    }
    Ok((vaults.len() * BATCHES) as f64 / begun.took().wall.as_secs_f64())
}

async fn send(vault: Arc<Vault>, ready: Arc<Barrier>) -> anyhow::Result<()> {
    let (told, mut events) = mpsc::unbounded_channel();
    let watching = tokio::spawn({
        let vault = Arc::clone(&vault);
        async move {
            let tell = |event| {
                let is_news = matches!(event, SyncEvent::Connected | SyncEvent::Progress { .. });
                if is_news {
                    let _ = told.send(());
                }
            };
            vault.watch(std::future::pending(), tell).await
        }
    });
    events.recv().await.context("not connected")?;
    ready.wait().await;
    for number in 0..BATCHES {
        let putting = Arc::clone(&vault);
        tokio::task::spawn_blocking(move || putting.put(stage::receipt(number))).await??;
        events.recv().await.context("not acknowledged")?;
    }
    watching.abort();
    Ok(())
}
