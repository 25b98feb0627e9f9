//! A vault that is locked lets go of everything, also in the middle of a connection.

use harness::{Linked, World};
use vault_core::{Error, SyncEvent};

#[tokio::test(flavor = "multi_thread")]
async fn locking_ends_the_connection_and_the_file_can_be_opened_at_once() {
    let mut this = Linked::new(250).await;
    this.grant(&["brand"]).await;
    let mut connected = this.device.stay_connected();
    connected
        .hears("the connection", |event| matches!(event, SyncEvent::Connected))
        .await;
    this.device.vault.lock();
    assert!(matches!(connected.ended().await, Err(Error::Locked)));
    assert!(matches!(this.device.vault.sync(|_| {}).await, Err(Error::Locked)));
    this.device = this.device.reopened(&mut this.world.dice);
    this.put("Acme");
    assert_eq!(this.device.sync().await.entries, 1);
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
