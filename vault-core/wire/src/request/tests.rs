//! What a consent request must be.

use super::*;
use crate::{
    catalogue::{Category, Precision},
    purpose::Purpose,
    signature::SecretKey,
    terms::{Detail, Duration, TimeRange},
};

fn app() -> AppIdentity {
    let text = |text: &str| text.to_owned();
    AppIdentity {
        id: AppId([2; 16]),
        display_name: text("Shop"),
        brand_name: text("Acme"),
        controller: text("Acme GmbH"),
        country: text("DE"),
        website: text("https://shop.example"),
        privacy_policy_url: text("https://shop.example/privacy"),
        support_contact: text("help@shop.example"),
        vouched: Vouched::ByServer,
        sealing_key: None,
        signing_key: None,
    }
}

fn request() -> ConsentRequest {
    let text = |text: &str| text.to_owned();
    let terms = Terms {
        purpose: Purpose::Loyalty,
        details: vec![Detail {
            category: Category::Receipts,
            fields: [(text("brand"), Precision::Exact)].into(),
            time_range: TimeRange::default(),
        }],
        duration: Duration::OneTime,
        data_life: None,
        frequency: None,
        delivery: Delivery::Server,
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
            sha256: None,
        }),
    };
    let (id, subject, now) = (RequestId([1; 16]), SubjectId([3; 16]), Timestamp::from_unix_ms(0));
    ConsentRequest::new(id, subject, app(), terms, wording, now)
}

#[test]
fn a_request_reads_back_with_its_windows() {
    let request = request();
    let back = ConsentRequest::from_bytes(&request.to_bytes()).unwrap();
    assert_eq!(back, request);
    assert_eq!(back.immediate_until.unix_ms(), 180_000);
    assert_eq!(back.expires_at.unix_ms(), 86_580_000);
}

#[test]
fn a_request_that_could_mislead_or_overwhelm_is_refused() {
    let long = || "x".repeat(limits::TEXT_BYTES_MAX + 1);
    let spoil: [&dyn Fn(&mut ConsentRequest); 15] = [
        &|r| r.version = 2,
        &|r| r.terms.details.clear(),
        &|r| r.purpose_text = "é".repeat(limits::PURPOSE_CHARS_MAX + 1),
        &|r| r.app.website = long(),
        &|r| r.recipients[0].name = long(),
        &|r| r.notice.as_mut().unwrap().url = long(),
        &|r| r.recipients = vec![r.recipients[0].clone(); limits::RECIPIENTS_MAX + 1],
        &|r| r.storage_locations = vec!["EU".into(); limits::RECIPIENTS_MAX + 1],
        &|r| r.app.display_name = "Shop\u{1b}[2J".into(),
        &|r| r.benefit = "one line\nand another".into(),
        &|r| r.app.brand_name = "\u{202e}emcA".into(),
        &|r| r.binding_code = "7KQ8".into(),
        &|r| r.binding_code = "7 Q".into(),
        &|r| r.expires_at = Timestamp::from_unix_ms(1),
        &|r| r.immediate_until = Timestamp::from_unix_ms(-1),
    ];
    for (number, spoil) in spoil.iter().enumerate() {
        let mut request = request();
        spoil(&mut request);
        assert!(
            ConsentRequest::from_bytes(&request.to_bytes()).is_err(),
            "case {number}"
        );
    }
}

#[test]
fn keys_come_with_a_domain_that_can_be_asked_and_sealed_delivery_with_a_key() {
    let mut verified = request();
    verified.app.vouched = Vouched::ByDomain;
    verified.app.signing_key = Some(SecretKey::from_seed(&[1; 32]).public());
    assert!(verified.sound());
    assert_eq!(verified.app.domain().unwrap().as_str(), "shop.example");
    let spoil: [&dyn Fn(&mut ConsentRequest); 5] = [
        &|r| r.app.vouched = Vouched::ByServer,
        &|r| r.app.signing_key = None,
        &|r| r.app.website = "https://localhost".into(),
        &|r| r.app.website = String::new(),
        &|r| r.terms.delivery = Delivery::Sealed,
    ];
    for (number, spoil) in spoil.iter().enumerate() {
        let mut request = verified.clone();
        spoil(&mut request);
        assert!(!request.sound(), "case {number}");
    }
    verified.app.sealing_key = Some(SealingPublicKey([7; 32]));
    verified.terms.delivery = Delivery::Sealed;
    assert!(verified.sound());
}

#[test]
fn bytes_after_a_request_are_refused() {
    let mut bytes = request().to_bytes();
    bytes.push(0);
    assert!(ConsentRequest::from_bytes(&bytes).is_err());
}
