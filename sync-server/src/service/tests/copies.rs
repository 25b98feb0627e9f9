//! Copies of a vault file that lack what another one said: the server tells them.

use vault_wire::{
    Digest,
    frame::{KeptStatement, Standing, StatementAck, StatementOutcome, StatementRefusal},
    grant_key::GrantKey,
    id::GrantId,
    request::ConsentRequest,
    statement::{Event, Statement},
    terms::{Duration, Terms},
};

use super::{
    device::{Given, brand, committed, extent, given},
    greeting::held,
    set_back::{position, set_back_to_before_consent},
    world::{World, terms},
};
use crate::service::{read::ReadError, statement};

fn numbers(kept: &[KeptStatement]) -> Vec<u64> {
    let said = kept.iter().map(|kept| kept.statement.verify().unwrap());
    said.map(|said| said.number).collect()
}

/// A world with a grant that was paused and resumed.
async fn changed() -> (World, Given) {
    let world = World::new().await;
    world.ask().await;
    let mut given = world.device.approve(&world.server).await;
    for event in [Event::Paused, Event::Resumed] {
        world.device.follow(&world.server, &mut given, event).await;
    }
    (world, given)
}

#[tokio::test]
async fn a_running_grant_that_hello_does_not_name_is_told_whole_and_with_its_request() {
    let (world, given) = changed().await;
    let (welcome, kept) = world.device.greet(&world.server, 1, vec![], vec![]).await;
    assert_eq!(welcome.standings, [(given.grant, Standing::Behind(3))]);
    assert_eq!(numbers(&kept), [1, 2, 3]);
    let request = kept[0].request.as_ref().unwrap();
    let first = kept[0].statement.verify().unwrap();
    assert_eq!(ConsentRequest::digest_of(&request.bytes), first.request);
    assert_eq!(request.delivery_nonce, first.delivery_nonce);
    assert!(kept[1..].iter().all(|kept| kept.request.is_none()));
}

#[tokio::test]
async fn a_welcome_is_followed_by_just_the_statements_that_it_announces() {
    let (world, mut given) = changed().await;
    let (welcome, lacking) = world.device.greet_only(&world.server, 1, vec![], vec![]).await;
    assert_eq!(welcome.standings, [(given.grant, Standing::Behind(3))]);
    world
        .device
        .follow(&world.server, &mut given, Event::Paused)
        .await;
    let [(grant, announced)] = &lacking[..] else {
        panic!("one grant is not known")
    };
    let kept = statement::kept(&world.server, world.device.vault, *grant, announced).unwrap();
    assert_eq!(
        numbers(&kept),
        [1, 2, 3],
        "what came later is told behind a refusal"
    );
}

#[tokio::test]
async fn a_grant_that_is_over_or_named_as_ended_is_not_told() {
    let (world, mut given) = changed().await;
    let ended = vec![given.grant];
    let (welcome, kept) = world.device.greet(&world.server, 1, vec![], ended).await;
    assert_eq!(
        welcome.standings,
        [(given.grant, Standing::StatementStale(3))],
        "it is over now"
    );
    assert!(kept.is_empty());
    let (welcome, _) = world.device.greet(&world.server, 1, vec![], vec![]).await;
    assert_eq!(welcome.standings, [], "its withdrawal is on its way");
    world
        .device
        .follow(&world.server, &mut given, Event::Withdrawn)
        .await;
    world.clock.advance_ms(8 * 86_400_000);
    let until = Terms {
        duration: Duration::TimeBound(world.clock_at(60_000)),
        ..terms()
    };
    world.try_ask(world.subject, until).await.unwrap();
    let second = world.device.approve(&world.server).await;
    let (welcome, _) = world.device.greet(&world.server, 1, vec![], vec![]).await;
    assert_eq!(welcome.standings, [(second.grant, Standing::Behind(1))]);
    world.clock.advance_ms(60_000);
    let (welcome, _) = world.device.greet(&world.server, 1, vec![], vec![]).await;
    assert_eq!(welcome.standings, [], "its time is over");
}

#[tokio::test]
async fn another_statement_of_the_same_number_is_not_taken_for_the_one_that_is_kept() {
    let (world, given) = changed().await;
    let mut named = position(&given, 3, 0, held(&[]));
    let (welcome, _) = world.device.greet(&world.server, 1, vec![named], vec![]).await;
    assert_eq!(welcome.standings, []);
    let other: Digest = [9; 32];
    for (number, count) in [(3, 3), (2, 3)] {
        (named.statement, named.last) = (number, other);
        let (welcome, kept) = world.device.greet(&world.server, 1, vec![named], vec![]).await;
        assert_eq!(welcome.standings, [(given.grant, Standing::Behind(3))]);
        assert_eq!(numbers(&kept).len(), count, "nobody knows where they part");
    }
}

#[tokio::test]
async fn whoever_agrees_to_what_another_copy_agreed_to_is_told_what_was_said() {
    let world = World::new().await;
    world.ask().await;
    let asked = world.device.asked(&world.server).await;
    let given_before = world.device.approve(&world.server).await;
    let ack = |outcome| StatementAck {
        grant: given_before.grant,
        number: 1,
        outcome,
    };
    let late = world.device.decide(&asked, given(terms()), world.clock_at(5));
    let (_, outcome) = world.device.give(&world.server, &late).await;
    assert_eq!(
        outcome,
        StatementOutcome::Refused(StatementRefusal::AlreadyClosed)
    );
    let vault = world.device.vault;
    let kept = statement::reminders(&world.server, vault, &ack(outcome.clone())).unwrap();
    assert_eq!(numbers(&kept), [1]);
    assert!(kept[0].request.is_some());
    let mut over = given_before.clone();
    world
        .device
        .follow(&world.server, &mut over, Event::Withdrawn)
        .await;
    let kept = statement::reminders(&world.server, vault, &ack(outcome)).unwrap();
    assert!(kept.is_empty(), "nothing runs any more");
}

#[tokio::test]
async fn a_grant_that_was_named_as_ended_before_this_data_knew_it_never_begins_again() {
    let (world, given, proof) = set_back_to_before_consent().await;
    let device = &world.device;
    let ended = || vec![given.grant];
    let (welcome, _) = device.greet(&world.server, 1, vec![], ended()).await;
    assert_eq!(welcome.standings, [(given.grant, Standing::Unknown)]);
    let (welcome, _) = device.greet(&world.server, 1, vec![], ended()).await;
    assert_eq!(welcome.standings, [], "it is remembered");
    // Another copy of the vault, which does not know of the end, comes first with its proof.
    let consent = given.last.clone();
    let outcome = device
        .submit_again(&world.server, &consent, Some((&given.key, 1)), proof)
        .await;
    assert_eq!(outcome, StatementOutcome::Refused(StatementRefusal::Withdrawn));
    assert!(matches!(
        world.read().await,
        Err(ReadError::ConsentRequired { .. })
    ));
    let mut withdrawn = given.clone();
    let outcome = device
        .follow(&world.server, &mut withdrawn, Event::Withdrawn)
        .await;
    assert!(matches!(outcome, StatementOutcome::Erased(_)), "{outcome:?}");
}

#[tokio::test]
async fn only_so_many_grants_that_this_data_never_knew_are_remembered() {
    let world = World::new().await;
    let name =
        |from: u32| (from..from + 4_096).map(|n| GrantId((1u128 << 100 | u128::from(n)).to_be_bytes()));
    let (welcome, _) = world
        .device
        .greet(&world.server, 1, vec![], name(0).collect())
        .await;
    assert_eq!(welcome.standings.len(), 4_096);
    let (welcome, _) = world
        .device
        .greet(&world.server, 1, vec![], name(4_095).collect())
        .await;
    assert_eq!(welcome.standings.len(), 4_095, "one was remembered");
    let (welcome, _) = world
        .device
        .greet(&world.server, 1, vec![], name(4_095).collect())
        .await;
    assert_eq!(welcome.standings.len(), 4_095, "and no other is");
}

#[tokio::test]
async fn keys_that_a_power_cut_saved_from_a_narrowing_are_destroyed_after_it() {
    let world = World::new().await;
    world.ask().await;
    let mut given = world.device.approve(&world.server).await;
    let former = given.key.clone();
    let mut less = terms();
    less.details[0].fields.remove("total_cost");
    (given.generation, given.key) = (2, GrantKey::from_bytes([0x77; 32]));
    let narrowed = Event::Narrowed(extent(less, 2));
    world.device.follow(&world.server, &mut given, narrowed).await;
    let keys = world.server.grant_keys();
    assert!(keys.get(given.grant, 1).unwrap().is_none(), "before the answer");
    // As if power had failed between the transaction and the destruction.
    keys.put(given.grant, 1, &crate::store::HeldKey::Open(former))
        .unwrap();
    statement::drop_doomed(&world.server).await.unwrap();
    assert!(keys.get(given.grant, 1).unwrap().is_none());
    assert!(keys.get(given.grant, 2).unwrap().is_some(), "the new one stays");
}

#[tokio::test]
async fn while_another_copys_later_word_is_missing_entries_are_taken_and_nothing_is_read() {
    let (world, given) = changed().await;
    let mut later = position(&given, 3, 0, held(&[]));
    (later.statement, later.last) = (4, [9; 32]);
    let (welcome, _) = world.device.greet(&world.server, 1, vec![later], vec![]).await;
    assert_eq!(welcome.standings, [(given.grant, Standing::StatementStale(3))]);
    let entry = world.device.receipt(&given, 1, 1, &brand("Acme"));
    let ack = world.device.push(&world.server, &given, vec![entry]).await;
    assert!(ack.rejected.is_empty(), "{ack:?}");
    assert!(matches!(
        world.read().await,
        Err(ReadError::ConsentRequired { .. })
    ));
}

/// The word of the statement is what counts, not who sends it.
#[tokio::test]
async fn a_narrowing_that_is_sent_again_destroys_what_the_first_time_did_not_come_to() {
    let world = World::new().await;
    world.ask().await;
    let mut given = world.device.approve(&world.server).await;
    let before: Statement = given.last.verify().unwrap();
    let mut less = terms();
    less.details[0].fields.remove("total_cost");
    let (former, digest) = (given.key.clone(), given.last.digest());
    (given.generation, given.key) = (2, GrantKey::from_bytes([0x77; 32]));
    let narrowed = Event::Narrowed(extent(less, 2));
    let narrowed = committed(narrowed, given.grant, &given.key);
    let signed =
        Statement::following(&before, digest, narrowed, world.clock_at(0)).sign(&world.device.consent);
    for _ in 0..2 {
        let keys = world.server.grant_keys();
        keys.put(given.grant, 1, &crate::store::HeldKey::Open(former.clone()))
            .unwrap();
        let key = Some((&given.key, 2));
        let outcome = world.device.submit(&world.server, signed.clone(), key).await;
        assert!(matches!(outcome, StatementOutcome::Accepted(_)), "{outcome:?}");
        assert!(keys.get(given.grant, 1).unwrap().is_none());
    }
}
