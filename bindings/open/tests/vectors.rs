//! The committed test vectors, which the Python helper reads too. They are made here from fixed keys;
//! with `VAULT_OPEN_VECTORS=write` in the environment this test writes them anew.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests say what they expect")]

use std::{env, fs, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use serde_json::{Value as Json, json};
use vault_open::{KeyPair, OpenError, open_answer};
use vault_wire::{
    catalogue::Category,
    entry::{Binding, Body, Entry, GrantSecret},
    grant_key::GrantKey,
    id::{GrantId, RecordId},
    payload::Payload,
    time::{Date, Timestamp},
    value::Value,
};

const GRANT: GrantId = GrantId([0x17; 16]);
const GENERATION: u32 = 3;

fn keys() -> KeyPair {
    KeyPair::from_bytes([0x61; 32], [0x62; 32])
}

/// Records that hold every kind of value.
fn payloads() -> Vec<Payload> {
    let nested = Value::Map(
        [
            ("empty".to_owned(), Value::List(Vec::new())),
            (
                "numbers".to_owned(),
                Value::List(vec![
                    Value::Int(i64::MIN),
                    Value::Int(-1),
                    Value::Int(i64::MAX),
                    Value::Float(45.380_593_557),
                    Value::Float(1e300),
                ]),
            ),
        ]
        .into(),
    );
    let receipt = [
        ("brand", Value::Text("Čokolada & Café “Ω”".into())),
        (
            "total_cost",
            Value::Decimal("-1234567890123456789.50".parse().unwrap()),
        ),
        ("currency", Value::Text("EUR".into())),
        (
            "purchased_at",
            Value::Timestamp(Timestamp::from_unix_ms(1_790_000_000_123)),
        ),
        ("purchase_location.city", Value::Text("Ljubljana".into())),
        ("purchase_location.country", Value::Text("SI".into())),
    ];
    let kinds = [
        ("absent", Value::Null),
        ("yes", Value::Bool(true)),
        ("small", Value::Decimal("0.000000000000000001".parse().unwrap())),
        ("whole", Value::Decimal("7".parse().unwrap())),
        ("bytes", Value::Bytes(vec![0, 1, 0xfe, 0xff])),
        ("day", Value::Date(Date::new(2026, 2, 28).unwrap())),
        ("early", Value::Date(Date::new(-44, 3, 15).unwrap())),
        ("before_1970", Value::Timestamp(Timestamp::from_unix_ms(-1))),
        ("on_the_second", Value::Timestamp(Timestamp::from_unix_ms(0))),
        (
            "place",
            Value::Point {
                lat: 46.05,
                lon: -14.5,
            },
        ),
        ("nested", nested),
    ];
    let long = [("brand", Value::Text("long ".repeat(300)))];
    [receipt.to_vec(), kinds.to_vec(), long.to_vec(), Vec::new()]
        .map(|fields| Payload {
            fields: fields
                .into_iter()
                .map(|(path, value)| (path.to_owned(), value))
                .collect(),
        })
        .into()
}

/// An answer as the server gives it, made without it.
fn answer() -> Json {
    let mut rng = ChaCha20Rng::from_seed([0x63; 32]);
    let key = GrantKey::generate(&mut rng);
    let secret = GrantSecret::derive(&[0x64; 32], GRANT, GENERATION);
    let records: Vec<Json> = (1..)
        .zip(payloads())
        .map(|(number, payload): (u8, Payload)| {
            let bytes = payload.to_bytes();
            let binding = Binding {
                grant: GRANT,
                generation: GENERATION,
                statement: u64::from(number),
            };
            let slot = secret.slot(RecordId([number; 16]));
            let tag = secret.content_tag(slot, &bytes);
            let rev = u64::from(number) << 40;
            let entry = Entry::put(&key, binding, Category::Receipts, slot, tag, rev, bytes, &mut rng);
            let Body::Put {
                nonce, ciphertext, ..
            } = entry.body
            else {
                panic!("a put")
            };
            json!({
                "id": slot.to_string(),
                "category": "receipts",
                "updated_at": "2026-11-21T08:30:00Z",
                "sealed": {
                    "statement": number,
                    "rev": rev,
                    "nonce": BASE64.encode(nonce),
                    "ciphertext": BASE64.encode(ciphertext),
                },
            })
        })
        .collect();
    let sealed = key
        .seal_to(&keys().sealing.public(), GRANT, GENERATION, &mut rng)
        .unwrap();
    json!({
        "data": records,
        "has_more": false,
        "next_cursor": null,
        "grant": {
            "id": GRANT.to_string(),
            "expires_at": null,
            "data_life": { "unit": "day", "value": 30 },
            "sealed_key": {
                "generation": GENERATION,
                "enc": BASE64.encode(sealed.enc),
                "ciphertext": BASE64.encode(sealed.ciphertext),
            },
        },
        "read_id": "read_00000000000000000000000000",
    })
}

/// Answers that must not open: what is changed, and what the helper says of it.
fn refused() -> Vec<(&'static str, Json, &'static str)> {
    let changed = |pointer: &str, value: Json| {
        let mut answer = answer();
        *answer.pointer_mut(pointer).unwrap() = value;
        answer
    };
    let swapped = |member: &str| {
        let mut answer = answer();
        let other = answer["data"][1]["sealed"][member].clone();
        answer["data"][0]["sealed"][member] = other;
        answer
    };
    let slot_of = |at: usize| answer()["data"][at]["id"].clone();
    let grant = json!(GrantId([0x18; 16]).to_string());
    vec![
        ("another grant", changed("/grant/id", grant), "key"),
        (
            "another generation",
            changed("/grant/sealed_key/generation", json!(4)),
            "key",
        ),
        (
            "an encapsulated key of small order",
            changed("/grant/sealed_key/enc", json!(BASE64.encode([0; 32]))),
            "key",
        ),
        ("another slot", changed("/data/0/id", slot_of(1)), "record"),
        (
            "another category",
            changed("/data/0/category", json!("health")),
            "record",
        ),
        (
            "another statement",
            changed("/data/0/sealed/statement", json!(9)),
            "record",
        ),
        (
            "another revision",
            changed("/data/0/sealed/rev", json!(9)),
            "record",
        ),
        ("the nonce of another record", swapped("nonce"), "record"),
        (
            "the ciphertext of another record",
            swapped("ciphertext"),
            "record",
        ),
        (
            "a ciphertext cut short",
            changed("/data/0/sealed/ciphertext", json!("AAAA")),
            "record",
        ),
        (
            "a nonce cut short",
            changed("/data/0/sealed/nonce", json!("AAAA")),
            "answer",
        ),
        (
            "no base64",
            changed("/data/0/sealed/nonce", json!("%%%")),
            "answer",
        ),
        (
            "a negative revision",
            changed("/data/0/sealed/rev", json!(-1)),
            "answer",
        ),
        (
            "no such category",
            changed("/data/0/category", json!("horoscopes")),
            "answer",
        ),
        ("no record id", changed("/data/0/id", json!("rec_")), "answer"),
        ("no data", changed("/data", json!({})), "answer"),
        (
            "a problem",
            json!({ "code": "consent_required", "status": 403 }),
            "refused",
        ),
    ]
}

fn open(answer: &Json) -> Result<Json, OpenError> {
    open_answer(answer.to_string().as_bytes(), &[keys().sealing])
}

fn made() -> Json {
    let refused: Vec<Json> = refused()
        .into_iter()
        .map(|(name, answer, why)| json!({ "name": name, "answer": answer, "why": why }))
        .collect();
    json!({
        "about": "Made by tests/vectors.rs; read by the Rust and the Python helper.",
        "sealing_key": *keys().sealing_pem(),
        "public": { "sealing_key": keys().public().sealing, "signing_key": keys().public().signing },
        "answer": answer(),
        "opened": open(&answer()).unwrap(),
        "refused": refused,
    })
}

#[test]
fn the_vectors_are_those_that_are_committed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors.json");
    let text = format!("{:#}\n", made());
    if env::var("VAULT_OPEN_VECTORS").is_ok_and(|wish| wish == "write") {
        fs::write(&path, &text).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap();
    assert!(
        text == committed,
        "the vectors changed: see the head of this file, and tell developers"
    );
}

#[test]
fn an_opened_answer_holds_every_value_and_no_seal() {
    let opened = open(&answer()).unwrap();
    for (record, payload) in opened["data"].as_array().unwrap().iter().zip(payloads()) {
        assert_eq!(record["fields"], vault_wire::json::of_fields(&payload.fields));
        assert!(record.get("sealed").is_none());
    }
    assert_eq!(opened["data"].as_array().unwrap().len(), payloads().len());
    assert!(opened["grant"].get("sealed_key").is_none());
}

#[test]
fn what_was_changed_does_not_open() {
    for (name, answer, why) in refused() {
        let error = open(&answer).unwrap_err();
        let fits = match why {
            "key" => error == OpenError::WrongKey,
            "record" => matches!(error, OpenError::Record(_)),
            "refused" => matches!(error, OpenError::Refused(_)),
            _ => matches!(error, OpenError::NotAnAnswer(_)),
        };
        assert!(fits, "{name}: {error:?}");
    }
}

#[test]
fn another_key_opens_nothing_and_the_one_before_a_change_still_does() {
    let other = KeyPair::from_bytes([0x65; 32], [0x66; 32]);
    let text = answer().to_string();
    let refused = open_answer(text.as_bytes(), std::slice::from_ref(&other.sealing));
    assert_eq!(refused, Err(OpenError::WrongKey));
    assert!(open_answer(text.as_bytes(), &[other.sealing, keys().sealing]).is_ok());
}

#[test]
fn an_answer_that_is_not_sealed_comes_back_as_it_is() {
    let plain = json!({ "data": [{ "id": "rec_1", "fields": { "brand": "Acme" } }], "grant": { "id": "g" } });
    assert_eq!(open(&plain), Ok(plain));
}
