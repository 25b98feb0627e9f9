//! Receipts: rendered, and checked from their text alone.

use serde_json::{Value as Json, json};
use vault_wire::{json::hex, statement::Event as Said};

use super::{super::*, *};

/// One of every kind of statement, as text.
fn every_kind() -> Vec<Json> {
    let fixture = fixture();
    let id = approve(&fixture.store, ID, &fixture.everything()).unwrap();
    fixture.accept(id, 1);
    let fewer = Selection::all_of(&fixture.grant())
        .only_fields(Category::Receipts, &["brand"])
        .unwrap();
    narrow(&fixture.store, id, &fewer).unwrap();
    pause(&fixture.store, id).unwrap();
    resume(&fixture.store, id).unwrap();
    renew(&fixture.store, id, None).unwrap();
    withdraw(&fixture.store, id).unwrap();
    let mut texts = of_chain(&fixture, id);
    let mut second = asked();
    second.id = RequestId([77; 16]);
    deliver(&fixture.store, &Event::Request(delivered(&second)));
    reject(&fixture.store, second.id).unwrap();
    let refused = GrantId::of_request(&ConsentRequest::digest_of(&second.to_bytes()));
    texts.extend(of_chain(&fixture, refused));
    texts
}

fn of_chain(fixture: &Fixture, id: GrantId) -> Vec<Json> {
    let view = fixture.store.view().unwrap();
    let receipts = receipts(&fixture.store, &view, id).unwrap();
    receipts.iter().map(Receipt::to_json_ld).collect()
}

#[test]
fn a_receipt_of_every_kind_of_statement_can_be_checked_from_its_text() {
    let texts = every_kind();
    let kinds: Vec<_> = texts.iter().map(|text| text["event"]["type"].clone()).collect();
    assert_eq!(
        kinds,
        [
            "given",
            "narrowed",
            "paused",
            "resumed",
            "renewed",
            "withdrawn",
            "refused"
        ]
        .map(Json::from)
    );
    let statuses: Vec<_> = texts
        .iter()
        .map(|text| text["event"]["dpv:hasConsentStatus"].as_str().unwrap())
        .collect();
    assert_eq!(statuses[0], "dpv:ConsentGiven");
    assert_eq!(
        statuses[4..],
        [
            "dpv:RenewedConsentGiven",
            "dpv:ConsentWithdrawn",
            "dpv:ConsentRefused"
        ]
    );
    let mut before: Option<VerifiedReceipt> = None;
    for text in &texts {
        // Through text and back, as somebody else reads it.
        let text: Json = serde_json::from_str(&text.to_string()).unwrap();
        let verified = VerifiedReceipt::check(&text).unwrap();
        let is_first = verified.statement.number == 1;
        assert!(is_first || verified.follows(before.as_ref().unwrap()));
        before = Some(verified);
    }
    let first = VerifiedReceipt::check(&texts[0]).unwrap();
    assert!(first.accepted.is_some() && !first.signed_by_application);
    assert!(matches!(first.statement.event, Said::Given(_)));
}

#[test]
fn any_changed_word_or_byte_of_a_receipt_is_noticed() {
    let text = &every_kind()[0];
    let mut places = Vec::new();
    leaves(text, String::new(), &mut places);
    assert!(places.len() > 40, "{}", places.len());
    for place in places {
        let mut changed = text.clone();
        let leaf = changed.pointer_mut(&place).unwrap();
        *leaf = match leaf.take() {
            Json::String(word) if place.starts_with("/proof") && word.len() > 20 => {
                let at = word.len() - 3;
                let other = if word.as_bytes()[at] == b'a' { "b" } else { "a" };
                Json::from(format!("{}{other}{}", &word[..at], &word[at + 1..]))
            }
            Json::String(word) => Json::from(format!("{word}x")),
            Json::Number(number) => Json::from(number.as_i64().unwrap() + 1),
            Json::Bool(flag) => Json::from(!flag),
            _ => json!("something"),
        };
        if place == "/event/refused_by_server" {
            continue;
        }
        assert!(VerifiedReceipt::check(&changed).is_err(), "{place}");
    }
}

fn leaves(json: &Json, place: String, found: &mut Vec<String>) {
    match json {
        Json::Object(members) => {
            for (name, inner) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                leaves(inner, format!("{place}/{name}"), found);
            }
        }
        Json::Array(items) => {
            for (at, inner) in items.iter().enumerate() {
                leaves(inner, format!("{place}/{at}"), found);
            }
        }
        _ => found.push(place),
    }
}

#[test]
fn a_receipt_by_a_stranger_or_with_anothers_parts_does_not_hold() {
    let texts = every_kind();
    let mut mixed = texts[0].clone();
    mixed["proof"]["statement"] = texts[6]["proof"]["statement"].clone();
    assert!(VerifiedReceipt::check(&mixed).is_err());
    let mut renamed = texts[0].clone();
    let stranger = SecretKey::from_seed(&[66; 32]);
    renamed["proof"]["owner_key"] = hex(&stranger.public().0).into();
    assert_eq!(
        VerifiedReceipt::check(&renamed).unwrap_err(),
        InvalidReceipt::NotCertified
    );
    for nothing in [
        json!(null),
        json!({}),
        json!([]),
        json!({ "proof": { "statement": 5 } }),
    ] {
        assert!(VerifiedReceipt::check(&nothing).is_err());
    }
}
