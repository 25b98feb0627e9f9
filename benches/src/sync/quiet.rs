//! Connections on which little happens: nothing changed, one notice, nothing at all.

use std::{path::Path, process::Stdio, sync::Arc, time::Duration};

use anyhow::Context;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    sync::{mpsc, oneshot},
    time::sleep,
};
use vault_core::{
    SyncEvent, Vault,
    wire::{frame::Event, purpose::Purpose},
};

use super::{Figures, note, relay::Relay, stage};
use crate::stopwatch::start;

const GRANTS: usize = 10;
const DELAY: Duration = Duration::from_millis(40);
/// Connections of which the fastest counts.
const TRIES: usize = 3;
/// Applications that ask, and how often each asks.
const APPS: usize = 6;
const ASKS: [Purpose; 4] = [
    Purpose::ExpenseTracking,
    Purpose::Analytics,
    Purpose::Research,
    Purpose::Loyalty,
];

pub(super) async fn measure(idle: usize, figures: &mut Figures) -> anyhow::Result<()> {
    nothing_changed(figures).await?;
    push_latency(figures).await?;
    idle_connections(idle, figures).await
}

async fn nothing_changed(figures: &mut Figures) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let running = stage::server(folder.path()).await?;
    let path = folder.path().join("bench.vault");
    let key = running.server_key_fingerprint.clone();
    let near = Relay::start(running.quic_addr, Duration::ZERO).await?;
    let far = Relay::start(running.quic_addr, DELAY).await?;
    let vault = stage::vault(&path, &stage::address_of(near.port), &key).await?;
    stage::fill(&vault, 100)?;
    for _ in 0..GRANTS {
        let caller = stage::developer(&running.server).await?;
        stage::granted(&running.server, &caller, &vault).await?;
        stage::sync(&vault, 100).await?;
    }
    let (report, _) = stage::sync(&vault, 0).await?;
    note(figures, "nothing_changed_bytes", report.frame_bytes as f64);
    note(
        figures,
        "nothing_changed_network_bytes_with_handshake",
        report.network_bytes as f64,
    );
    let mut welcomed = Vec::new();
    for relay in [&near, &far] {
        vault
            .connect(&stage::address_of(relay.port), key.parse()?, None)
            .await?;
        // What else goes on can only add to the time that the way takes.
        let mut least = Duration::MAX;
        for _ in 0..TRIES {
            least = least.min(until_welcome(&vault).await?);
        }
        welcomed.push(least);
    }
    let handshake_and_hello = (welcomed[1] - welcomed[0]).as_secs_f64() / (2.0 * DELAY.as_secs_f64());
    // One round trip is the handshake's.
    note(
        figures,
        "nothing_changed_roundtrips",
        (handshake_and_hello - 1.0).round(),
    );
    running.stop().await;
    Ok(())
}

async fn until_welcome(vault: &Vault) -> anyhow::Result<Duration> {
    let (begun, mut welcomed) = (start(), None);
    vault
        .sync(|event| {
            if event == SyncEvent::Connected {
                welcomed = Some(begun.took().wall);
            }
        })
        .await?;
    welcomed.context("not welcomed")
}

/// From the call that asks for consent to the device that shows it.
async fn push_latency(figures: &mut Figures) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let running = stage::server(folder.path()).await?;
    let address = stage::address_of(running.quic_addr.port());
    let path = folder.path().join("bench.vault");
    let vault = Arc::new(stage::vault(&path, &address, &running.server_key_fingerprint).await?);
    let mut askers = Vec::new();
    for _ in 0..APPS {
        let caller = stage::developer(&running.server).await?;
        let subject = stage::linked(&running.server, &caller, &vault).await?;
        askers.push((caller, subject));
    }
    let (told, mut asked) = mpsc::unbounded_channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let watching = tokio::spawn({
        let vault = Arc::clone(&vault);
        async move {
            let stop = async { drop(stopped.await) };
            let tell = |event| {
                if let SyncEvent::Connected = event {
                    let _ = told.send(());
                }
                if let SyncEvent::Notice(notice) = event
                    && matches!(*notice, Event::Request(_))
                {
                    let _ = told.send(());
                }
            };
            vault.watch(stop, tell).await
        }
    });
    asked.recv().await.context("not connected")?;
    sleep(Duration::from_millis(300)).await;
    let mut latencies = Vec::new();
    for (caller, subject) in &askers {
        for purpose in ASKS {
            let begun = start();
            stage::ask(&running.server, caller, *subject, purpose).await?;
            asked.recv().await.context("the device was not told")?;
            latencies.push(begun.took().wall.as_secs_f64() * 1e3);
        }
    }
    note(figures, "push_latency_ms", super::median(&latencies));
    let _ = stop.send(());
    watching.await??;
    running.stop().await;
    Ok(())
}

/// What an idle connection costs a server that runs in a process of its own.
async fn idle_connections(count: usize, figures: &mut Figures) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut child, port, key) = other_process(folder.path()).await?;
    let pid = child.id().context("the server is gone")?;
    let address = stage::address_of(port);
    let mut vaults = Vec::new();
    for number in 0..count {
        let path = folder.path().join(format!("{number}.vault"));
        vaults.push(Arc::new(stage::vault(&path, &address, &key).await?));
    }
    let before = resident_kib(pid)?;
    let mut watching = Vec::new();
    let (told, mut connected) = mpsc::unbounded_channel();
    for vault in vaults {
        let told = told.clone();
        watching.push(tokio::spawn(async move {
            let tell = |event| {
                if event == SyncEvent::Connected {
                    let _ = told.send(());
                }
            };
            vault.watch(std::future::pending(), tell).await
        }));
    }
    for _ in 0..count {
        connected.recv().await.context("not connected")?;
    }
    sleep(Duration::from_secs(5)).await;
    let after = resident_kib(pid)?;
    note(figures, "idle_connection_kib", (after - before) / count as f64);
    watching.iter().for_each(tokio::task::JoinHandle::abort);
    child.kill().await?;
    Ok(())
}

async fn other_process(folder: &Path) -> anyhow::Result<(Child, u16, String)> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("serve")
        .arg(folder)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let output = child.stdout.take().context("no output")?;
    let line = BufReader::new(output)
        .lines()
        .next_line()
        .await?
        .context("the server did not start")?;
    let (port, key) = line.split_once(' ').context("the server said something else")?;
    Ok((child, port.parse()?, key.to_owned()))
}

fn resident_kib(pid: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next());
    Ok(kib.context("no resident size")?.parse()?)
}
