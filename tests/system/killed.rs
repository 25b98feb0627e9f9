//! Invariant I5: what was acknowledged is durable. The server is a process of its own here, and is
//! killed again and again in the middle of a sync while the owner goes on editing.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use harness::{Ask, Developer, Device, Dice, Process, receipt, serve_if_asked, soon};
use sync_server::{clock, config::Config, entropy::Entropy, service::holdings::holdings};
use tempfile::TempDir;
use tokio::sync::mpsc;
use vault_core::{Category::Receipts, Clock, RecordId, SyncEvent, SystemClock, Value};

/// Kills of an ordinary run. `VAULT_TEST_KILLS=1000 cargo test --release -p vault-tests --test system killed` makes it
/// a thousand.
const KILLS: usize = 50;
const RECORDS_A_ROUND: usize = 700;
const ENTRY: &str = "killed::the_server_of_these_tests";

/// Not a promise of its own: the server of the test below, when the test starts this binary again.
#[test]
fn the_server_of_these_tests() {
    serve_if_asked();
}

/// A server that can be killed, and a vault whose brands a developer may read.
struct Stage {
    dice: Dice,
    folder: TempDir,
    process: Process,
    device: Device,
    developer: Developer,
    subject: String,
}

async fn stage(seed: u64) -> Stage {
    let mut dice = Dice::new(seed);
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(ENTRY, folder.path(), None);
    let device = Device::create(&folder.path().join("a.vault"), Arc::new(SystemClock), &mut dice);
    device
        .vault
        .connect(&process.address(), process.pin(), None)
        .await
        .unwrap();
    let developer = process.developer();
    let subject = device.link(&developer).await;
    developer
        .ask(&Ask::for_fields(Receipts, &["brand"]), &subject)
        .await;
    device.grant(|all| all).await;
    Stage {
        dice,
        folder,
        process,
        device,
        developer,
        subject,
    }
}

/// Puts, edits and deletes: every round leaves other records, with a brand that tells them apart.
fn change(device: &Device, dice: &mut Dice, round: usize, ids: &mut Vec<RecordId>) {
    let now = SystemClock.now();
    let new = (0..RECORDS_A_ROUND).map(|n| receipt(now, &format!("round {round} record {n}"), "1", "card"));
    ids.extend(device.vault.put_batch(new.collect()).unwrap());
    for n in 0..10 {
        edit(device, dice, &format!("edited {round} {n}"), ids);
    }
}

fn edit(device: &Device, dice: &mut Dice, brand: &str, ids: &mut Vec<RecordId>) {
    let at = dice.below(ids.len());
    if dice.percent(40) {
        device.vault.delete(ids.swap_remove(at)).unwrap();
    } else {
        device
            .vault
            .update(ids[at], receipt(SystemClock.now(), brand, "2", "card"))
            .unwrap();
    }
}

/// How often each brand is in the vault: once, but for chance.
fn projected(device: &Device) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for record in device.records(Receipts) {
        let Value::Text(brand) = &record.fields["brand"] else {
            panic!("a brand is a text")
        };
        *counts.entry(brand.clone()).or_insert(0) += 1;
    }
    counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[expect(clippy::print_stdout, reason = "a long run says what it has shown")]
async fn a_server_killed_again_and_again_in_the_middle_of_a_sync_loses_and_doubles_nothing() {
    let Stage {
        mut dice,
        folder,
        mut process,
        device,
        developer,
        subject,
    } = stage(180).await;
    let kills = std::env::var("VAULT_TEST_KILLS").map_or(KILLS, |kills| kills.parse().expect("a number"));
    let (addresses, mut ids, mut interrupted) = (process.addresses(), Vec::new(), 0);
    for round in 0..kills {
        change(&device, &mut dice, round, &mut ids);
        // Before anything is acknowledged, or after some of it.
        let deadly = if dice.percent(50) {
            0
        } else {
            1 + dice.below(RECORDS_A_ROUND / 2)
        } as u64;
        let (told, mut events) = mpsc::unbounded_channel();
        let (vault, finished) = (device.vault.clone(), Arc::new(AtomicBool::new(false)));
        let syncing = tokio::spawn({
            let finished = Arc::clone(&finished);
            async move {
                let report = vault.sync(|event| drop(told.send(event))).await;
                finished.store(true, Ordering::SeqCst);
                report
            }
        });
        while let Some(event) = soon("progress", events.recv()).await {
            match event {
                SyncEvent::Connected => {
                    edit(&device, &mut dice, &format!("meanwhile {round}"), &mut ids);
                    if deadly == 0 {
                        break;
                    }
                }
                SyncEvent::Progress { acknowledged, .. } if acknowledged >= deadly => break,
                _ => {}
            }
        }
        tokio::time::sleep(Duration::from_micros(dice.below(5_000) as u64)).await;
        process.kill();
        interrupted += usize::from(!finished.load(Ordering::SeqCst));
        // The device's app gives up too, at any moment of its own.
        syncing.abort();
        let _ = syncing.await;
        edit(&device, &mut dice, &format!("offline {round}"), &mut ids);
        process = Process::start(ENTRY, folder.path(), Some(addresses));
    }
    println!("{interrupted} of {kills} syncs were interrupted");
    assert!(
        interrupted * 4 > kills,
        "only {interrupted} of {kills} syncs were interrupted, so this has shown little"
    );
    let report = soon("the last sync", device.vault.sync(|_| {})).await.unwrap();
    assert_eq!(report.rejected, 0);
    let expected = projected(&device);
    let read = developer.read_all(&subject, Receipts, None).await.unwrap();
    let mut counts = BTreeMap::new();
    for record in &read {
        *counts
            .entry(record.fields["brand"].as_str().unwrap().to_owned())
            .or_insert(0) += 1;
    }
    assert_eq!(read.len(), ids.len());
    assert!(
        counts == expected,
        "what the developer reads is not what the vault holds"
    );
    assert_eq!(
        device.sync().await.entries,
        0,
        "and there is nothing left to send"
    );
    process.kill();
    let config = Config::default().beneath(folder.path());
    let entropy = Entropy::new(dice.generator());
    let server = sync_server::Server::open(config, Arc::new(clock::SystemClock), entropy)
        .await
        .unwrap();
    let held = holdings(&server, device.vault.status().unwrap().id).unwrap();
    assert_eq!((held.entries, held.unreadable), (ids.len() as u64, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_connected_vault_is_told_at_its_next_word_that_the_server_it_knew_is_gone_and_goes_on_with_the_next()
 {
    let Stage {
        dice: _dice,
        folder,
        mut process,
        device,
        developer,
        subject,
    } = stage(181).await;
    let mut connected = device.stay_connected();
    connected
        .hears("the first connection", |event| {
            matches!(event, SyncEvent::Connected)
        })
        .await;
    let addresses = process.addresses();
    process.kill();
    let process = Process::start(ENTRY, folder.path(), Some(addresses));
    device
        .vault
        .put(receipt(SystemClock.now(), "after the kill", "1", "card"))
        .unwrap();
    connected
        .hears("the end of the old connection", |event| {
            matches!(event, SyncEvent::Disconnected { .. })
        })
        .await;
    connected
        .hears("the record on the new server", |event| {
            matches!(event, SyncEvent::Progress { remaining: 0, .. })
        })
        .await;
    connected.stop().await;
    let read = developer.read_all(&subject, Receipts, None).await.unwrap();
    assert_eq!(read.len(), 1);
    drop(process);
}
