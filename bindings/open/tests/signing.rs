//! What is signed: a prepared request that asks for no more than was asked, and says it in the same words.

#![expect(clippy::unwrap_used, reason = "tests say what they expect")]

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Value as Json, json};
use vault_open::{KeyPair, SignError, sign_request};
use vault_wire::{
    catalogue::{Category, Precision},
    grant_key::SealingPublicKey,
    id::{AppId, GrantId, RequestId, SubjectId},
    labels,
    purpose::Purpose,
    request::{AppIdentity, ConsentRequest, Notice, Recipient, Vouched, Wording},
    signature::Signature,
    terms::{DataLife, Delivery, Detail, Duration, Frequency, Period, Terms, TimeRange},
    time::Timestamp,
};

const SUBJECT: SubjectId = SubjectId([3; 16]);
const UNTIL: &str = "2027-02-21T00:00:00Z";
const FROM: &str = "2026-01-01T00:00:00Z";

fn keys() -> KeyPair {
    KeyPair::from_bytes([1; 32], [2; 32])
}

fn text(text: &str) -> String {
    text.to_owned()
}

/// What the application asks for.
fn asked() -> Json {
    json!({
        "subject_id": SUBJECT.to_string(),
        "purpose": { "code": "loyalty", "text": "Points for what you bought", "benefit": "Points" },
        "authorization_details": [{
            "type": "vault_data",
            "category": "receipts",
            "actions": ["read"],
            "fields": ["brand", "purchased_at", "purchase_location"],
            "precision": { "purchased_at": "month", "purchase_location": "10km" },
            "time_range": { "from": FROM },
        }],
        "duration": { "type": "time_bound", "expires_at": UNTIL },
        "data_life": { "unit": "month", "value": 2 },
        "frequency": { "max_reads": 2, "per": "week" },
        "delivery": "sealed",
        "recipients": [{ "name": "Points Ltd", "role": "processor", "country": "IE" }],
        "storage_locations": ["EU"],
        "notice": { "url": "https://shop.example/notice", "version": "3", "language": "en", "sha256": "AB".repeat(32) },
        "metadata": { "campaign": 7 },
    })
}

/// The same as an honest server prepares it.
fn honest() -> ConsentRequest {
    let app = AppIdentity {
        id: AppId([4; 16]),
        display_name: text("Shop"),
        brand_name: text("Acme"),
        controller: text("Acme GmbH"),
        country: text("DE"),
        website: text("https://shop.example"),
        privacy_policy_url: text("https://shop.example/privacy"),
        support_contact: text("help@shop.example"),
        vouched: Vouched::ByDomain,
        sealing_key: Some(keys().sealing.public()),
        signing_key: Some(keys().signing.public()),
    };
    let fields = [
        ("brand", Precision::Exact),
        ("purchased_at", Precision::Month),
        ("purchase_location.city", Precision::Exact),
        ("purchase_location.country", Precision::Exact),
    ];
    let detail = Detail {
        category: Category::Receipts,
        fields: fields.map(|(path, precision)| (text(path), precision)).into(),
        time_range: TimeRange {
            from: Some(FROM.parse().unwrap()),
            to: None,
        },
    };
    let terms = Terms {
        purpose: Purpose::Loyalty,
        details: vec![detail],
        duration: Duration::TimeBound(UNTIL.parse().unwrap()),
        data_life: Some(DataLife { days: 60 }),
        frequency: Some(Frequency {
            max_reads: 2,
            per: Period::Week,
        }),
        delivery: Delivery::Sealed,
    };
    let wording = Wording {
        purpose_text: text("Points for what you bought"),
        benefit: text("Points"),
        recipients: vec![Recipient {
            name: text("Points Ltd"),
            role: text("processor"),
            country: text("IE"),
        }],
        storage_locations: vec![text("EU")],
        notice: Some(Notice {
            url: text("https://shop.example/notice"),
            version: text("3"),
            language: text("en"),
            sha256: Some([0xab; 32]),
        }),
    };
    let now = Timestamp::from_unix_ms(1_790_000_000_000);
    ConsentRequest::new(RequestId([5; 16]), SUBJECT, app, terms, wording, now)
}

fn prepared(request: &ConsentRequest) -> Vec<u8> {
    let body = json!({ "id": request.id.to_string(), "request": BASE64.encode(request.to_bytes()) });
    body.to_string().into_bytes()
}

fn sign(request: &ConsentRequest) -> Result<Json, SignError> {
    sign_request(
        &prepared(request),
        asked().to_string().as_bytes(),
        &keys().signing,
    )
}

#[test]
fn an_honest_request_is_signed_byte_for_byte() {
    let request = honest();
    let body = sign(&request).unwrap();
    let signed = &body["signed_request"];
    let bytes = BASE64.decode(signed["request"].as_str().unwrap()).unwrap();
    assert_eq!(bytes, request.to_bytes());
    let signature = BASE64.decode(signed["signature"].as_str().unwrap()).unwrap();
    let signature = Signature(signature.try_into().unwrap());
    let key = keys().signing.public();
    assert_eq!(key.verify(labels::REQUEST, &bytes, &signature), Ok(()));
    assert_eq!(body["metadata"], json!({ "campaign": 7 }));
}

#[test]
fn a_request_for_less_is_signed_too() {
    let mut less = honest();
    less.terms.details[0].fields.remove("purchase_location.city");
    assert!(sign(&less).is_ok());
}

#[test]
fn whatever_a_server_changes_is_found() {
    type Change = (&'static dyn Fn(&mut ConsentRequest), &'static str);
    let changes: [Change; 20] = [
        (&|r| r.subject = SubjectId([9; 16]), "subject_id"),
        (&|r| r.terms.purpose = Purpose::Marketing, "purpose.code"),
        (&|r| r.purpose_text.push('!'), "purpose.text"),
        (&|r| r.benefit.push('!'), "purpose.benefit"),
        (
            &|r| field(r, "total_cost", Precision::Exact),
            "authorization_details",
        ),
        (
            &|r| field(r, "purchased_at", Precision::Day),
            "authorization_details",
        ),
        (
            &|r| field(r, "purchase_location.name", Precision::Exact),
            "authorization_details",
        ),
        (
            &|r| field(r, "purchase_location.lat", Precision::Grid1km),
            "authorization_details",
        ),
        (
            &|r| r.terms.details[0].time_range.from = None,
            "authorization_details",
        ),
        (
            &|r| {
                let mut other = r.terms.details[0].clone();
                other.category = Category::Health;
                other.fields = [(text("metric"), Precision::Exact)].into();
                r.terms.details.push(other);
            },
            "authorization_details",
        ),
        (&|r| r.terms.duration = Duration::UntilWithdrawn, "duration"),
        (
            &|r| r.terms.duration = Duration::TimeBound(UNTIL.parse::<Timestamp>().unwrap().plus_ms(1)),
            "duration",
        ),
        (&|r| r.terms.data_life = None, "data_life"),
        (&|r| r.terms.frequency = None, "frequency"),
        (&|r| r.terms.delivery = Delivery::Server, "delivery"),
        (&|r| r.recipients.clear(), "recipients"),
        (&|r| r.storage_locations.push(text("US")), "storage_locations"),
        (&|r| r.notice = None, "notice"),
        (&|r| r.notice.as_mut().unwrap().sha256 = None, "notice"),
        (&|r| r.amends = Some(GrantId([1; 16])), "amends"),
    ];
    for (number, (change, what)) in changes.into_iter().enumerate() {
        let mut request = honest();
        change(&mut request);
        let outcome = sign(&request);
        assert_eq!(outcome, Err(SignError::Differs(what)), "case {number}");
    }
}

fn field(request: &mut ConsentRequest, path: &str, precision: Precision) {
    request.terms.details[0].fields.insert(text(path), precision);
}

#[test]
fn another_key_and_what_is_no_request_is_not_signed() {
    let mut foreign = honest();
    foreign.app.signing_key = Some(KeyPair::from_bytes([7; 32], [8; 32]).signing.public());
    assert_eq!(sign(&foreign), Err(SignError::AnotherKey));
    let mut unsound = honest();
    unsound.app.sealing_key = None;
    assert!(matches!(sign(&unsound), Err(SignError::NotPrepared(_))));
    let mut swapped = honest();
    swapped.app.sealing_key = Some(SealingPublicKey([9; 32]));
    assert!(
        sign(&swapped).is_ok(),
        "vaults compare the sealing key with the domain's"
    );
    for nonsense in ["", "{}", r#"{"request":"%"}"#, r#"{"request":"AAAA"}"#] {
        let refused = sign_request(
            nonsense.as_bytes(),
            asked().to_string().as_bytes(),
            &keys().signing,
        );
        assert!(matches!(refused, Err(SignError::NotPrepared(_))), "{nonsense}");
    }
    let refused = sign_request(&prepared(&honest()), b"[]", &keys().signing);
    assert!(matches!(refused, Err(SignError::NotAsked(_))));
}
