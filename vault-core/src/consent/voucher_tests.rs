//! Who vouches for those who ask, against a domain and a server that say what a test wants.

use std::{collections::BTreeMap, sync::Mutex};

use serde_json::{Value as Json, json};
use vault_wire::{
    domain::AppDomain,
    frame::{DeliveredRequest, Event},
    grant_key::{SealingPublicKey, SealingSecretKey},
    id::{AppId, RequestId, SubjectId},
    json::hex,
    labels,
    request::{ConsentRequest, Vouched},
    signature::SecretKey,
    terms::Delivery,
};

use super::{
    tests::{Fixture, NOW, asked, deliver, fixture},
    *,
};
use crate::{
    error::Error,
    well_known::{AppDocuments, DocumentError},
};

const SHOP: &str = "shop.example";

/// Domains and what they publish.
#[derive(Default)]
struct Web {
    documents: Mutex<BTreeMap<String, Vec<u8>>>,
    asked: Mutex<Vec<String>>,
}

impl Web {
    fn publish(&self, domain: &str, document: &Json) {
        let bytes = document.to_string().into_bytes();
        self.documents.lock().unwrap().insert(domain.to_owned(), bytes);
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl AppDocuments for Web {
    fn fetch(&self, domain: &AppDomain) -> Result<Vec<u8>, DocumentError> {
        self.asked.lock().unwrap().push(domain.to_string());
        let documents = self.documents.lock().unwrap();
        let document = documents.get(domain.as_str()).cloned();
        document.ok_or(DocumentError::Unreachable("no route".into()))
    }
}

fn signing() -> SecretKey {
    SecretKey::from_seed(&[0x31; 32])
}

fn sealing() -> SealingSecretKey {
    SealingSecretKey::from_bytes([0x32; 32])
}

/// A request of an application whose domain is `shop.example`.
fn vouched(id: u8) -> ConsentRequest {
    let mut request = asked();
    request.id = RequestId([id; 16]);
    request.app.id = AppId([0x44; 16]);
    request.app.display_name = "Shop".into();
    request.app.website = format!("https://{SHOP}/about");
    request.app.vouched = Vouched::ByDomain;
    request.app.signing_key = Some(signing().public());
    request.app.sealing_key = Some(sealing().public());
    request
}

fn document(request: &ConsentRequest) -> Json {
    let app = &request.app;
    json!({ "version": 1, "apps": [{
        "app_id": app.id.to_string(),
        "display_name": app.display_name,
        "brand_name": app.brand_name,
        "controller": app.controller,
        "country": app.country,
        "signing_key": hex(&app.signing_key.unwrap().0),
        "sealing_key": app.sealing_key.map(|key| hex(&key.0)),
    }] })
}

fn signed_with(request: &ConsentRequest, key: &SecretKey) -> DeliveredRequest {
    let bytes = request.to_bytes();
    DeliveredRequest {
        signature: Some(key.sign(labels::REQUEST, &bytes)),
        bytes,
        delivery_nonce: [8; 16],
    }
}

impl Fixture {
    fn receive(&self, request: &ConsentRequest) {
        self.receive_signed(request, &signing());
    }

    fn receive_signed(&self, request: &ConsentRequest, key: &SecretKey) {
        deliver(&self.store, &Event::Request(signed_with(request, key)));
    }

    fn ask(&self, web: &Web) -> Vec<DomainAnswer> {
        ask_domains(&self.store, web).unwrap()
    }

    fn voucher(&self, id: u8) -> Voucher {
        let view = self.store.view().unwrap();
        request(&view, RequestId([id; 16]), self.store.now())
            .unwrap()
            .voucher
    }

    fn agree(&self, request: &ConsentRequest) -> Result<vault_wire::id::GrantId, Error> {
        approve(&self.store, request.id, &Selection::everything(request))
    }
}

fn shop() -> AppDomain {
    AppDomain::parse(SHOP).unwrap()
}

fn by_domain() -> Voucher {
    Voucher::Domain {
        domain: shop(),
        keys_changed_at: None,
    }
}

#[test]
fn an_application_is_vouched_for_by_the_server_only_until_its_domain_was_asked() {
    let (fixture, web) = (fixture(), Web::default());
    assert_eq!(fixture.voucher(5), Voucher::Server, "it names no domain");
    let request = vouched(7);
    fixture.receive(&request);
    assert_eq!(fixture.voucher(7), Voucher::NotAskedYet(shop()));
    let answers = fixture.ask(&web);
    assert!(matches!(answers[0].outcome, Err(DocumentError::Unreachable(_))));
    assert_eq!(fixture.voucher(7), Voucher::NotAskedYet(shop()));
    web.publish(SHOP, &document(&request));
    assert_eq!(fixture.ask(&web)[0].outcome, Ok(true));
    assert_eq!(fixture.voucher(7), by_domain());
}

#[test]
fn what_a_domain_said_is_not_asked_for_again_within_a_day() {
    let (fixture, web) = (fixture(), Web::default());
    let request = vouched(7);
    web.publish(SHOP, &document(&request));
    fixture.receive(&request);
    fixture.ask(&web);
    fixture.clock.advance_ms(86_000_000);
    assert!(fixture.ask(&web).is_empty());
    fixture.clock.advance_ms(500_000);
    fixture.ask(&web);
    assert_eq!(web.asked(), 2);
}

#[test]
fn sealed_is_given_only_to_an_application_that_its_domain_vouches_for() {
    let (fixture, web) = (fixture(), Web::default());
    let mut request = vouched(7);
    request.terms.delivery = Delivery::Sealed;
    fixture.receive(&request);
    assert!(matches!(fixture.agree(&request), Err(Error::NotVouchedFor)));
    web.publish(SHOP, &document(&request));
    fixture.ask(&web);
    let grant = fixture.agree(&request).unwrap();
    let server = SealingSecretKey::from_bytes([2; 32]);
    let view = fixture.store.view().unwrap();
    let sent = submission(&fixture.store, &view, grant, 1, &server.public()).unwrap();
    let key = sent.grant_key.unwrap();
    assert!(key.open(&server, grant, 1).is_err(), "the server cannot open it");
    assert!(key.open(&sealing(), grant, 1).is_ok());
}

#[test]
fn a_server_that_puts_another_key_name_or_domain_into_a_request_is_refused() {
    let attacker = SecretKey::from_seed(&[0x66; 32]);
    type Forgery<'a> = (&'a dyn Fn(&mut ConsentRequest), &'a SecretKey, Contradiction);
    let spoil: [Forgery<'_>; 8] = [
        (&|_| (), &attacker, Contradiction::Signature),
        (
            &|r| r.app.signing_key = Some(SecretKey::from_seed(&[0x66; 32]).public()),
            &attacker,
            Contradiction::Keys,
        ),
        (
            &|r| r.app.sealing_key = Some(SealingPublicKey([0x67; 32])),
            &signing(),
            Contradiction::Keys,
        ),
        (&|r| r.app.sealing_key = None, &signing(), Contradiction::Keys),
        (
            &|r| r.app.display_name = "Bank".into(),
            &signing(),
            Contradiction::Name,
        ),
        (
            &|r| r.app.controller = "Evil Ltd".into(),
            &signing(),
            Contradiction::Name,
        ),
        (
            &|r| r.app.website = "https://shop.evil.example".into(),
            &signing(),
            Contradiction::Domain,
        ),
        (
            &|r| {
                r.app.vouched = Vouched::ByServer;
                (r.app.signing_key, r.app.sealing_key) = (None, None);
            },
            &signing(),
            Contradiction::Domain,
        ),
    ];
    for (number, (spoil, key, expected)) in spoil.into_iter().enumerate() {
        let (fixture, web) = (fixture(), Web::default());
        let honest = vouched(7);
        web.publish(SHOP, &document(&honest));
        fixture.receive(&honest);
        fixture.ask(&web);
        let mut forged = vouched(8);
        spoil(&mut forged);
        web.publish("shop.evil.example", &document(&vouched(8)));
        fixture.receive_signed(&forged, key);
        for _ in 0..2 {
            assert_eq!(fixture.voucher(8), Voucher::Nobody(expected), "case {number}");
            assert!(matches!(
                fixture.agree(&forged),
                Err(Error::NotWhoItSays(contradiction)) if contradiction == expected
            ));
            fixture.ask(&web);
        }
        let view = fixture.store.view().unwrap();
        let shown = apps::identity(&view, honest.app.id).unwrap().unwrap();
        assert_eq!(
            shown, honest.app,
            "case {number}: the forged identity was remembered"
        );
        assert_eq!(fixture.voucher(7), by_domain(), "case {number}");
        reject(&fixture.store, forged.id).unwrap();
    }
}

#[test]
fn an_unsigned_request_of_an_application_with_a_domain_is_refused() {
    let fixture = fixture();
    let mut delivered = signed_with(&vouched(7), &signing());
    delivered.signature = None;
    deliver(&fixture.store, &Event::Request(delivered));
    assert_eq!(fixture.voucher(7), Voucher::Nobody(Contradiction::Signature));
}

#[test]
fn an_application_that_its_domain_does_not_know_is_refused_until_it_is_published() {
    let (fixture, web) = (fixture(), Web::default());
    let request = vouched(7);
    web.publish(SHOP, &json!({ "version": 1, "apps": [] }));
    fixture.receive(&request);
    assert_eq!(fixture.ask(&web)[0].outcome, Ok(false));
    assert_eq!(fixture.voucher(7), Voucher::Nobody(Contradiction::Unlisted));
    web.publish(SHOP, &document(&request));
    fixture.ask(&web);
    assert_eq!(fixture.voucher(7), by_domain());
}

#[test]
fn new_keys_of_the_domain_are_taken_and_shown_and_a_grant_that_runs_keeps_its_own() {
    let (fixture, web) = (fixture(), Web::default());
    let mut first = vouched(7);
    first.terms.delivery = Delivery::Sealed;
    web.publish(SHOP, &document(&first));
    fixture.receive(&first);
    fixture.ask(&web);
    let grant = fixture.agree(&first).unwrap();
    let (new_signing, new_sealing) = (
        SecretKey::from_seed(&[0x71; 32]),
        SealingSecretKey::from_bytes([0x72; 32]),
    );
    let mut second = vouched(8);
    second.app.signing_key = Some(new_signing.public());
    second.app.sealing_key = Some(new_sealing.public());
    fixture.receive_signed(&second, &new_signing);
    assert_eq!(fixture.voucher(8), Voucher::Nobody(Contradiction::Keys));
    web.publish(SHOP, &document(&second));
    fixture.clock.advance_ms(1_000);
    fixture.ask(&web);
    let changed = Voucher::Domain {
        domain: shop(),
        keys_changed_at: Some(NOW.plus_ms(1_000)),
    };
    assert_eq!(fixture.voucher(8), changed);
    let server = SealingSecretKey::from_bytes([2; 32]).public();
    let view = fixture.store.view().unwrap();
    let sent = submission(&fixture.store, &view, grant, 1, &server).unwrap();
    let key = sent.grant_key.unwrap();
    assert!(key.open(&sealing(), grant, 1).is_ok());
    assert!(key.open(&new_sealing, grant, 1).is_err());
}

#[test]
fn a_domain_that_publishes_a_worthless_key_gets_nothing() {
    let (fixture, web) = (fixture(), Web::default());
    let mut request = vouched(7);
    request.app.sealing_key = Some(SealingPublicKey([0; 32]));
    web.publish(SHOP, &document(&request));
    fixture.receive(&request);
    fixture.ask(&web);
    assert!(matches!(
        fixture.agree(&request),
        Err(Error::NotWhoItSays(Contradiction::Keys))
    ));
}

#[test]
fn a_link_does_not_rename_an_application_that_its_domain_names() {
    let (fixture, web) = (fixture(), Web::default());
    let request = vouched(7);
    web.publish(SHOP, &document(&request));
    fixture.receive(&request);
    fixture.ask(&web);
    let mut app = request.app.clone();
    app.display_name = "Bank".into();
    let linked = Event::Linked {
        app,
        subject: SubjectId([6; 16]),
        at: NOW,
    };
    deliver(&fixture.store, &linked);
    let view = fixture.store.view().unwrap();
    let shown = apps::identity(&view, request.app.id).unwrap().unwrap();
    assert_eq!(shown.display_name, "Shop");
}
