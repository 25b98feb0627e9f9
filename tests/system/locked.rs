//! A vault that is locked lets go of everything, also in the middle of a connection.

use harness::{Ask, World, receipt};
use vault_core::{Category::Receipts, Error, SyncEvent};

#[tokio::test(flavor = "multi_thread")]
async fn locking_ends_the_connection_and_the_file_can_be_opened_at_once() {
    let mut world = World::new(250).await;
    let device = world.device().await;
    let developer = world.developer("Shop").await;
    let subject = device.link(&developer).await;
    developer
        .ask(&Ask::for_fields(Receipts, &["brand"]), &subject)
        .await;
    device.grant(|all| all).await;
    let mut connected = device.stay_connected();
    connected
        .hears("the connection", |event| matches!(event, SyncEvent::Connected))
        .await;
    device.vault.lock();
    assert!(matches!(connected.ended().await, Err(Error::Locked)));
    assert!(matches!(device.vault.sync(|_| {}).await, Err(Error::Locked)));
    let device = device.reopened(&mut world.dice);
    device
        .vault
        .put(receipt(world.clocks.time(), "Acme", "1", "card"))
        .unwrap();
    assert_eq!(device.sync().await.entries, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn locking_ends_a_connection_that_waits_for_a_server_that_is_away() {
    let mut world = World::new(251).await;
    let device = world.device().await;
    world.stop().await;
    let mut connected = device.stay_connected();
    connected
        .hears("a failed attempt", |event| {
            matches!(event, SyncEvent::Disconnected { .. })
        })
        .await;
    device.vault.lock();
    assert!(matches!(connected.ended().await, Err(Error::Locked)));
    drop(device.reopened(&mut world.dice));
}
