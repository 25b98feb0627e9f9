//! Who may decide, and what (invariants I4 and I7).

use vault_wire::{
    catalogue::Precision,
    certificate::{Certificate, Role},
    frame::{StatementOutcome, StatementRefusal},
    grant_key::GrantKey,
    id::{AppId, SubjectId, VaultId},
    signature::SecretKey,
    statement::{Event, Statement},
    time::Timestamp,
};

use super::{
    device::{Device, extent, given},
    world::{World, terms},
};
use crate::service::{read::ReadError, request_view::Status};

fn refused(refusal: StatementRefusal) -> StatementOutcome {
    StatementOutcome::Refused(refusal)
}

fn changed(statement: &Statement, change: impl FnOnce(&mut Statement)) -> Statement {
    let mut changed = statement.clone();
    change(&mut changed);
    changed
}

#[tokio::test]
async fn only_a_consent_key_that_the_owner_certified_can_decide() {
    let world = World::new().await;
    let asked = world.ask().await;
    let delivered = world.device.asked(&world.server).await;
    let device = &world.device;
    let statement = device.decide(&delivered, given(terms()), world.server.now());
    let key = GrantKey::from_bytes([1; 32]);
    let stranger = SecretKey::from_seed(&[99; 32]);
    let epoch = Timestamp::from_unix_ms(0);
    let certify = |key: &SecretKey, role, by: &SecretKey, vault| {
        Certificate::new(vault, key.public(), role, epoch).sign(by)
    };
    let consent = Role::Consent(device.app);
    let strangers_vault = VaultId::of_owner(&stranger.public().0);
    let attempts = [
        (
            "not the certified key",
            statement.sign(&stranger),
            device.certificate(),
        ),
        (
            "certified by nobody that matters",
            statement.sign(&stranger),
            certify(&stranger, consent, &stranger, device.vault),
        ),
        (
            "certified by another vault's owner",
            statement.sign(&stranger),
            certify(&stranger, consent, &stranger, strangers_vault),
        ),
        (
            "certified for another application",
            statement.sign(&device.consent),
            certify(
                &device.consent,
                Role::Consent(AppId([8; 16])),
                &device.owner,
                device.vault,
            ),
        ),
        (
            "certified for transport",
            statement.sign(&device.consent),
            certify(&device.consent, Role::Transport, &device.owner, device.vault),
        ),
    ];
    for (case, signed, certificate) in attempts {
        let outcome = device
            .submit_with(&world.server, signed, certificate, Some((&key, 1)))
            .await;
        assert_eq!(outcome, refused(StatementRefusal::BadSignature), "{case}");
    }
    let mut tampered = statement.sign(&device.consent);
    tampered.bytes[20] ^= 1;
    let outcome = device.submit(&world.server, tampered, Some((&key, 1))).await;
    assert_eq!(outcome, refused(StatementRefusal::BadSignature));
    assert_eq!(world.request(&asked).status, Status::Pending);
}

#[tokio::test]
async fn another_vault_cannot_decide_over_a_request_that_was_not_made_to_it() {
    let world = World::new().await;
    world.ask().await;
    let delivered = world.device.asked(&world.server).await;
    let other = Device::enrolled(&world.server, world.caller.app, 50).await;
    let statement = other.decide(&delivered, given(terms()), world.server.now());
    let (_, outcome) = other.give(&world.server, &statement).await;
    assert_eq!(outcome, refused(StatementRefusal::UnknownRequest));
}

#[tokio::test]
async fn nothing_wider_than_asked_and_no_other_nonce_or_subject_is_accepted() {
    let world = World::new().await;
    world.ask().await;
    let delivered = world.device.asked(&world.server).await;
    let now = world.server.now();
    let mut wider = terms();
    wider.details[0]
        .fields
        .insert("payment_method".into(), Precision::Exact);
    let honest = world.device.decide(&delivered, given(terms()), now);
    let attempts: [(Statement, StatementRefusal); 3] = [
        (
            world.device.decide(&delivered, given(wider), now),
            StatementRefusal::WiderThanAsked,
        ),
        (
            changed(&honest, |statement| statement.delivery_nonce = [0; 16]),
            StatementRefusal::NotDelivered,
        ),
        (
            changed(&honest, |statement| statement.subject = SubjectId([4; 16])),
            StatementRefusal::UnknownRequest,
        ),
    ];
    for (statement, refusal) in attempts {
        let (_, outcome) = world.device.give(&world.server, &statement).await;
        assert_eq!(outcome, refused(refusal));
    }
    let (signed, other) = (honest.sign(&world.device.consent), GrantKey::from_bytes([9; 32]));
    for key in [(&other, 1), (&GrantKey::from_bytes([0x5a; 32]), 2)] {
        let outcome = world
            .device
            .submit(&world.server, signed.clone(), Some(key))
            .await;
        assert_eq!(
            outcome,
            refused(StatementRefusal::BadGrantKey),
            "not the one it commits to"
        );
    }
}

#[tokio::test]
async fn the_same_statement_again_gets_the_same_answer_and_a_second_approval_does_not() {
    let world = World::new().await;
    world.ask().await;
    let delivered = world.device.asked(&world.server).await;
    let granted = world.device.approve(&world.server).await;
    let again = world
        .device
        .submit(&world.server, granted.last.clone(), Some((&granted.key, 1)))
        .await;
    assert!(matches!(again, StatementOutcome::Accepted(_)));
    let later = world.server.now().plus_ms(5);
    let second = world.device.decide(&delivered, given(terms()), later);
    let (_, outcome) = world.device.give(&world.server, &second).await;
    assert_eq!(outcome, refused(StatementRefusal::AlreadyClosed));
}

#[tokio::test]
async fn a_refusal_after_an_accepted_approval_is_a_withdrawal() {
    let world = World::new().await;
    world.ask().await;
    let delivered = world.device.asked(&world.server).await;
    world.device.approve(&world.server).await;
    let refusal = world
        .device
        .decide(&delivered, Event::Refused, world.server.now());
    let signed = refusal.sign(&world.device.consent);
    for _ in 0..2 {
        let outcome = world.device.submit(&world.server, signed.clone(), None).await;
        assert!(matches!(outcome, StatementOutcome::Erased(_)), "{outcome:?}");
    }
    assert!(matches!(
        world.read().await,
        Err(ReadError::ConsentRequired { .. })
    ));
}

#[tokio::test]
async fn statements_follow_each_other_and_a_paused_grant_answers_nothing() {
    let world = World::new().await;
    world.ask().await;
    let mut granted = world.device.approve(&world.server).await;
    let first = granted.clone();
    let paused = world
        .device
        .follow(&world.server, &mut granted, Event::Paused)
        .await;
    assert!(matches!(paused, StatementOutcome::Accepted(_)));
    assert!(matches!(
        world.read().await,
        Err(ReadError::ConsentRequired { .. })
    ));
    let mut forked = first;
    let fork = world
        .device
        .follow(&world.server, &mut forked, Event::Resumed)
        .await;
    assert_eq!(fork, refused(StatementRefusal::OutOfOrder));
    let resumed = world
        .device
        .follow(&world.server, &mut granted, Event::Resumed)
        .await;
    assert!(matches!(resumed, StatementOutcome::Accepted(_)));
    assert!(world.read().await.is_ok());
}

#[tokio::test]
async fn a_narrowing_takes_effect_at_once_and_cannot_widen_again() {
    let world = World::new().await;
    world.ask().await;
    let mut granted = world.device.approve(&world.server).await;
    let mut narrow = terms();
    narrow.details[0].fields.remove("total_cost");
    granted.generation = 2;
    granted.key = GrantKey::from_bytes([0x77; 32]);
    let event = Event::Narrowed(extent(narrow, 2));
    let outcome = world.device.follow(&world.server, &mut granted, event).await;
    assert!(matches!(outcome, StatementOutcome::Accepted(_)));
    assert!(world.server.grant_keys().get(granted.grant, 1).unwrap().is_none());
    let event = Event::Narrowed(extent(terms(), 2));
    let outcome = world.device.follow(&world.server, &mut granted, event).await;
    assert_eq!(outcome, refused(StatementRefusal::WiderThanAsked));
}

#[tokio::test]
async fn an_approval_replayed_after_its_withdrawal_stays_withdrawn() {
    let world = World::new().await;
    world.ask().await;
    let mut granted = world.device.approve(&world.server).await;
    let approval = granted.last.clone();
    let erased = world
        .device
        .follow(&world.server, &mut granted, Event::Withdrawn)
        .await;
    assert!(matches!(erased, StatementOutcome::Erased(_)));
    let replayed = world
        .device
        .submit(&world.server, approval, Some((&granted.key, 1)))
        .await;
    assert_eq!(replayed, refused(StatementRefusal::Withdrawn));
    assert!(matches!(
        world.read().await,
        Err(ReadError::ConsentRequired { .. })
    ));
}

#[tokio::test]
async fn a_withdrawal_that_overtakes_its_approval_wins() {
    let world = World::new().await;
    let asked = world.ask().await;
    let delivered = world.device.asked(&world.server).await;
    let approval = world
        .device
        .decide(&delivered, given(terms()), world.server.now());
    let withdrawal = changed(&approval, |statement| {
        statement.event = Event::Withdrawn;
        statement.delivery_nonce = [0; 16];
    });
    let signed = withdrawal.sign(&world.device.consent);
    let outcome = world.device.submit(&world.server, signed, None).await;
    assert!(matches!(outcome, StatementOutcome::Erased(_)));
    let (granted, outcome) = world.device.give(&world.server, &approval).await;
    assert_eq!(outcome, refused(StatementRefusal::Withdrawn));
    assert_eq!(world.request(&asked).status, Status::Rejected);
    assert!(world.server.grant_keys().get(granted.grant, 1).unwrap().is_none());
}
