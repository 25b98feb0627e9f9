//! What a network does to those who use it: it loses, it moves them to other ports, it lets nothing pass.
//! What was agreed arrives all the same, or the owner is told.

use std::collections::BTreeSet;

use harness::{Ask, Developer, Device, RoughNetwork, World, receipt, soon};
use vault_core::{Category::Receipts, Error, SyncError, SyncEvent};

struct Rough {
    world: World,
    network: RoughNetwork,
    device: Device,
    developer: Developer,
    subject: String,
}

/// A vault that reaches its server through a rough network, with a grant to all brands. The network is
/// still in a good mood.
async fn rough(seed: u64) -> Rough {
    let mut world = World::new(seed).await;
    let dice = world.dice.split();
    let network = RoughNetwork::before(world.quic(), dice).await;
    let device = world.offline_device();
    let address = network.address();
    let connected = device.vault.connect(&address, world.pin(), None);
    soon("enrolment", connected).await.unwrap();
    let developer = world.developer("Shop").await;
    let subject = device.link(&developer).await;
    developer
        .ask(&Ask::for_fields(Receipts, &["brand"]), &subject)
        .await;
    device.grant(|all| all).await;
    Rough {
        world,
        network,
        device,
        developer,
        subject,
    }
}

impl Rough {
    fn put(&self, what: &str, count: usize) -> BTreeSet<String> {
        let now = self.world.clocks.time();
        let names: BTreeSet<String> = (0..count).map(|n| format!("{what} {n}")).collect();
        let records = names.iter().map(|name| receipt(now, name, "1", "card"));
        self.device.vault.put_batch(records.collect()).unwrap();
        names
    }

    async fn read(&self) -> BTreeSet<String> {
        let records = self
            .developer
            .read_all(&self.subject, Receipts, None)
            .await
            .unwrap();
        let brand = |record: &harness::Record| record.fields["brand"].as_str().unwrap().to_owned();
        let brands: BTreeSet<String> = records.iter().map(brand).collect();
        assert_eq!(brands.len(), records.len(), "a record came twice");
        brands
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everything_arrives_once_through_a_network_that_loses_up_to_thirty_packets_of_a_hundred() {
    let rough = rough(190).await;
    let mut all = BTreeSet::new();
    for loss in [0, 3, 10, 20, 30] {
        rough.network.lose(loss);
        all.extend(rough.put(&format!("at a loss of {loss}"), 400));
        let report = rough.device.sync().await;
        assert_eq!((report.entries, report.rejected), (400, 0), "at a loss of {loss}");
        assert_eq!(rough.read().await, all, "at a loss of {loss}");
    }
    let (lost, passed) = rough.network.lost_and_passed();
    assert!(lost * 20 > passed, "only {lost} of {} were lost", lost + passed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_port_that_changes_in_the_middle_of_a_transfer_ends_neither_the_connection_nor_the_transfer() {
    const PORTS: u64 = 5;
    let rough = rough(191).await;
    let names = rough.put("moving", 6_000);
    let before = rough.network.ports();
    let (mut connections, mut last_at) = (0, 0);
    let syncing = rough.device.vault.sync(|event| match event {
        SyncEvent::Connected => connections += 1,
        SyncEvent::Progress { acknowledged, .. } if acknowledged >= last_at + 900 => {
            last_at = acknowledged;
            rough.network.rebind();
        }
        _ => {}
    });
    let report = soon("a sync from many ports", syncing).await.unwrap();
    assert_eq!((connections, report.entries, report.rejected), (1, 6_000, 0));
    assert!(rough.network.ports() >= before + PORTS, "the port did not change");
    assert_eq!(rough.read().await, names);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_network_that_lets_no_packet_pass_is_an_error_of_its_own_and_costs_nothing() {
    let rough = rough(192).await;
    let names = rough.put("patient", 20);
    rough.network.lose(100);
    let error = soon("the end of an attempt", rough.device.vault.sync(|_| {})).await;
    assert!(
        matches!(
            error,
            Err(Error::Sync(SyncError::Timeout | SyncError::Unreachable(_)))
        ),
        "{error:?}"
    );
    rough.network.lose(0);
    assert_eq!(rough.device.sync().await.entries, 20);
    assert_eq!(rough.read().await, names);
}
