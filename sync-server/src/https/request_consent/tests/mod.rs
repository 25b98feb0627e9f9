mod any_body;
mod precision;

use serde_json::json;
use vault_wire::{
    catalogue::{Category, Precision},
    id::CallId,
    purpose::Purpose,
    request::Required,
    terms::{DataLife, Delivery, Duration, Frequency, Period},
};

use super::*;

fn now() -> Timestamp {
    "2026-11-21T00:00:00Z".parse().unwrap()
}

/// The body of the contract's own example, as far as it is offered.
fn example() -> Json {
    json!({
        "subject_id": SubjectId([7; 16]).to_string(),
        "purpose": {
            "code": "personalisation", "text": "Recommend restaurants near your past purchases",
            "benefit": "Fewer irrelevant offers", "dpv": "dpv:Personalisation",
        },
        "authorization_details": [{
            "type": "vault_data", "category": "receipts", "actions": ["read"],
            "fields": ["brand", "total_cost", "currency", "purchased_at", "purchase_location.city"],
            "time_range": { "from": "2026-01-01T00:00:00Z", "to": null },
            "precision": { "purchase_location": "city", "purchased_at": "day" },
            "view": null,
        }],
        "duration": { "type": "time_bound", "expires_at": "2027-02-21T00:00:00Z" },
        "data_life": { "unit": "day", "value": 30 },
        "frequency": { "max_reads": 4, "per": "day" },
        "delivery": "server",
        "recipients": [{ "name": "Acme Analytics GmbH", "role": "processor", "country": "DE" }],
        "storage_locations": ["EU"],
        "notice": { "url": "https://acme.example/notice", "version": "3", "language": "en", "sha256": "0f".repeat(32) },
        "amends": null, "binding_code": true, "metadata": { "order": "A-17" },
    })
}

fn with(change: impl FnOnce(&mut Json)) -> Json {
    let mut body = example();
    change(&mut body);
    body
}

/// The only error of a body: pointer, code, message.
fn only_error(body: &Json) -> (String, String, String) {
    let problem = parse(body, now()).expect_err("the body must be refused");
    let answer: Json = serde_json::from_slice(&problem.to_json(CallId([0; 16]))).unwrap();
    let errors = answer["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(answer["code"], errors[0]["code"]);
    let text = |name: &str| errors[0][name].as_str().unwrap().to_owned();
    (text("pointer"), text("code"), text("message"))
}

fn named(leaves: &[(&str, Precision)]) -> Vec<(String, Precision)> {
    leaves.iter().map(|(leaf, p)| ((*leaf).to_owned(), *p)).collect()
}

#[test]
fn the_example_reads_as_it_says() {
    let request = parse(&example(), now()).unwrap();
    assert_eq!(request.subject, SubjectId([7; 16]));
    let terms = &request.terms;
    assert!(terms.well_formed());
    assert_eq!(terms.purpose, Purpose::Personalisation);
    assert_eq!(terms.details.len(), 1);
    assert_eq!(terms.details[0].category, Category::Receipts);
    assert_eq!(
        Vec::from_iter(terms.details[0].fields.clone()),
        named(&[
            ("brand", Precision::Exact),
            ("currency", Precision::Exact),
            ("purchase_location.city", Precision::Exact),
            ("purchased_at", Precision::Day),
            ("total_cost", Precision::Exact),
        ])
    );
    assert_eq!(
        terms.details[0].time_range.from,
        Some("2026-01-01T00:00:00Z".parse().unwrap())
    );
    assert_eq!(terms.details[0].time_range.to, None);
    assert_eq!(
        terms.duration,
        Duration::TimeBound("2027-02-21T00:00:00Z".parse().unwrap())
    );
    assert_eq!(terms.data_life, Some(DataLife { days: 30 }));
    assert_eq!(
        terms.frequency,
        Some(Frequency {
            max_reads: 4,
            per: Period::Day
        })
    );
    assert_eq!(terms.delivery, Delivery::Server);
    assert_eq!(request.wording.benefit, "Fewer irrelevant offers");
    assert_eq!(request.wording.recipients[0].country, "DE");
    assert_eq!(request.wording.notice.unwrap().sha256, Some([0x0f; 32]));
    assert!(request.binding_code);
    assert_eq!(request.metadata, Some(json!({ "order": "A-17" })));
}

#[test]
fn what_may_be_left_out_may_be_left_out() {
    let body = with(|body| {
        for name in [
            "data_life",
            "frequency",
            "delivery",
            "recipients",
            "storage_locations",
            "notice",
            "amends",
            "binding_code",
            "metadata",
        ] {
            body.as_object_mut().unwrap().remove(name);
        }
        let detail = body["authorization_details"][0].as_object_mut().unwrap();
        for name in ["actions", "time_range", "precision", "view"] {
            detail.remove(name);
        }
    });
    let request = parse(&body, now()).unwrap();
    assert_eq!(request.terms.data_life, None);
    assert_eq!(request.terms.delivery, Delivery::Server);
    assert!(!request.binding_code && request.metadata.is_none() && request.wording.notice.is_none());
}

#[test]
fn what_must_be_there_must_be_there() {
    for name in ["subject_id", "purpose", "authorization_details", "duration"] {
        let body = with(|body| {
            body.as_object_mut().unwrap().remove(name);
        });
        let error = (
            format!("#/{name}"),
            "invalid_request".into(),
            "is required".into(),
        );
        assert_eq!(only_error(&body), error);
    }
}

#[test]
fn each_single_fault_is_told_where_it_is_and_under_its_code() {
    let long = "x".repeat(281);
    let cases: Vec<(&str, &str, Json)> = vec![
        ("/subject_id", "invalid_request", json!("sub_1")),
        ("/subject_id", "invalid_request", json!(7)),
        (
            "/subject_id",
            "invalid_request",
            json!("app_00000000000000000000000000"),
        ),
        ("/purpose/code", "unknown_purpose", json!("curiosity")),
        ("/purpose/text", "invalid_request", json!(long)),
        ("/purpose/benefit", "invalid_request", json!("")),
        ("/purpose/dpv", "invalid_request", json!("dpv:Marketing")),
        ("/authorization_details", "invalid_request", json!([])),
        ("/authorization_details/0/type", "invalid_request", json!("vault")),
        (
            "/authorization_details/0/category",
            "unknown_category",
            json!("recipes"),
        ),
        (
            "/authorization_details/0/category",
            "unknown_category",
            json!("x.shoes"),
        ),
        (
            "/authorization_details/0/category",
            "invalid_request",
            json!("summaries"),
        ),
        (
            "/authorization_details/0/view",
            "invalid_request",
            json!("receipt_summary"),
        ),
        (
            "/authorization_details/0/actions/0",
            "invalid_request",
            json!("write"),
        ),
        ("/authorization_details/0/fields", "invalid_request", json!([])),
        (
            "/authorization_details/0/fields/0",
            "invalid_fields",
            json!("shoe_size"),
        ),
        (
            "/authorization_details/0/fields/0",
            "invalid_fields",
            json!("purchase"),
        ),
        (
            "/authorization_details/0/required_fields",
            "invalid_request",
            json!("brand"),
        ),
        (
            "/authorization_details/0/precision/purchased_at",
            "invalid_fields",
            json!("hour"),
        ),
        (
            "/authorization_details/0/precision/purchased_at",
            "invalid_fields",
            json!("1km"),
        ),
        (
            "/authorization_details/0/precision/purchase_location",
            "invalid_fields",
            json!("street"),
        ),
        (
            "/authorization_details/0/time_range/from",
            "invalid_request",
            json!("yesterday"),
        ),
        (
            "/authorization_details/0/time_range/to",
            "invalid_request",
            json!(1),
        ),
        ("/duration/type", "invalid_request", json!("forever")),
        (
            "/duration/expires_at",
            "invalid_request",
            json!("2026-11-21T00:00:00Z"),
        ),
        ("/data_life/unit", "invalid_request", json!("decade")),
        ("/data_life/value", "invalid_request", json!(36_501)),
        ("/frequency/max_reads", "invalid_request", json!(0)),
        ("/frequency/per", "invalid_request", json!("minute")),
        ("/delivery", "invalid_request", json!("carrier pigeon")),
        ("/recipients/0/country", "invalid_request", json!("Germany")),
        ("/recipients/0/name", "invalid_request", json!(" ")),
        ("/storage_locations/0", "invalid_request", json!(true)),
        ("/notice/url", "invalid_request", json!("http://acme.example")),
        ("/notice/sha256", "invalid_request", json!("0x")),
        ("/notice/sha256", "invalid_request", json!("é".repeat(64))),
        (
            "/amends",
            "invalid_request",
            json!("creq_00000000000000000000000000"),
        ),
        ("/binding_code", "invalid_request", json!("yes")),
        ("/metadata", "invalid_request", json!("A-17")),
        (
            "/metadata",
            "invalid_request",
            json!({ "note": "x".repeat(2_048) }),
        ),
    ];
    for (pointer, code, value) in cases {
        let body = with(|body| put(body, pointer, value.clone()));
        let (found, found_code, _) = only_error(&body);
        assert_eq!(
            (found.as_str(), found_code.as_str()),
            (format!("#{pointer}").as_str(), code),
            "{value}"
        );
    }
}

/// Sets what a pointer names, also where there is nothing yet.
fn put(body: &mut Json, pointer: &str, value: Json) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap();
    match parent {
        Json::Array(values) => values[name.parse::<usize>().unwrap()] = value,
        object => object[name] = value,
    }
}

#[test]
fn a_misspelt_field_is_unknown_wherever_it_stands() {
    for object in [
        "",
        "/purpose",
        "/authorization_details/0",
        "/authorization_details/0/time_range",
        "/duration",
        "/data_life",
        "/frequency",
        "/recipients/0",
        "/notice",
    ] {
        let body = with(|body| put(body, &format!("{object}/feilds"), json!(1)));
        let (pointer, code, _) = only_error(&body);
        assert_eq!(
            (pointer, code.as_str()),
            (format!("#{object}/feilds"), "unknown_field")
        );
    }
}

#[test]
fn what_is_not_offered_yet_says_so() {
    let view = with(|body| body["authorization_details"][0]["view"] = json!("receipt_summary"));
    assert_eq!(only_error(&view).2, "views are not offered by this server yet");
    let summaries = with(|body| body["authorization_details"][0]["category"] = json!("summaries"));
    assert_eq!(
        only_error(&summaries).2,
        "views are not offered by this server yet"
    );
}

#[test]
fn required_fields_are_leaves_among_those_that_are_asked_for() {
    let required = |fields: Json| with(|body| body["authorization_details"][0]["required_fields"] = fields);
    let request = parse(&required(json!(["total_cost", "purchase_location"])), now()).unwrap();
    assert_eq!(
        request.required,
        [Required {
            category: Category::Receipts,
            fields: vec!["purchase_location.city".into(), "total_cost".into()],
        }]
    );
    let (pointer, code, _) = only_error(&required(json!(["brand", "payment_method"])));
    assert_eq!(
        (pointer.as_str(), code.as_str()),
        ("#/authorization_details/0/required_fields/1", "invalid_fields")
    );
}

#[test]
fn details_may_be_asked_for_in_any_order() {
    let body = with(|body| {
        let health = json!({ "type": "vault_data", "category": "cards", "fields": ["card_name"] });
        let details = body["authorization_details"].as_array_mut().unwrap();
        details.insert(0, health);
    });
    let terms = parse(&body, now()).unwrap().terms;
    assert!(terms.well_formed());
    assert_eq!(terms.details[0].category, Category::Receipts);
}

#[test]
fn a_category_stands_in_a_request_once() {
    let body = with(|body| {
        let again = body["authorization_details"][0].clone();
        body["authorization_details"].as_array_mut().unwrap().push(again);
    });
    assert_eq!(only_error(&body).0, "#/authorization_details/1");
}

#[test]
fn a_range_must_run_forward() {
    let body =
        with(|body| body["authorization_details"][0]["time_range"]["to"] = json!("2026-01-01T00:00:00Z"));
    assert_eq!(only_error(&body).0, "#/authorization_details/0/time_range");
}

#[test]
fn every_fault_of_a_body_is_told_at_once() {
    let body = with(|body| {
        body["subject_id"] = json!("?");
        body["duration"]["type"] = json!("?");
        body["delivery"] = json!("?");
        body["recipients"][0] = json!({});
    });
    let problem = parse(&body, now()).unwrap_err();
    let answer: Json = serde_json::from_slice(&problem.to_json(CallId([0; 16]))).unwrap();
    assert_eq!(answer["errors"].as_array().unwrap().len(), 6, "{answer}");
}

#[test]
fn months_and_years_count_as_days() {
    for (unit, value, days) in [("day", 1, 1), ("month", 2, 60), ("year", 100, 36_500)] {
        let body = with(|body| body["data_life"] = json!({ "unit": unit, "value": value }));
        assert_eq!(
            parse(&body, now()).unwrap().terms.data_life,
            Some(DataLife { days })
        );
    }
}

#[test]
fn texts_are_counted_in_characters() {
    let body = with(|body| body["purpose"]["text"] = json!("é".repeat(280)));
    assert!(parse(&body, now()).is_ok());
}
