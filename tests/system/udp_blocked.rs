//! Networks that let no UDP through, and networks that change.

use harness::{Ask, Connected, Tunnel, World, receipt};
use vault_core::{Category::Receipts, ServerKeyPin, SyncError, SyncEvent};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_udp_is_blocked_everything_goes_over_tcp_and_udp_is_tried_again_later() {
    let mut world = World::new(260).await;
    let tunnel = Tunnel::to(world.quic()).await;
    let device = world.offline_device();
    device
        .vault
        .connect(&tunnel.address(), world.pin(), None)
        .await
        .unwrap();
    assert!(tunnel.datagrams() > 0, "UDP was tried first");
    assert_eq!(tunnel.connections(), 1);
    let developer = world.developer("Acme").await;
    let subject = device.link(&developer).await;
    developer
        .ask(&Ask::for_fields(Receipts, &["brand"]), &subject)
        .await;
    device.grant(|all| all).await;
    let records = (0..700).map(|n| receipt(world.clocks.time(), &format!("brand {n}"), "1", "card"));
    device.vault.put_batch(records.collect()).unwrap();
    let before = tunnel.datagrams();
    assert_eq!(device.sync().await.entries, 700);
    assert_eq!(tunnel.datagrams(), before, "it is remembered that UDP is blocked");
    let (answer, carried) = (developer.read(&subject, Receipts).await, tunnel.connections());
    assert_eq!(answer.status, 200);

    world.clocks.advance_s(601);
    device.sync().await;
    assert!(tunnel.datagrams() > before, "UDP is tried again after a while");
    assert!(tunnel.connections() > carried);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tcp_a_server_with_another_key_is_not_spoken_to_either() {
    let mut world = World::new(261).await;
    let tunnel = Tunnel::to(world.quic()).await;
    let device = world.offline_device();
    let refused = device
        .vault
        .connect(&tunnel.address(), ServerKeyPin([7; 32]), None)
        .await;
    assert!(matches!(
        refused,
        Err(vault_core::Error::Sync(SyncError::ServerKeyMismatch))
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_goes_along_when_the_network_changes_and_one_over_tcp_is_made_anew() {
    let mut world = World::new(262).await;
    let tunnel = Tunnel::to(world.quic()).await;
    let developer = world.developer("Acme").await;
    for over_tcp in [false, true] {
        let device = world.device().await;
        if over_tcp {
            device
                .vault
                .connect(&tunnel.address(), world.pin(), None)
                .await
                .unwrap();
        }
        let subject = device.link(&developer).await;
        let mut connected = device.stay_connected();
        welcome(&mut connected).await;
        let carried = tunnel.connections();
        device.vault.network_changed().unwrap();
        if over_tcp {
            welcome(&mut connected).await;
            assert_eq!(tunnel.connections(), carried + 1);
        }
        developer
            .ask(&Ask::for_fields(Receipts, &["brand"]), &subject)
            .await;
        connected.hears_a_request().await;
        connected.stop().await;
    }
}

async fn welcome(connected: &mut Connected) {
    let is_welcome = |event: &SyncEvent| *event == SyncEvent::Connected;
    connected.hears("a welcome", is_welcome).await;
}
