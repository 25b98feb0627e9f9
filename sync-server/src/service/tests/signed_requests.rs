//! Requests that the application signs.

use vault_wire::{
    frame::Event as Told,
    id::{GrantId, RequestId},
    labels,
    request::ConsentRequest,
    signature::SecretKey,
};

use super::{
    app_with_keys::{sealed_terms, signing, with_keys},
    world::{World, new_request, seconds, terms},
};
use crate::service::{
    app_keys::{AppKeys, set_app_keys},
    request_consent::RequestError,
    request_view::RequestView,
    signed_request::prepare_request,
};

#[tokio::test]
async fn an_application_with_keys_asks_signed_or_not_at_all() {
    let world = with_keys().await;
    let unsigned = world.try_ask(world.subject, terms()).await;
    assert_eq!(unsigned, Err(RequestError::SignatureRequired));
    let request = world.prepared(terms());
    let view = world.ask_signed(&request).await.unwrap();
    assert_eq!((view.id, view.reused), (request.id, false));
    let delivered = world.device.asked(&world.server).await;
    assert_eq!(delivered.bytes, request.to_bytes());
    let signature = delivered.signature.unwrap();
    let key = signing().public();
    assert_eq!(key.verify(labels::REQUEST, &delivered.bytes, &signature), Ok(()));
    let again = world.ask_signed(&request).await.unwrap();
    assert_eq!((again.id, again.reused), (request.id, true));
    let alike = world.ask_signed(&world.prepared(terms())).await.unwrap();
    assert_eq!(
        (alike.id, alike.reused),
        (request.id, true),
        "the user is not asked twice"
    );
}

#[tokio::test]
async fn without_a_sealing_key_nothing_sealed_is_asked_and_without_keys_nothing_is_prepared() {
    let world = World::new().await;
    let asked = world.try_ask(world.subject, sealed_terms()).await;
    assert_eq!(asked, Err(RequestError::NoSealingKey));
    let prepared = prepare_request(&world.server, &world.caller, new_request(world.subject, terms()));
    assert_eq!(prepared, Err(RequestError::NoSigningKey));
    let keys = AppKeys {
        signing: signing().public(),
        sealing: None,
    };
    set_app_keys(&world.server, world.caller.app, keys).await.unwrap();
    let prepared = prepare_request(
        &world.server,
        &world.caller,
        new_request(world.subject, sealed_terms()),
    );
    assert_eq!(prepared, Err(RequestError::NoSealingKey));
}

#[tokio::test]
async fn a_request_that_was_changed_or_is_not_of_now_or_not_of_this_application_is_refused() {
    let world = with_keys().await;
    let request = world.prepared(terms());
    let bytes = request.to_bytes();
    let refused = |outcome: Result<RequestView, RequestError>| {
        assert!(
            matches!(outcome, Err(RequestError::InvalidSignature(_))),
            "{outcome:?}"
        );
    };
    let foreign = SecretKey::from_seed(&[8; 32]).sign(labels::REQUEST, &bytes);
    refused(world.ask_with(bytes.clone(), foreign).await);
    let mut wider = request.clone();
    wider.terms.purpose = vault_wire::purpose::Purpose::Marketing;
    let signature = signing().sign(labels::REQUEST, &bytes);
    refused(world.ask_with(wider.to_bytes(), signature).await);
    refused(world.ask_with(vec![1, 2, 3], signature).await);
    let spoil: [&dyn Fn(&mut ConsentRequest); 4] = [
        &|r| r.app.display_name = "Bank".into(),
        &|r| r.app.sealing_key = None,
        &|r| r.expires_at = r.expires_at.plus_ms(1),
        &|r| {
            let late = seconds(61);
            r.created_at = r.created_at.plus_ms(late);
            r.immediate_until = r.immediate_until.plus_ms(late);
            r.expires_at = r.expires_at.plus_ms(late);
        },
    ];
    for spoil in spoil {
        let mut spoilt = request.clone();
        spoil(&mut spoilt);
        refused(world.ask_signed(&spoilt).await);
    }
    let mut amending = request.clone();
    amending.amends = Some(GrantId([1; 16]));
    let amended = world.ask_signed(&amending).await;
    assert_eq!(amended, Err(RequestError::NoSuchGrant));
    world.clock.advance_ms(seconds(601));
    refused(world.ask_signed(&request).await);
    assert!(
        world
            .device
            .told(&world.server)
            .await
            .iter()
            .all(|notice| !matches!(notice.event, Told::Request(_))),
        "none of it reached the user"
    );
}

#[tokio::test]
async fn a_signed_request_amends_a_grant_of_its_application_and_no_other() {
    let world = with_keys().await;
    let granted = world.sealed_grant().await;
    let mut request = world.prepared(sealed_terms());
    request.amends = Some(granted.grant);
    let view = world.ask_signed(&request).await.unwrap();
    assert_eq!((view.id, view.reused), (request.id, false));
    let mut foreign = world.prepared(sealed_terms());
    foreign.amends = Some(GrantId([1; 16]));
    let refused = world.ask_signed(&foreign).await;
    assert_eq!(refused, Err(RequestError::NoSuchGrant));
}

#[tokio::test]
async fn no_request_takes_the_place_of_another_applications() {
    let world = with_keys().await;
    let request = world.prepared(terms());
    world.ask_signed(&request).await.unwrap();
    let mut usurper = world.prepared(sealed_terms());
    usurper.id = RequestId(request.id.0);
    let outcome = world.ask_signed(&usurper).await;
    assert!(
        matches!(outcome, Err(RequestError::InvalidSignature(_))),
        "{outcome:?}"
    );
}
