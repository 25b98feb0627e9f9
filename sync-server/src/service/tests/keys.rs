//! The key of a grant, which may come with its statement or after it, but only the one that the statement
//! commits to.

use vault_wire::{
    frame::{Rejection, Standing, StatementOutcome, StatementRefusal},
    grant_key::GrantKey,
    statement::Event,
};

use super::{
    device::{Given, brand, extent, given},
    greeting::held,
    set_back::position,
    world::{World, terms},
};

#[tokio::test]
async fn a_statement_without_its_key_is_in_force_and_the_key_can_come_later() {
    let world = World::new().await;
    world.ask().await;
    let asked = world.device.asked(&world.server).await;
    let statement = world.device.decide(&asked, given(terms()), world.server.now());
    let given = Given {
        grant: statement.grant,
        key: GrantKey::from_bytes([0x5a; 32]),
        last: statement.sign(&world.device.consent),
        generation: 1,
    };
    let outcome = world.device.submit(&world.server, given.last.clone(), None).await;
    assert!(matches!(outcome, StatementOutcome::Accepted(_)));
    let page = world.read().await.unwrap();
    assert!(page.records.is_empty(), "nothing is there that had to be opened");
    let receipt = |rev| world.device.receipt(&given, 1, rev, &brand("Acme"));
    let standing = |rev: u64| {
        let entries: Vec<_> = (rev > 0).then(|| receipt(rev)).into_iter().collect();
        position(&given, 1, entries.len() as u64, held(&entries))
    };
    let ack = world.device.push(&world.server, &given, vec![receipt(1)]).await;
    assert_eq!(ack.rejected, [(receipt(1).slot, Rejection::GrantOver)]);

    let other = GrantKey::from_bytes([9; 32]);
    let wrong = world
        .device
        .submit(&world.server, given.last.clone(), Some((&other, 1)))
        .await;
    assert_eq!(wrong, StatementOutcome::Refused(StatementRefusal::BadGrantKey));
    // The second time, the server had the key and has lost it, with entries under it.
    for rev in 1..=2 {
        let missing = world.device.hello(&world.server, 1, standing(rev - 1)).await;
        assert_eq!(missing.standings, [(given.grant, Standing::KeyMissing)]);
        let outcome = world
            .device
            .submit(&world.server, given.last.clone(), Some((&given.key, 1)))
            .await;
        assert!(matches!(outcome, StatementOutcome::Accepted(_)));
        let ack = world.device.push(&world.server, &given, vec![receipt(rev)]).await;
        assert!(ack.rejected.is_empty());
        assert_eq!(world.read().await.unwrap().records.len(), 1);
        let complete = world.device.hello(&world.server, 1, standing(rev)).await;
        assert_eq!(complete.standings, []);
        world.server.grant_keys().destroy_one(given.grant, 1).unwrap();
        assert!(world.read().await.is_err());
    }
}

#[tokio::test]
async fn within_a_generation_nothing_commits_to_another_key() {
    let world = World::new().await;
    world.ask().await;
    let mut given = world.device.approve(&world.server).await;
    let mut briefly = terms();
    briefly.data_life = Some(vault_wire::terms::DataLife { days: 1 });
    given.key = GrantKey::from_bytes([9; 32]);
    let narrowed = Event::Narrowed(extent(briefly, 1));
    let outcome = world.device.follow(&world.server, &mut given, narrowed).await;
    assert_eq!(outcome, StatementOutcome::Refused(StatementRefusal::BadGrantKey));
}
