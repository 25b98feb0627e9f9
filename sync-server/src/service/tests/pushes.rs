//! What a device can store (invariant I5).

use vault_wire::{
    entry::Entry,
    frame::{GrantPosition, Reconcile, Rejection, Standing},
    id::Slot,
    reconcile::{self as wire, Item, Span, Summary},
    statement::Event,
    terms::{Duration, Terms},
    value::Value,
};

use super::{
    device::{Given, batch, brand},
    greeting::held,
    world::{World, terms},
};
use crate::service::{
    push,
    push::PushError,
    reconcile::{ReconcileError, reconcile},
};

async fn granted() -> (World, Given) {
    let world = World::new().await;
    world.try_ask(world.subject, terms()).await.unwrap();
    let granted = world.device.approve(&world.server).await;
    (world, granted)
}

fn position(given: &Given, entries: &[Entry]) -> GrantPosition {
    GrantPosition {
        grant: given.grant,
        statement: given.last.verify().unwrap().number,
        last: given.last.digest(),
        generation: given.generation,
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
    let ack = world.device.push(&world.server, &granted, entries).await;
    assert_eq!((ack.number, ack.rejected), (1, rejected));
    assert_eq!(world.read().await.unwrap().records.len(), 2);
}

#[tokio::test]
async fn a_batch_that_comes_again_changes_nothing() {
    let (world, granted) = granted().await;
    let entries: Vec<_> = (1..=3)
        .map(|n| world.device.receipt(&granted, n, 1, &brand("Acme")))
        .collect();
    for _ in 0..2 {
        let ack = world.device.push(&world.server, &granted, entries.clone()).await;
        assert!(ack.rejected.is_empty());
        let welcome = world
            .device
            .hello(&world.server, 1, position(&granted, &entries))
            .await;
        assert!(welcome.standings.is_empty(), "{:?}", welcome.standings);
    }
    assert_eq!(world.read().await.unwrap().records.len(), 3);
}

#[tokio::test]
async fn a_device_is_told_that_the_time_of_a_grant_is_over_though_nothing_has_swept_it_up() {
    let world = World::new().await;
    let end = world.server.now().plus_ms(60_000);
    let until = Terms {
        duration: Duration::TimeBound(end),
        ..terms()
    };
    world.try_ask(world.subject, until).await.unwrap();
    let granted = world.device.approve(&world.server).await;
    let said = position(&granted, &[]);
    let welcome = world.device.hello(&world.server, 1, said).await;
    assert_eq!(welcome.standings, []);
    world.clock.advance_ms(60_000);
    let welcome = world.device.hello(&world.server, 1, said).await;
    assert_eq!(welcome.standings, [(granted.grant, Standing::Expired)]);
}

#[tokio::test]
async fn an_older_revision_and_another_of_the_same_number_are_stale() {
    let (world, granted) = granted().await;
    let new = world.device.receipt(&granted, 1, 5, &brand("new"));
    world
        .device
        .push(&world.server, &granted, vec![new.clone()])
        .await;
    for stale in [
        world.device.receipt(&granted, 1, 4, &brand("old")),
        world.device.receipt(&granted, 1, 5, &brand("other")),
        Entry::delete(new.slot, 4),
    ] {
        let ack = world.device.push(&world.server, &granted, vec![stale]).await;
        assert_eq!(ack.rejected, [(new.slot, Rejection::Stale(5))]);
    }
    let gone = Entry::delete(new.slot, 6);
    let ack = world.device.push(&world.server, &granted, vec![gone]).await;
    assert!(ack.rejected.is_empty());
    let ack = world
        .device
        .push(&world.server, &granted, vec![new.clone()])
        .await;
    assert_eq!(
        ack.rejected,
        [(new.slot, Rejection::Stale(6))],
        "a deletion is not undone"
    );
    assert!(world.read().await.unwrap().records.is_empty());
    let welcome = world
        .device
        .hello(&world.server, 1, position(&granted, &[]))
        .await;
    assert!(welcome.standings.is_empty());
}

#[tokio::test]
async fn a_batch_under_a_generation_or_statement_that_is_not_in_force_is_refused_whole() {
    let (world, granted) = granted().await;
    let entry = world.device.receipt(&granted, 1, 1, &brand("Acme"));
    let over = vec![(entry.slot, Rejection::GrantOver)];
    let sent = batch(&granted, vec![entry]);
    let (mut newer, mut later) = (sent.clone(), sent);
    newer.generation += 1;
    later.statement += 1;
    for sent in [newer, later] {
        let ack = push::push(&world.server, &world.device.session, sent)
            .await
            .unwrap();
        assert_eq!(ack.rejected, over);
    }
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
        batch(&granted, vec![entry.clone()]),
    )
    .await;
    assert_eq!(late, Err(PushError::TakenOver));
    let ack = push::push(&world.server, &newer, batch(&granted, vec![entry])).await;
    assert!(ack.unwrap().rejected.is_empty());
}

#[tokio::test]
async fn a_device_is_told_where_each_grant_stands() {
    let (world, mut granted) = granted().await;
    let entries: Vec<_> = (1..=2)
        .map(|n| world.device.receipt(&granted, n, 1, &brand("Acme")))
        .collect();
    world.device.push(&world.server, &granted, entries.clone()).await;
    let stands = async |incarnation, position| {
        let welcome = world.device.hello(&world.server, incarnation, position).await;
        welcome.standings.first().map(|(_, standing)| *standing)
    };
    assert_eq!(stands(1, position(&granted, &entries)).await, None);
    assert_eq!(
        stands(2, position(&granted, &entries)).await,
        None,
        "another life of the vault file that holds the same"
    );
    for thought in [&entries[..1], &[]] {
        let standing = stands(1, position(&granted, thought)).await;
        assert_eq!(standing, Some(Standing::Reconcile));
    }
    let unknown = GrantPosition {
        grant: vault_wire::id::GrantId([3; 16]),
        ..position(&granted, &entries)
    };
    assert_eq!(stands(2, unknown).await, Some(Standing::Unknown));
    let ahead = GrantPosition {
        statement: 4,
        ..position(&granted, &entries)
    };
    assert_eq!(stands(2, ahead).await, Some(Standing::StatementStale(1)));
    world
        .device
        .follow(&world.server, &mut granted, Event::Withdrawn)
        .await;
    assert_eq!(
        stands(2, position(&granted, &entries)).await,
        Some(Standing::Withdrawn)
    );
}

/// A device that thinks it has sent only the first of its entries asks what is held.
#[tokio::test]
async fn a_device_finds_what_is_held_by_comparing_and_deletions_do_not_count() {
    let (world, granted) = granted().await;
    let mut entries: Vec<_> = (1..=40)
        .map(|n| world.device.receipt(&granted, n, 1, &brand("Acme")))
        .collect();
    let gone = entries[0].slot;
    let batches = [entries.clone(), vec![Entry::delete(gone, 2)]];
    for batch in batches {
        let ack = world.device.push(&world.server, &granted, batch).await;
        assert!(ack.rejected.is_empty());
    }
    entries.remove(0);
    let mut items: Vec<_> = entries
        .iter()
        .map(|entry| Item::new(entry.slot, entry.tag))
        .collect();
    items.sort_unstable();
    let mut thought = Thought(items.iter().copied().skip(2).collect());
    let mut message = wire::question(&mut thought).unwrap();
    let mut found = Vec::new();
    loop {
        let asked = Reconcile {
            grant: granted.grant,
            generation: 1,
            message,
        };
        let answer = reconcile(&world.server, world.device.vault, asked).await.unwrap();
        let next = wire::compare(&mut thought, &answer.message, |difference| {
            found.push(difference);
            std::ops::ControlFlow::Continue(())
        });
        match next.unwrap() {
            wire::Next::Ask(next) => message = next,
            wire::Next::Done | wire::Next::Stopped => break,
        }
    }
    assert_eq!(found, [items[0], items[1]].map(wire::Difference::Theirs));
    let summary: Summary = items.iter().collect();
    let welcome = world
        .device
        .hello(&world.server, 1, position(&granted, &entries))
        .await;
    assert!(welcome.standings.is_empty() && summary.count == 39);
}

#[tokio::test]
async fn what_is_no_question_is_refused() {
    let (world, granted) = granted().await;
    let asked = Reconcile {
        grant: granted.grant,
        generation: 1,
        message: vec![0x61, 9],
    };
    let answer = reconcile(&world.server, world.device.vault, asked).await;
    assert_eq!(answer, Err(ReconcileError::Malformed));
}

/// What a device thinks is held.
struct Thought(Vec<Item>);

impl wire::Set for Thought {
    type Error = std::convert::Infallible;

    fn summary(&mut self, span: &Span) -> Result<Summary, Self::Error> {
        Ok(self.0.iter().filter(|item| span.contains(item)).collect())
    }

    fn items(&mut self, span: &Span, limit: usize) -> Result<Vec<Item>, Self::Error> {
        let items = self.0.iter().copied().filter(|item| span.contains(item));
        Ok(items.take(limit).collect())
    }
}
