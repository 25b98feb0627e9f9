//! What a withdrawal leaves behind: nothing that can be read, and a receipt (invariant I7).

use std::path::Path;

use vault_wire::{
    frame::{Rejection, StatementOutcome},
    statement::Event,
    value::Value,
};

use crate::service::{
    holdings::{Holdings, holdings},
    statement,
};

use super::{
    device::brand,
    world::{World, terms},
};

#[tokio::test]
async fn the_receipt_states_what_was_erased_and_comes_again_unchanged() {
    let world = World::new().await;
    world.try_ask(world.subject, terms()).await.unwrap();
    let mut granted = world.device.approve(&world.server).await;
    let entries: Vec<_> = (1..=5)
        .map(|n| world.device.receipt(&granted, n, 1, &brand("Acme")))
        .collect();
    world.device.push(&world.server, &granted, entries.clone()).await;
    let held = holdings(&world.server, world.device.vault).unwrap();
    assert_eq!((held.entries, held.fields), (5, ["brand".to_owned()].into()));
    let first = world
        .device
        .follow(&world.server, &mut granted, Event::Withdrawn)
        .await;
    let StatementOutcome::Erased(receipt) = &first else {
        panic!("{first:?}")
    };
    let erasure = receipt
        .verify(&world.server.keys().receipts.public(), world.device.vault)
        .unwrap();
    assert_eq!(
        (erasure.grant, erasure.entries, erasure.keys),
        (granted.grant, 5, 1)
    );
    assert_eq!(erasure.statement, granted.last.digest());
    assert_eq!(erasure.state, world.server.state());
    let expected = world.server.now().plus_ms(30 * 86_400_000);
    assert_eq!(erasure.backups_expire_at, Some(expected));
    let again = world
        .device
        .submit(&world.server, granted.last.clone(), None)
        .await;
    assert_eq!(again, first);
    let held = holdings(&world.server, world.device.vault).unwrap();
    assert_eq!(held, Holdings::default());
    let late = world.device.push(&world.server, &granted, entries).await;
    assert!(late.rejected.iter().all(|(_, why)| *why == Rejection::GrantOver));
    assert_eq!(late.rejected.len(), 5);
}

/// More entries than one step drops.
const MANY: u32 = 2_500;

async fn with_many(world: &World) -> super::device::Given {
    world.try_ask(world.subject, terms()).await.unwrap();
    let granted = world.device.approve(&world.server).await;
    let numbers: Vec<u32> = (1..=MANY).collect();
    for numbers in numbers.chunks(500) {
        let entries = numbers.iter().map(|n| {
            world
                .device
                .receipt_of(&granted, u128::from(*n), 1, &brand("Acme"))
        });
        let ack = world
            .device
            .push(&world.server, &granted, entries.collect())
            .await;
        assert!(ack.rejected.is_empty());
    }
    granted
}

#[tokio::test]
async fn a_large_grant_is_erased_at_once_and_its_rows_are_dropped_after_the_receipt() {
    let world = World::new().await;
    let mut granted = with_many(&world).await;
    let outcome = world
        .device
        .follow(&world.server, &mut granted, Event::Withdrawn)
        .await;
    let StatementOutcome::Erased(receipt) = outcome else {
        panic!("{outcome:?}")
    };
    let erasure = receipt
        .verify(&world.server.keys().receipts.public(), world.device.vault)
        .unwrap();
    assert_eq!(
        erasure.entries,
        u64::from(MANY),
        "known without looking at the rows"
    );
    assert!(world.read().await.is_err());
    let left = holdings(&world.server, world.device.vault).unwrap();
    assert!(0 < left.entries && left.entries == left.unreadable, "{left:?}");
    statement::drop_doomed(&world.server).await.unwrap();
    let left = holdings(&world.server, world.device.vault).unwrap();
    assert_eq!(left, Holdings::default());
}

#[tokio::test]
async fn dropping_goes_on_after_a_restart_and_the_receipt_stays_the_same() {
    let world = World::new().await;
    let mut granted = with_many(&world).await;
    let first = world
        .device
        .follow(&world.server, &mut granted, Event::Withdrawn)
        .await;
    let world = super::restore::restarted(world, || ()).await;
    assert!(holdings(&world.server, world.device.vault).unwrap().entries > 0);
    assert!(world.read().await.is_err());
    statement::drop_doomed(&world.server).await.unwrap();
    let left = holdings(&world.server, world.device.vault).unwrap();
    assert_eq!(left, Holdings::default());
    let again = world
        .device
        .submit(&world.server, granted.last.clone(), None)
        .await;
    assert_eq!(again, first);
}

#[tokio::test]
async fn the_wrapped_key_is_gone_from_the_disk_before_the_receipt_is_given() {
    let world = World::new().await;
    world.ask().await;
    let mut granted = world.device.approve(&world.server).await;
    let file = world.folder.path().join("data/grant-keys");
    assert!(std::fs::read(&file).unwrap().iter().any(|byte| *byte != 0));
    world
        .device
        .follow(&world.server, &mut granted, Event::Withdrawn)
        .await;
    assert!(std::fs::read(&file).unwrap().iter().all(|byte| *byte == 0));
}

#[tokio::test]
async fn nothing_in_the_data_folder_can_be_read() {
    let world = World::new().await;
    world.ask().await;
    let granted = world.device.approve(&world.server).await;
    let secret = "a brand that must not be found";
    let fields = [("brand", Value::Text(secret.into()))];
    let entry = world.device.receipt(&granted, 1, 1, &fields);
    world.device.push(&world.server, &granted, vec![entry]).await;
    assert_eq!(world.read().await.unwrap().records.len(), 1);
    let needles: [(&str, &[u8]); 7] = [
        ("a record", secret.as_bytes()),
        ("a field's name", b"brand"),
        ("a grant key", granted.key.as_bytes()),
        ("a name", b"Acme GmbH"),
        ("the receipt key", &*world.server.keys().receipts.seed()),
        ("the store's key", &*world.server.keys().store),
        ("the vault's id", world.device.vault.as_bytes()),
    ];
    let mut files = 0;
    for file in std::fs::read_dir(world.folder.path().join("data")).unwrap() {
        let path = file.unwrap().path();
        files += 1;
        for (what, needle) in needles {
            assert!(
                !contains(&path, needle),
                "{what} is readable in {}",
                path.display()
            );
        }
    }
    assert_eq!(files, 2);
}

fn contains(path: &Path, needle: &[u8]) -> bool {
    let bytes = std::fs::read(path).unwrap();
    bytes.windows(needle.len()).any(|part| part == needle)
}
