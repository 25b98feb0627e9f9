//! What a device can store (invariant I5).

use vault_wire::{
    entry::Entry,
    frame::{GrantPosition, List, Rejection, Standing},
    id::Slot,
    statement::Event,
    value::Value,
};

use super::{
    device::{Given, batch, brand, held},
    world::{World, terms},
};
use crate::service::{list::list, push, push::PushError};

async fn granted() -> (World, Given) {
    let world = World::new().await;
    world.try_ask(world.subject, terms()).await.unwrap();
    let granted = world.device.approve(&world.server).await;
    (world, granted)
}

fn position(given: &Given, acked: u64, entries: &[Entry]) -> GrantPosition {
    GrantPosition {
        grant: given.grant,
        statement: given.last.verify().unwrap().number,
        generation: given.generation,
        acked,
        count: entries.len() as u64,
        fingerprint: held(entries),
    }
}

#[tokio::test]
async fn an_entry_with_a_field_too_many_is_rejected_and_the_rest_is_stored() {
    let (world, granted) = granted().await;
    let too_many = [
        ("brand", Value::Text("Acme".into())),
        ("payment_method", Value::Text("card".into())),
    ];
    let good = world.device.receipt(&granted, 1, 1, &brand("Acme"));
    let wide = world.device.receipt(&granted, 2, 1, &too_many);
    let mut forged = world.device.receipt(&granted, 3, 1, &brand("Acme"));
    forged.slot = Slot([0; 16]);
    let last = world.device.receipt(&granted, 4, 1, &brand("Last"));
    let rejected = vec![
        (wide.slot, Rejection::OutsideGrant),
        (forged.slot, Rejection::NotAuthentic),
    ];
    let entries = vec![good, wide, forged, last];
    let ack = world.device.push(&world.server, &granted, (0, 4), entries).await;
    assert_eq!((ack.through, ack.rejected), (4, rejected));
    assert_eq!(world.read().await.unwrap().records.len(), 2);
}

#[tokio::test]
async fn a_batch_that_comes_again_changes_nothing() {
    let (world, granted) = granted().await;
    let entries: Vec<_> = (1..=3)
        .map(|n| world.device.receipt(&granted, n, 1, &brand("Acme")))
        .collect();
    for _ in 0..2 {
        let ack = world
            .device
            .push(&world.server, &granted, (0, 3), entries.clone())
            .await;
        assert_eq!((ack.through, ack.rejected), (3, vec![]));
        let welcome = world
            .device
            .hello(&world.server, 1, position(&granted, 3, &entries))
            .await;
        assert!(welcome.standings.is_empty(), "{:?}", welcome.standings);
    }
    assert_eq!(world.read().await.unwrap().records.len(), 3);
}

#[tokio::test]
async fn an_older_revision_and_another_of_the_same_number_are_stale() {
    let (world, granted) = granted().await;
    let new = world.device.receipt(&granted, 1, 5, &brand("new"));
    world
        .device
        .push(&world.server, &granted, (0, 1), vec![new.clone()])
        .await;
    for stale in [
        world.device.receipt(&granted, 1, 4, &brand("old")),
        world.device.receipt(&granted, 1, 5, &brand("other")),
        Entry::delete(new.slot, 4),
    ] {
        let ack = world
            .device
            .push(&world.server, &granted, (1, 2), vec![stale])
            .await;
        assert_eq!(ack.rejected, [(new.slot, Rejection::Stale)]);
    }
    let gone = Entry::delete(new.slot, 6);
    let ack = world
        .device
        .push(&world.server, &granted, (2, 3), vec![gone])
        .await;
    assert!(ack.rejected.is_empty());
    let ack = world
        .device
        .push(&world.server, &granted, (3, 4), vec![new.clone()])
        .await;
    assert_eq!(
        ack.rejected,
        [(new.slot, Rejection::Stale)],
        "a deletion is not undone"
    );
    assert!(world.read().await.unwrap().records.is_empty());
    let welcome = world
        .device
        .hello(&world.server, 1, position(&granted, 4, &[]))
        .await;
    assert!(welcome.standings.is_empty());
}

#[tokio::test]
async fn a_batch_beyond_what_was_acknowledged_leaves_a_gap() {
    let (world, granted) = granted().await;
    let entry = world.device.receipt(&granted, 1, 1, &brand("Acme"));
    let ack = world
        .device
        .push(&world.server, &granted, (7, 8), vec![entry.clone()])
        .await;
    assert_eq!(
        (ack.through, ack.rejected),
        (0, vec![(entry.slot, Rejection::Gap)])
    );
    assert!(world.read().await.unwrap().records.is_empty());
}

#[tokio::test]
async fn what_an_older_connection_had_queued_does_not_count() {
    let (world, granted) = granted().await;
    let entry = world.device.receipt(&granted, 1, 1, &brand("Acme"));
    let newer = world
        .server
        .devices()
        .enter(world.device.vault, world.device.transport.public());
    let late = push::push(
        &world.server,
        &world.device.session,
        batch(&granted, (0, 1), vec![entry.clone()]),
    )
    .await;
    assert_eq!(late, Err(PushError::TakenOver));
    let ack = push::push(&world.server, &newer, batch(&granted, (0, 1), vec![entry])).await;
    assert!(ack.unwrap().rejected.is_empty());
}

#[tokio::test]
async fn a_device_is_told_where_each_grant_stands() {
    let (world, mut granted) = granted().await;
    let entries: Vec<_> = (1..=2)
        .map(|n| world.device.receipt(&granted, n, 1, &brand("Acme")))
        .collect();
    world
        .device
        .push(&world.server, &granted, (0, 2), entries.clone())
        .await;
    let grant = granted.grant;
    let stands = async |incarnation, position| {
        let welcome = world.device.hello(&world.server, incarnation, position).await;
        welcome.standings.first().map(|(_, standing)| *standing)
    };
    assert_eq!(stands(1, position(&granted, 2, &entries)).await, None);
    assert_eq!(
        stands(1, position(&granted, 1, &entries[..1])).await,
        Some(Standing::Resume(2))
    );
    assert_eq!(
        stands(1, position(&granted, 2, &entries[..1])).await,
        Some(Standing::Reconcile)
    );
    assert_eq!(
        stands(2, position(&granted, 1, &entries[..1])).await,
        Some(Standing::Reconcile),
        "another life of the vault file"
    );
    let unknown = GrantPosition {
        grant: vault_wire::id::GrantId([3; 16]),
        ..position(&granted, 2, &entries)
    };
    assert_eq!(stands(2, unknown).await, Some(Standing::Unknown));
    let ahead = GrantPosition {
        statement: 4,
        ..position(&granted, 2, &entries)
    };
    assert_eq!(stands(2, ahead).await, Some(Standing::StatementStale(1)));
    let asked = List {
        grant,
        generation: 1,
        after: None,
    };
    let listing = list(&world.server, world.device.vault, &asked).unwrap();
    assert!(listing.complete && listing.rows.len() == 2);
    world
        .device
        .follow(&world.server, &mut granted, Event::Withdrawn)
        .await;
    assert_eq!(
        stands(2, position(&granted, 2, &entries)).await,
        Some(Standing::Withdrawn)
    );
}
