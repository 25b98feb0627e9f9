//! Delivery `sealed`, and requests that the application signs.

use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use vault_wire::{
    entry::{Binding, Body, ContentTag, Entry},
    frame::{Event as Told, Rejection, StatementOutcome, StatementRefusal, SubmitStatement},
    grant_key::{GrantKey, SealedGrantKey, SealingSecretKey},
    id::{GrantId, RequestId},
    labels,
    request::ConsentRequest,
    signature::{SecretKey, Signature},
    statement::Event,
    terms::{Delivery, Terms},
    value::Value,
};

use super::{
    device::{Given, brand, given},
    world::{World, query, seconds, terms, wording},
};
use crate::{
    service::{
        app_keys::{AppKeys, set_app_keys},
        holdings::holdings,
        read::{Content, ReadAnswer, ReadError, ReadQuery},
        request_consent::{NewRequest, RequestError},
        request_view::RequestView,
        signed_request::{SignedRequest, prepare_request, request_signed},
        statement,
    },
    store::HeldKey,
};

fn signing() -> SecretKey {
    SecretKey::from_seed(&[0x51; 32])
}

fn sealing() -> SealingSecretKey {
    SealingSecretKey::from_bytes([0x52; 32])
}

fn sealed_terms() -> Terms {
    Terms {
        delivery: Delivery::Sealed,
        ..terms()
    }
}

/// A world whose application has keys.
async fn with_keys() -> World {
    let world = World::new().await;
    let keys = AppKeys {
        signing: signing().public(),
        sealing: Some(sealing().public()),
    };
    set_app_keys(&world.server, world.caller.app, keys).await.unwrap();
    world
}

impl World {
    fn new_request(&self, terms: Terms) -> NewRequest {
        NewRequest {
            subject: self.subject,
            terms,
            required: Vec::new(),
            amends: None,
            wording: wording(),
            binding_code: true,
            metadata: None,
        }
    }

    fn prepared(&self, terms: Terms) -> ConsentRequest {
        prepare_request(&self.server, &self.caller, self.new_request(terms)).unwrap()
    }

    async fn ask_with(&self, bytes: Vec<u8>, signature: Signature) -> Result<RequestView, RequestError> {
        let signed = SignedRequest {
            bytes,
            signature,
            metadata: None,
        };
        request_signed(&self.server, &self.caller, signed).await
    }

    async fn ask_signed(&self, request: &ConsentRequest) -> Result<RequestView, RequestError> {
        let bytes = request.to_bytes();
        let signature = signing().sign(labels::REQUEST, &bytes);
        self.ask_with(bytes, signature).await
    }

    /// A sealed grant with its key.
    async fn sealed_grant(&self) -> Given {
        self.ask_signed(&self.prepared(sealed_terms())).await.unwrap();
        let asked = self.device.asked(&self.server).await;
        let statement = self
            .device
            .decide(&asked, given(sealed_terms()), self.server.now());
        let granted = Given {
            grant: statement.grant,
            key: GrantKey::from_bytes([0x5a; 32]),
            last: statement.sign(&self.device.consent),
            generation: 1,
        };
        let outcome = self.give_sealed(&granted, sealed_key(&granted)).await;
        assert!(matches!(outcome, StatementOutcome::Accepted(_)));
        granted
    }

    async fn give_sealed(&self, granted: &Given, grant_key: SealedGrantKey) -> StatementOutcome {
        let sent = SubmitStatement {
            statement: granted.last.clone(),
            certificate: self.device.certificate(),
            grant_key: Some(grant_key),
            proof: None,
        };
        let device = &self.device;
        let ack = statement::submit(&self.server, device.vault, device.owner.public(), sent).await;
        ack.unwrap().outcome
    }
}

fn sealed_key(granted: &Given) -> SealedGrantKey {
    let mut rng = ChaCha20Rng::from_seed([4; 32]);
    let key = &granted.key;
    key.seal_to(&sealing().public(), granted.grant, granted.generation, &mut rng)
        .unwrap()
}

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
    let granted = Given {
        grant: statement.grant,
        key: GrantKey::from_bytes([0x5a; 32]),
        last: statement.sign(&world.device.consent),
        generation: 1,
    };
    let mut long = sealed_key(&granted);
    long.ciphertext.push(0);
    let refused = StatementOutcome::Refused(StatementRefusal::BadGrantKey);
    assert_eq!(world.give_sealed(&granted, long).await, refused);
    let good = sealed_key(&granted);
    let taken = world.give_sealed(&granted, good).await;
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
    let prepared = prepare_request(&world.server, &world.caller, world.new_request(terms()));
    assert_eq!(prepared, Err(RequestError::NoSigningKey));
    let keys = AppKeys {
        signing: signing().public(),
        sealing: None,
    };
    set_app_keys(&world.server, world.caller.app, keys).await.unwrap();
    let prepared = prepare_request(&world.server, &world.caller, world.new_request(sealed_terms()));
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
