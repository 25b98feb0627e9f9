//! Restarts, and databases restored from a backup.

use std::path::PathBuf;

use vault_wire::{frame::StatementOutcome, statement::Event};

use super::{
    device::{Device, brand},
    world::{World, open},
};
use crate::service::read::ReadError;

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let world = World::new().await;
    world.ask().await;
    let granted = world.device.approve(&world.server).await;
    let entry = world.device.receipt(&granted, 1, 1, &brand("Acme"));
    world.device.push(&world.server, &granted, vec![entry]).await;
    let state = world.server.state();
    let world = restarted(world, || ()).await;
    assert_eq!(world.server.state(), state);
    assert_eq!(world.read().await.unwrap().records.len(), 1);
}

#[tokio::test]
async fn a_withdrawal_wins_over_a_database_restored_from_before_it() {
    let world = World::new().await;
    world.ask().await;
    let mut granted = world.device.approve(&world.server).await;
    let entry = world.device.receipt(&granted, 1, 1, &brand("Acme"));
    world.device.push(&world.server, &granted, vec![entry]).await;
    let state = world.server.state();
    let world = restarted(world, || ()).await;
    let [data, _] = both_files(&world).map(Kept::of);
    world
        .device
        .follow(&world.server, &mut granted, Event::Withdrawn)
        .await;
    let world = restarted(world, || data.put_back()).await;
    assert_ne!(world.server.state(), state, "restored data begins another life");
    assert!(matches!(
        world.read().await,
        Err(ReadError::ConsentRequired { .. })
    ));
    let again = world
        .device
        .submit(&world.server, granted.last.clone(), None)
        .await;
    let StatementOutcome::Erased(receipt) = again else {
        panic!("{again:?}")
    };
    let erasure = receipt
        .verify(&world.server.keys().receipts.public(), world.device.vault)
        .unwrap();
    assert_eq!((erasure.entries, erasure.statement), (1, granted.last.digest()));
}

#[tokio::test]
async fn a_withdrawal_that_only_the_data_know_is_entered_into_a_ledger_that_was_set_back() {
    let world = World::new().await;
    world.ask().await;
    let mut granted = world.device.approve(&world.server).await;
    let world = restarted(world, || ()).await;
    let [data, ledger] = both_files(&world).map(Kept::of);
    world
        .device
        .follow(&world.server, &mut granted, Event::Withdrawn)
        .await;
    let world = restarted(world, || ledger.put_back()).await;
    let world = restarted(world, || data.put_back()).await;
    assert!(matches!(
        world.read().await,
        Err(ReadError::ConsentRequired { .. })
    ));
}

/// A file as it was.
pub(super) struct Kept {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Kept {
    pub(super) fn of(path: PathBuf) -> Self {
        let bytes = std::fs::read(&path).unwrap();
        Self { path, bytes }
    }

    pub(super) fn put_back(&self) {
        std::fs::write(&self.path, &self.bytes).unwrap();
    }
}

/// Where the data and the ledger are.
pub(super) fn both_files(world: &World) -> [PathBuf; 2] {
    ["data/store.vault", "config/erasure-ledger"].map(|file| world.folder.path().join(file))
}

pub(super) async fn restarted(world: World, meanwhile: impl FnOnce()) -> World {
    let World {
        server,
        clock,
        caller,
        device,
        subject,
        folder,
    } = world;
    drop(server);
    meanwhile();
    let server = open(&folder, &clock, 9).await;
    let session = server.devices().enter(device.vault, device.transport.public());
    World {
        device: Device { session, ..device },
        server,
        clock,
        caller,
        subject,
        folder,
    }
}
