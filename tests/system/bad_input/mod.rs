//! Bad input of every kind is a clear, typed error; the process goes on, and nothing is lost.

mod developers;
mod devices;
mod files;

use harness::{Ask, World, receipt};
use vault_core::Category::Receipts;

/// The server still does what it is for.
async fn goes_on(world: &mut World) {
    let device = world.device().await;
    device
        .vault
        .put(receipt(world.clocks.time(), "Acme", "1", "card"))
        .unwrap();
    let developer = world.developer("Shop").await;
    let subject = device.link(&developer).await;
    developer
        .ask(&Ask::for_fields(Receipts, &["brand"]), &subject)
        .await;
    device.grant(|all| all).await;
    assert_eq!(developer.read(&subject, Receipts).await.records().len(), 1);
}
