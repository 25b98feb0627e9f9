//! The windows of a consent request: 180 s, 86 580 s, and ten minutes' grace for a decision on its way.

use std::sync::Arc;

use vault_wire::{
    frame::{StatementOutcome, StatementRefusal},
    statement::Event,
};

use super::{
    device::given,
    world::{World, seconds, terms},
};
use crate::{
    clock::Clock,
    service::{
        await_decision::await_decision,
        request_consent::RequestError,
        request_view::{Phase, Status},
        sweep::sweep,
    },
};

const EXPIRY_S: i64 = 86_580;

#[tokio::test]
async fn a_request_is_immediate_for_179_seconds_and_extended_at_181() {
    let world = World::new().await;
    let asked = world.ask().await;
    world.clock.advance_ms(seconds(179));
    assert_eq!(world.request(&asked).phase, Some(Phase::Immediate));
    world.clock.advance_ms(seconds(2));
    let view = world.request(&asked);
    assert_eq!(
        (view.status, view.phase),
        (Status::Pending, Some(Phase::Extended))
    );
}

#[tokio::test]
async fn an_approval_at_86_579_seconds_is_in_force() {
    let world = World::new().await;
    let asked = world.ask().await;
    world.device.asked(&world.server).await;
    world.clock.advance_ms(seconds(EXPIRY_S - 1));
    world.device.approve(&world.server).await;
    assert_eq!(world.request(&asked).status, Status::Granted);
}

#[tokio::test]
async fn an_approval_decided_at_86_581_seconds_is_too_late() {
    let world = World::new().await;
    let asked = world.ask().await;
    let delivered = world.device.asked(&world.server).await;
    world.clock.advance_ms(seconds(EXPIRY_S + 1));
    let statement = world.device.decide(&delivered, given(terms()), world.clock.now());
    let (_, outcome) = world.device.give(&world.server, &statement).await;
    assert_eq!(
        outcome,
        StatementOutcome::Refused(StatementRefusal::DecidedTooLate)
    );
    assert_eq!(world.request(&asked).status, Status::Expired);
}

#[tokio::test]
async fn an_approval_made_in_time_may_arrive_300_seconds_late_but_not_700() {
    for (late_s, swept) in [(300, false), (300, true), (700, false), (700, true)] {
        let world = World::new().await;
        let asked = world.ask().await;
        let delivered = world.device.asked(&world.server).await;
        world.clock.advance_ms(seconds(EXPIRY_S - 10));
        let statement = world.device.decide(&delivered, given(terms()), world.clock.now());
        world.clock.advance_ms(seconds(10 + late_s));
        if swept {
            sweep(&world.server).await.unwrap();
        }
        let (_, outcome) = world.device.give(&world.server, &statement).await;
        let refused = StatementOutcome::Refused(StatementRefusal::ArrivedTooLate);
        let (is_expected, status) = match late_s {
            300 => (matches!(outcome, StatementOutcome::Accepted(_)), Status::Granted),
            _ => (outcome == refused, Status::Expired),
        };
        assert!(is_expected, "{late_s} s late, swept {swept}: {outcome:?}");
        assert_eq!(world.request(&asked).status, status);
    }
}

#[tokio::test]
async fn the_borders_of_the_windows_belong_to_the_owner() {
    let (grace, refused) = (600_000, |why| StatementOutcome::Refused(why));
    // Milliseconds after the request lapsed: decided, arrived, and why it is refused, if it is.
    for (decided, arrived, why) in [
        (0, 0, None),
        (0, grace, None),
        (-1, grace, None),
        (0, grace + 1, Some(StatementRefusal::ArrivedTooLate)),
        (1, 1, Some(StatementRefusal::DecidedTooLate)),
        (1, grace, Some(StatementRefusal::DecidedTooLate)),
    ] {
        let world = World::new().await;
        world.ask().await;
        let delivered = world.device.asked(&world.server).await;
        let lapses = world.clock.now().plus_ms(seconds(EXPIRY_S));
        world.clock.advance_ms(seconds(EXPIRY_S) + arrived);
        sweep(&world.server).await.unwrap();
        let statement = world
            .device
            .decide(&delivered, given(terms()), lapses.plus_ms(decided));
        let (_, outcome) = world.device.give(&world.server, &statement).await;
        match why {
            None => assert!(
                matches!(outcome, StatementOutcome::Accepted(_)),
                "{decided} {arrived}"
            ),
            Some(why) => assert_eq!(outcome, refused(why), "{decided} {arrived}"),
        }
    }
}

#[tokio::test]
async fn a_late_decision_with_another_nonce_than_the_delivered_one_is_refused() {
    let world = World::new().await;
    world.ask().await;
    let mut delivered = world.device.asked(&world.server).await;
    delivered.delivery_nonce[0] ^= 1;
    let decided_at = world.clock.now();
    world.clock.advance_ms(seconds(EXPIRY_S + 60));
    let statement = world.device.decide(&delivered, given(terms()), decided_at);
    let (_, outcome) = world.device.give(&world.server, &statement).await;
    assert_eq!(outcome, StatementOutcome::Refused(StatementRefusal::NotDelivered));
}

#[tokio::test]
async fn a_request_delivered_only_after_it_lapsed_cannot_be_approved() {
    let world = World::new().await;
    world.ask().await;
    world.clock.advance_ms(seconds(EXPIRY_S + 5));
    let delivered = world.device.asked(&world.server).await;
    let decided_at = world.clock.now().plus_ms(-seconds(100));
    let statement = world.device.decide(&delivered, given(terms()), decided_at);
    let (_, outcome) = world.device.give(&world.server, &statement).await;
    assert_eq!(outcome, StatementOutcome::Refused(StatementRefusal::NotDelivered));
}

#[tokio::test]
async fn a_wait_ends_with_the_decision() {
    let world = Arc::new(World::new().await);
    let asked = world.ask().await;
    let waiting = tokio::spawn({
        let world = Arc::clone(&world);
        async move { await_decision(&world.server, &world.caller, asked.id, seconds(180)).await }
    });
    tokio::task::yield_now().await;
    world.device.approve(&world.server).await;
    assert_eq!(waiting.await.unwrap().unwrap().status, Status::Granted);
}

#[tokio::test]
async fn a_wait_ends_with_its_time_on_the_servers_clock() {
    let world = Arc::new(World::new().await);
    let asked = world.ask().await;
    let waiting = tokio::spawn({
        let world = Arc::clone(&world);
        async move { await_decision(&world.server, &world.caller, asked.id, seconds(180)).await }
    });
    tokio::task::yield_now().await;
    world.clock.advance_ms(seconds(179));
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    world.clock.advance_ms(seconds(1));
    let view = waiting.await.unwrap().unwrap();
    assert_eq!(
        (view.status, view.phase),
        (Status::Pending, Some(Phase::Extended))
    );
}

#[tokio::test]
async fn an_identical_request_is_the_same_one_and_a_refusal_holds_for_seven_days() {
    let world = World::new().await;
    let first = world.ask().await;
    let again = world.ask().await;
    assert_eq!((again.id, again.reused), (first.id, true));
    let delivered = world.device.asked(&world.server).await;
    let refusal = world.device.decide(&delivered, Event::Refused, world.clock.now());
    let signed = refusal.sign(&world.device.consent);
    let outcome = world.device.submit(&world.server, signed, None).await;
    assert!(matches!(outcome, StatementOutcome::Accepted(_)));
    assert_eq!(world.request(&first).status, Status::Rejected);
    world.clock.advance_ms(seconds(7 * 86_400 - 1));
    let refused = world.try_ask(world.subject, terms()).await.unwrap_err();
    assert_eq!(refused, RequestError::RecentlyRefused { retry_after_s: 1 });
    world.clock.advance_ms(seconds(1));
    assert!(!world.ask().await.reused);
}
