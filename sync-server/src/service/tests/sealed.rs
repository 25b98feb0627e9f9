//! Delivery `sealed`: the server keeps what it cannot open.

use vault_wire::{
    entry::{Binding, Body, ContentTag, Entry},
    frame::{Event as Told, Rejection, StatementOutcome, StatementRefusal},
    grant_key::SealingSecretKey,
    statement::Event,
    value::Value,
};

use super::{
    app_with_keys::{sealed_key, sealed_terms, sealing, with_keys},
    device::{brand, given},
    world::query,
};
use crate::{
    service::{
        holdings::holdings,
        read::{Content, ReadAnswer, ReadError, ReadQuery},
    },
    store::HeldKey,
};

/// What the application makes of an answer.
fn opened(answer: &ReadAnswer, holder: &SealingSecretKey) -> Vec<Value> {
    let sealed = answer.sealed_key.as_ref().unwrap();
    let key = sealed.key.open(holder, answer.grant, sealed.generation).unwrap();
    let records = answer.records.iter().map(|record| {
        let Content::Sealed {
            statement,
            rev,
            nonce,
            ciphertext,
        } = &record.content
        else {
            panic!("a record is not sealed")
        };
        let binding = Binding {
            grant: answer.grant,
            generation: sealed.generation,
            statement: *statement,
        };
        let entry = Entry {
            slot: record.slot,
            tag: ContentTag([0; 16]),
            rev: *rev,
            body: Body::Put {
                category: query(vault_wire::id::SubjectId([0; 16])).category,
                nonce: *nonce,
                ciphertext: ciphertext.clone(),
            },
        };
        entry.open(&key, binding).unwrap().fields["brand"].clone()
    });
    records.collect()
}

#[tokio::test]
async fn the_application_opens_what_the_server_cannot() {
    let world = with_keys().await;
    let granted = world.sealed_grant().await;
    let entries = vec![
        world.device.receipt(&granted, 1, 1, &brand("Acme")),
        world.device.receipt(&granted, 2, 1, &brand("Bazaar")),
    ];
    let ack = world.device.push(&world.server, &granted, entries).await;
    assert!(ack.rejected.is_empty(), "{ack:?}");
    let answer = world.read().await.unwrap();
    assert_eq!(
        opened(&answer, &sealing()),
        ["Acme", "Bazaar"].map(|name| Value::Text(name.into()))
    );
    let held = holdings(&world.server, world.device.vault).unwrap();
    assert_eq!((held.entries, held.unreadable), (2, 2));
    let Some(HeldKey::Sealed(key)) = world.server.grant_keys().get(granted.grant, 1).unwrap() else {
        panic!("the key is not kept sealed")
    };
    assert!(key.open(&world.server.keys().sealing, granted.grant, 1).is_err());
    assert!(
        key.open(&SealingSecretKey::from_bytes([9; 32]), granted.grant, 1)
            .is_err()
    );
}

#[tokio::test]
async fn a_sealed_read_is_told_to_the_owner_with_all_that_it_can_hold() {
    let world = with_keys().await;
    let granted = world.sealed_grant().await;
    let entry = world.device.receipt(&granted, 1, 1, &brand("Acme"));
    world.device.push(&world.server, &granted, vec![entry]).await;
    let answer = world.read().await.unwrap();
    let told = world.device.told(&world.server).await;
    let Some(Told::Read(receipt)) = told.into_iter().map(|notice| notice.event).next_back() else {
        panic!("the owner was not told");
    };
    assert_eq!((receipt.id, receipt.records), (answer.read_id, 1));
    assert_eq!(receipt.fields, ["brand", "total_cost"]);
}

#[tokio::test]
async fn sealed_records_are_chosen_by_arrival_and_not_by_what_they_hold() {
    let world = with_keys().await;
    let granted = world.sealed_grant().await;
    let entry = world.device.receipt(&granted, 1, 1, &brand("Acme"));
    world.device.push(&world.server, &granted, vec![entry]).await;
    let all = query(world.subject);
    for filtered in [
        ReadQuery {
            fields: Some(vec!["brand".into()]),
            ..all.clone()
        },
        ReadQuery {
            from: Some(world.server.now()),
            ..all.clone()
        },
        ReadQuery {
            to: Some(world.server.now()),
            ..all.clone()
        },
    ] {
        let refused = world.read_with(filtered).await.unwrap_err();
        assert_eq!(refused, ReadError::SealedNotFilterable);
    }
    let since = ReadQuery {
        updated_since: Some(world.server.now().plus_ms(1)),
        ..all
    };
    assert!(world.read_with(since).await.unwrap().records.is_empty());
}

#[tokio::test]
async fn a_withdrawal_destroys_the_wrapped_key_of_a_sealed_grant_and_then_its_entries() {
    let world = with_keys().await;
    let mut granted = world.sealed_grant().await;
    let entry = world.device.receipt(&granted, 1, 1, &brand("Acme"));
    world.device.push(&world.server, &granted, vec![entry]).await;
    let wrapped = std::fs::read(world.folder.path().join("data/grant-keys")).unwrap();
    assert!(wrapped.iter().any(|byte| *byte != 0));
    let outcome = world
        .device
        .follow(&world.server, &mut granted, Event::Withdrawn)
        .await;
    let StatementOutcome::Erased(receipt) = outcome else {
        panic!("{outcome:?}")
    };
    let erasure = receipt.verify(&receipt.key, world.device.vault).unwrap();
    assert_eq!((erasure.keys, erasure.entries), (1, 1));
    let wiped = std::fs::read(world.folder.path().join("data/grant-keys")).unwrap();
    assert!(
        wiped.iter().all(|byte| *byte == 0),
        "no byte of the wrapping is left"
    );
    assert!(matches!(
        world.read().await,
        Err(ReadError::ConsentRequired { .. })
    ));
}

#[tokio::test]
async fn a_sealed_key_of_another_form_and_an_entry_of_another_category_are_refused() {
    let world = with_keys().await;
    world.ask_signed(&world.prepared(sealed_terms())).await.unwrap();
    let asked = world.device.asked(&world.server).await;
    let statement = world
        .device
        .decide(&asked, given(sealed_terms()), world.server.now());
    let granted = world.device.granted(&statement);
    let mut long = sealed_key(&granted);
    long.ciphertext.push(0);
    let refused = StatementOutcome::Refused(StatementRefusal::BadGrantKey);
    assert_eq!(
        world.device.give_with(&world.server, &granted, long).await,
        refused
    );
    let good = sealed_key(&granted);
    let taken = world.device.give_with(&world.server, &granted, good).await;
    assert!(matches!(taken, StatementOutcome::Accepted(_)));
    let mut elsewhere = world.device.receipt(&granted, 1, 1, &brand("Acme"));
    if let Body::Put { category, .. } = &mut elsewhere.body {
        *category = vault_wire::catalogue::Category::Health;
    }
    let ack = world
        .device
        .push(&world.server, &granted, vec![elsewhere.clone()])
        .await;
    assert_eq!(ack.rejected, [(elsewhere.slot, Rejection::OutsideGrant)]);
}
