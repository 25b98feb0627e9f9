//! Changing a running grant: amendments, narrowings, renewals.

use vault_wire::{
    catalogue::Precision,
    frame::{Closed, Event as Told, StatementOutcome, StatementRefusal},
    grant_key::GrantKey,
    id::GrantId,
    request::{ConsentRequest, Required},
    statement::Event,
    terms::{Duration, Frequency, Period, Terms},
};

use super::{
    device::{Given, brand, extent},
    world::{World, new_caller, new_request, terms},
};
use crate::service::{
    grants::{GrantStatus, grant},
    read::ReadError,
    request_consent::{NewRequest, RequestError, request_consent},
    request_view::Status,
    sweep::sweep,
};

const DAY_MS: i64 = 86_400_000;

/// A world with a grant under which one receipt is held.
async fn shared() -> (World, Given) {
    let world = World::new().await;
    world.ask().await;
    let given = world.device.approve(&world.server).await;
    let entry = world.device.receipt(&given, 1, 1, &brand("Acme"));
    world.device.push(&world.server, &given, vec![entry]).await;
    (world, given)
}

fn only_brand() -> Terms {
    let mut terms = terms();
    terms.details[0].fields.remove("total_cost");
    terms
}

fn with_time() -> Terms {
    let mut terms = terms();
    terms.details[0]
        .fields
        .insert("purchased_at".into(), Precision::Day);
    terms
}

fn narrowed(terms: Terms, generation: u32) -> Event {
    Event::Narrowed(extent(terms, generation))
}

fn is_accepted(outcome: &StatementOutcome) -> bool {
    matches!(outcome, StatementOutcome::Accepted(_))
}

fn status(world: &World, id: GrantId) -> GrantStatus {
    grant(&world.server, &world.caller, id).unwrap().status
}

#[tokio::test]
async fn an_approved_amendment_supersedes_the_old_grant_which_is_erased() {
    let (world, old) = shared().await;
    let asked = world.amend(old.grant, with_time()).await.unwrap();
    assert_eq!((asked.status, asked.amends), (Status::Pending, Some(old.grant)));
    assert_eq!(
        status(&world, old.grant),
        GrantStatus::Active,
        "until the owner agrees"
    );
    let new = world.device.approve(&world.server).await;
    assert_ne!(new.grant, old.grant);
    let before = grant(&world.server, &world.caller, old.grant).unwrap();
    assert_eq!(
        (before.status, before.superseded_by),
        (GrantStatus::Superseded, Some(new.grant))
    );
    let after = grant(&world.server, &world.caller, new.grant).unwrap();
    assert_eq!(
        (after.status, after.supersedes),
        (GrantStatus::Active, Some(old.grant))
    );
    assert!(world.server.grant_keys().get(old.grant, 1).unwrap().is_none());
    assert!(
        world.read().await.unwrap().records.is_empty(),
        "the old extent cannot be read"
    );
    sweep(&world.server).await.unwrap();
    let late = world.device.receipt(&old, 2, 2, &brand("Late"));
    let ack = world.device.push(&world.server, &old, vec![late]).await;
    assert_eq!(ack.rejected.len(), 1, "nothing comes in under the old grant");
    let outcome = world
        .device
        .follow(&world.server, &mut old.clone(), Event::Resumed)
        .await;
    assert_eq!(
        outcome,
        StatementOutcome::Refused(StatementRefusal::AlreadyClosed)
    );
}

#[tokio::test]
async fn narrowing_to_just_what_was_asked_answers_the_amendment() {
    let (world, mut given) = shared().await;
    let asked = world.amend(given.grant, only_brand()).await.unwrap();
    assert!(
        !asked.reused,
        "that a grant covers it is no answer to an amendment"
    );
    (given.generation, given.key) = (2, GrantKey::from_bytes([0x77; 32]));
    let event = narrowed(only_brand(), 2);
    assert!(is_accepted(
        &world.device.follow(&world.server, &mut given, event).await
    ));
    let answered = world.request(&asked);
    assert_eq!(
        (answered.status, answered.grant_id, answered.granted),
        (Status::Granted, Some(given.grant), Some(only_brand()))
    );
    assert_eq!(status(&world, given.grant), GrantStatus::Active);
}

#[tokio::test]
async fn a_narrowing_to_something_else_leaves_the_amendment_open() {
    let (world, mut given) = shared().await;
    let asked = world.amend(given.grant, with_time()).await.unwrap();
    (given.generation, given.key) = (2, GrantKey::from_bytes([0x77; 32]));
    let event = narrowed(only_brand(), 2);
    assert!(is_accepted(
        &world.device.follow(&world.server, &mut given, event).await
    ));
    assert_eq!(world.request(&asked).status, Status::Pending);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_wins_every_race_against_statements_and_reads() {
    for round in 0..12 {
        let (world, given) = shared().await;
        let world = std::sync::Arc::new(world);
        world.amend(given.grant, with_time()).await.unwrap();
        let asked = world.device.asked(&world.server).await;
        let spawn = |event: Event, generation| {
            let (world, mut given) = (std::sync::Arc::clone(&world), given.clone());
            tokio::spawn(async move {
                given.generation = generation;
                world.device.follow(&world.server, &mut given, event).await
            })
        };
        let mut said = vec![
            spawn(Event::Paused, 1),
            spawn(narrowed(only_brand(), 2), 2),
            spawn(Event::Withdrawn, 1),
        ];
        // Which of them is spawned last is another one each round.
        said.rotate_left(round % 3);
        let readers: Vec<_> = (0..8)
            .map(|_| {
                let world = std::sync::Arc::clone(&world);
                tokio::spawn(async move { drop(world.read().await) })
            })
            .collect();
        let mut erased = 0;
        for one in said {
            erased += usize::from(matches!(one.await.unwrap(), StatementOutcome::Erased(_)));
        }
        assert_eq!(erased, 1, "round {round}");
        assert!(matches!(
            world.read().await,
            Err(ReadError::ConsentRequired { .. })
        ));
        assert_eq!(status(&world, given.grant), GrantStatus::Withdrawn);
        for generation in 1..=2 {
            let key = world.server.grant_keys().get(given.grant, generation).unwrap();
            assert!(key.is_none(), "round {round}, generation {generation}");
        }
        // An amendment that was asked before still makes a grant of its own, and leaves the end alone.
        let decided = world
            .device
            .decide(&asked, super::device::given(with_time()), world.server.now());
        let (_, outcome) = world.device.give(&world.server, &decided).await;
        assert!(is_accepted(&outcome));
        assert_eq!(status(&world, given.grant), GrantStatus::Withdrawn);
        for reader in readers {
            reader.await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_later_amendment_closes_the_one_that_is_pending() {
    let (world, given) = shared().await;
    let first = world.amend(given.grant, with_time()).await.unwrap();
    let second = world.amend(given.grant, only_brand()).await.unwrap();
    assert_eq!(world.request(&first).status, Status::Superseded);
    assert_eq!(world.request(&second).status, Status::Pending);
    let told = world.device.told(&world.server).await;
    assert!(told.iter().any(|notice| {
        notice.event
            == Told::RequestClosed {
                request: first.id,
                how: Closed::Superseded,
            }
    }));
    let again = world.amend(given.grant, only_brand()).await.unwrap();
    assert_eq!(
        (again.id, again.reused),
        (second.id, true),
        "the same is not asked twice"
    );
}

#[tokio::test]
async fn only_a_running_grant_of_ones_own_can_be_amended() {
    let (world, mut given) = shared().await;
    let other = new_caller(&world.server, "Other").await;
    let new = NewRequest {
        amends: Some(given.grant),
        ..new_request(world.subject, with_time())
    };
    let asked = request_consent(&world.server, &other, new).await;
    assert_eq!(asked.unwrap_err(), RequestError::NoSuchGrant);
    let unknown = world.amend(GrantId([9; 16]), with_time()).await;
    assert_eq!(unknown.unwrap_err(), RequestError::NoSuchGrant);
    world
        .device
        .follow(&world.server, &mut given, Event::Withdrawn)
        .await;
    let over = world.amend(given.grant, with_time()).await;
    assert_eq!(over.unwrap_err(), RequestError::GrantOver);
}

#[tokio::test]
async fn other_details_under_the_same_generation_are_refused() {
    let (world, mut given) = shared().await;
    let outcome = world
        .device
        .follow(&world.server, &mut given, narrowed(only_brand(), 1))
        .await;
    assert_eq!(outcome, StatementOutcome::Refused(StatementRefusal::OutOfOrder));
    let mut seldom = terms();
    seldom.frequency = Some(Frequency {
        max_reads: 1,
        per: Period::Day,
    });
    let outcome = world
        .device
        .follow(&world.server, &mut given, narrowed(seldom, 1))
        .await;
    assert!(is_accepted(&outcome), "{outcome:?}");
    assert_eq!(world.read().await.unwrap().records.len(), 1, "what is held stays");
    assert!(matches!(
        world.read().await,
        Err(ReadError::FrequencyExceeded { .. })
    ));
}

#[tokio::test]
async fn a_paused_grant_can_be_narrowed_and_stays_paused() {
    let (world, mut given) = shared().await;
    world
        .device
        .follow(&world.server, &mut given, Event::Paused)
        .await;
    (given.generation, given.key) = (2, GrantKey::from_bytes([0x77; 32]));
    let outcome = world
        .device
        .follow(&world.server, &mut given, narrowed(only_brand(), 2))
        .await;
    assert!(is_accepted(&outcome));
    assert_eq!(status(&world, given.grant), GrantStatus::Paused);
    assert!(matches!(
        world.read().await,
        Err(ReadError::ConsentRequired { .. })
    ));
}

#[tokio::test]
async fn a_grant_until_withdrawn_lapses_after_365_days_unless_it_is_renewed() {
    let (world, mut given) = shared().await;
    world.clock.advance_ms(364 * DAY_MS);
    assert!(world.read().await.is_ok());
    let mut briefly = only_brand();
    briefly.details = terms().details;
    briefly.frequency = Some(Frequency {
        max_reads: 9,
        per: Period::Day,
    });
    // A narrowing confirms nothing.
    let outcome = world
        .device
        .follow(&world.server, &mut given, narrowed(briefly.clone(), 1))
        .await;
    assert!(is_accepted(&outcome));
    let renewed = Event::Renewed(extent(briefly, 1));
    let outcome = world.device.follow(&world.server, &mut given, renewed).await;
    assert!(is_accepted(&outcome));
    world.clock.advance_ms(364 * DAY_MS);
    sweep(&world.server).await.unwrap();
    assert!(world.read().await.is_ok(), "confirmed for another year");
    world.clock.advance_ms(DAY_MS);
    assert!(matches!(
        world.read().await,
        Err(ReadError::ConsentRequired { .. })
    ));
    assert_eq!(status(&world, given.grant), GrantStatus::Expired);
}

#[tokio::test]
async fn a_renewal_goes_no_further_than_what_was_asked() {
    let world = World::new().await;
    let until = |days: i64| Terms {
        duration: Duration::TimeBound(world.clock_at(days * DAY_MS)),
        ..terms()
    };
    world.try_ask(world.subject, until(10)).await.unwrap();
    let delivered = world.device.asked(&world.server).await;
    let decided = world
        .device
        .decide(&delivered, super::device::given(until(5)), world.server.now());
    let (mut given, outcome) = world.device.give(&world.server, &decided).await;
    assert!(is_accepted(&outcome));
    let renewed = |days| Event::Renewed(extent(until(days), 1));
    let outcome = world.device.follow(&world.server, &mut given, renewed(11)).await;
    assert_eq!(
        outcome,
        StatementOutcome::Refused(StatementRefusal::WiderThanAsked)
    );
    let outcome = world.device.follow(&world.server, &mut given, renewed(9)).await;
    assert!(is_accepted(&outcome));
    world.clock.advance_ms(8 * DAY_MS);
    sweep(&world.server).await.unwrap();
    assert!(world.read().await.is_ok());
}

#[tokio::test]
async fn an_answer_without_a_required_field_is_refused() {
    let world = World::new().await;
    let mut new = new_request(world.subject, terms());
    new.required = vec![Required {
        category: vault_wire::catalogue::Category::Receipts,
        fields: vec!["total_cost".into()],
    }];
    request_consent(&world.server, &world.caller, new).await.unwrap();
    let delivered = world.device.asked(&world.server).await;
    let asked = ConsentRequest::from_bytes(&delivered.bytes).unwrap();
    assert_eq!(
        asked.lacks(&only_brand()).map(|(_, field)| field),
        Some("total_cost")
    );
    let now = world.server.now();
    let partly = world
        .device
        .decide(&delivered, super::device::given(only_brand()), now);
    let (_, outcome) = world.device.give(&world.server, &partly).await;
    assert_eq!(
        outcome,
        StatementOutcome::Refused(StatementRefusal::LacksRequired)
    );
    world.device.approve(&world.server).await;
    assert!(world.read().await.is_ok());
}
