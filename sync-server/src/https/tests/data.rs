//! Reading consented data, and every way to be refused.

use serde_json::json;
use vault_wire::{
    catalogue::{Category, Precision},
    id::SubjectId,
    statement::Event,
    terms::Terms,
    value::Value,
};

use super::{
    consent::body,
    device::{Device, Given},
    world::World,
};

const REFUSAL: &str =
    "You don\u{2019}t have permission to access the data. Please request consent from the user.";

/// A user with a grant, as narrow as asked.
async fn granted(world: &World, seed: u8, narrow: impl FnOnce(&mut Terms)) -> (Device, String, Given) {
    let (device, subject) = world.linked_device(seed).await;
    world
        .post_with(
            "/api/v1/request-consent",
            &world.key,
            &[("prefer", "wait=0")],
            body(&subject),
        )
        .await;
    let given = device.approve(&device.asked().await, narrow).await;
    (device, subject, given)
}

fn receipt(brand: &str, cost: &str, day: i8) -> Vec<(&'static str, Value)> {
    vec![
        ("brand", Value::Text(brand.into())),
        ("total_cost", Value::Decimal(cost.parse().unwrap())),
        ("currency", Value::Text("EUR".into())),
        ("purchase_location.city", Value::Text("Ljubljana".into())),
        (
            "purchased_at",
            Value::Date(vault_wire::time::Date::new(2026, 3, day).unwrap()),
        ),
    ]
}

async fn push(device: &Device, given: &Given, receipts: &[Vec<(&'static str, Value)>]) {
    let records: Vec<&[(&str, Value)]> = receipts.iter().map(Vec::as_slice).collect();
    device.push(given, Category::Receipts, &records).await;
}

fn path(subject: &str) -> String {
    format!("/api/v1/users/{subject}/receipts")
}

#[tokio::test]
async fn consented_records_are_read_as_they_were_granted() {
    let world = World::new().await;
    let (device, subject, given) = granted(&world, 1, |_| {}).await;
    push(
        &device,
        &given,
        &[receipt("Acme", "12.50", 1), receipt("Mercator", "3.00", 2)],
    )
    .await;
    let token = world.token(&["data:receipts:read"]).await;
    let answer = world.get(&path(&subject), &token).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let json = answer.json();
    assert_eq!(json["data"].as_array().unwrap().len(), 2);
    let first = &json["data"][0];
    assert!(first["id"].as_str().unwrap().starts_with("rec_"));
    assert_eq!(first["category"], "receipts");
    assert_eq!(first["updated_at"], "2026-11-21T08:30:00Z");
    assert_eq!(
        first["fields"],
        json!({
            "brand": "Acme", "total_cost": "12.50", "currency": "EUR",
            "purchase_location": { "city": "Ljubljana" }, "purchased_at": "2026-03-01",
        })
    );
    assert_eq!(
        (&json["has_more"], &json["next_cursor"]),
        (&json!(false), &json!(null))
    );
    assert_eq!(json["grant"]["id"], given.grant.to_string());
    assert_eq!(json["grant"]["expires_at"], "2027-02-21T00:00:00Z");
    assert_eq!(json["grant"]["data_life"], json!({ "unit": "day", "value": 30 }));
    assert!(json["read_id"].as_str().unwrap().starts_with("read_"));
    let grant = world
        .get(&format!("/api/v1/grants/{}", given.grant), &world.key)
        .await
        .json();
    assert_eq!(
        grant["usage"],
        json!({ "reads_total": 1, "last_read_at": "2026-11-21T08:30:00Z" })
    );
}

#[tokio::test]
async fn a_grant_without_data_is_an_empty_list() {
    let world = World::new().await;
    let (_device, subject, _) = granted(&world, 1, |_| {}).await;
    let answer = world.get(&path(&subject), &world.token(&["*"]).await).await;
    assert_eq!((answer.status, &answer.json()["data"]), (200, &json!([])));
}

#[tokio::test]
async fn pages_hold_every_record_once() {
    let world = World::new().await;
    let (device, subject, given) = granted(&world, 1, |_| {}).await;
    let receipts: Vec<_> = (0..25)
        .map(|n| receipt(&format!("Shop {n}"), "1.00", 1))
        .collect();
    push(&device, &given, &receipts).await;
    let token = world.token(&["*"]).await;
    let (mut brands, mut after, mut sizes) = (Vec::new(), String::new(), Vec::new());
    loop {
        let page = world
            .get(&format!("{}?limit=10{after}", path(&subject)), &token)
            .await
            .json();
        let records = page["data"].as_array().unwrap().clone();
        sizes.push(records.len());
        brands.extend(
            records
                .iter()
                .map(|record| record["fields"]["brand"].as_str().unwrap().to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(cursor) => after = format!("&after={cursor}"),
            None => break,
        }
    }
    assert_eq!(sizes, [10, 10, 5]);
    assert_eq!(brands, Vec::from_iter((0..25).map(|n| format!("Shop {n}"))));
    let wrong = world
        .get(&format!("{}?after=elsewhere", path(&subject)), &token)
        .await;
    assert_eq!((wrong.status, wrong.code().as_str()), (400, "invalid_cursor"));
}

#[tokio::test]
async fn fields_can_only_narrow() {
    let world = World::new().await;
    let (device, subject, given) = granted(&world, 1, |terms| {
        terms.details[0].fields.remove("total_cost");
    })
    .await;
    let mut without_cost = receipt("Acme", "1.00", 1);
    without_cost.retain(|(path, _)| *path != "total_cost");
    push(&device, &given, &[without_cost]).await;
    let token = world.token(&["*"]).await;
    let read = |query: &'static str| {
        let path = format!("{}?{query}", path(&subject));
        let (world, token) = (&world, &token);
        async move { world.get(&path, token).await }
    };
    let narrowed = read("fields=brand,purchase_location").await.json();
    let expected = json!({ "brand": "Acme", "purchase_location": { "city": "Ljubljana" } });
    assert_eq!(narrowed["data"][0]["fields"], expected);
    for query in ["fields=shoe_size", "fields=brand,,currency", "fields=total_cost"] {
        let answer = read(query).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "invalid_fields"),
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_query_that_cannot_be_is_refused_whoever_the_user_is() {
    let world = World::new().await;
    let token = world.token(&["*"]).await;
    let subject = SubjectId([1; 16]).to_string();
    for (query, code) in [
        ("from=yesterday", "invalid_request"),
        (
            "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
            "invalid_request",
        ),
        ("updated_since=1", "invalid_request"),
        ("limit=many", "invalid_request"),
        ("limt=10", "unknown_field"),
        ("fields=brnad", "invalid_fields"),
    ] {
        let answer = world.get(&format!("{}?{query}", path(&subject)), &token).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{query}");
    }
    let purpose = world
        .get_with(&path(&subject), &token, &[("purpose", "curiosity")])
        .await;
    assert_eq!(
        (purpose.status, purpose.code().as_str()),
        (400, "unknown_purpose")
    );
}

#[tokio::test]
async fn every_refusal_that_has_to_do_with_a_user_is_the_same_in_every_byte() {
    let world = World::new().await;
    let token = world.token(&["*"]).await;
    let mut refusals = Vec::new();

    let unknown = SubjectId([0xAB; 16]).to_string();
    refusals.push(("unknown subject", world.get(&path(&unknown), &token).await));
    refusals.push(("no id", world.get("/api/v1/users/nobody/receipts", &token).await));
    refusals.push(("not even text", world.get("/v1/users/%ff/receipts", &token).await));
    let (_device, never_asked) = world.linked_device(1).await;
    refusals.push(("never asked", world.get(&path(&never_asked), &token).await));
    let no_category = format!("/api/v1/users/{never_asked}/recipes");
    refusals.push(("no such category", world.get(&no_category, &token).await));

    let (device, subject, mut given) = granted(&world, 2, |_| {}).await;
    let other_category = format!("/api/v1/users/{subject}/app-usage");
    refusals.push(("category not granted", world.get(&other_category, &token).await));
    let other_purpose = world
        .get_with(&path(&subject), &token, &[("purpose", "marketing")])
        .await;
    refusals.push(("wrong purpose", other_purpose));
    assert_eq!(
        world
            .get_with(&path(&subject), &token, &[("purpose", "personalisation")])
            .await
            .status,
        200
    );
    device.follow(&mut given, Event::Paused).await;
    refusals.push(("paused", world.get(&path(&subject), &token).await));
    device.follow(&mut given, Event::Resumed).await;
    assert_eq!(world.get(&path(&subject), &token).await.status, 200);
    device.follow(&mut given, Event::Withdrawn).await;
    refusals.push(("withdrawn", world.get(&path(&subject), &token).await));

    let (_device, expiring, _) = granted(&world, 3, |_| {}).await;
    world.clock.advance_ms(200 * 24 * 3_600_000);
    let token = world.token(&["*"]).await;
    refusals.push(("expired", world.get(&path(&expiring), &token).await));

    let first = refusals[0].1.without_request_id();
    assert!(first.contains(REFUSAL));
    for (why, refusal) in &refusals {
        assert_eq!(refusal.status, 403, "{why}");
        assert_eq!(refusal.without_request_id(), first, "{why}");
        assert_eq!(refusal.json()["message"], REFUSAL);
        assert_eq!(refusal.json()["consent"]["pending_request_id"], json!(null));
        let names: Vec<_> = refusal.headers.keys().collect();
        assert_eq!(names, refusals[0].1.headers.keys().collect::<Vec<_>>(), "{why}");
    }
}

#[tokio::test]
async fn a_refusal_names_the_request_that_this_application_has_pending() {
    let world = World::new().await;
    let (_device, subject) = world.linked_device(1).await;
    let at_once = [("prefer", "wait=0")];
    let asked = world
        .post_with("/api/v1/request-consent", &world.key, &at_once, body(&subject))
        .await;
    let refusal = world.get(&path(&subject), &world.token(&["*"]).await).await;
    assert_eq!(
        refusal.json()["consent"]["pending_request_id"],
        asked.json()["id"]
    );
}

#[tokio::test]
async fn a_grant_for_one_read_is_read_once() {
    let world = World::new().await;
    let (device, subject) = world.linked_device(1).await;
    let mut once = body(&subject);
    once["duration"] = json!({ "type": "one_time" });
    world
        .post_with(
            "/api/v1/request-consent",
            &world.key,
            &[("prefer", "wait=0")],
            once,
        )
        .await;
    device.approve(&device.asked().await, |_| {}).await;
    let token = world.token(&["*"]).await;
    assert_eq!(world.get(&path(&subject), &token).await.status, 200);
    assert_eq!(
        world.get(&path(&subject), &token).await.code(),
        "consent_required"
    );
}

#[tokio::test]
async fn a_grant_is_read_only_as_often_as_it_allows() {
    let world = World::new().await;
    let (device, subject) = world.linked_device(1).await;
    let mut seldom = body(&subject);
    seldom["frequency"] = json!({ "max_reads": 2, "per": "hour" });
    world
        .post_with(
            "/api/v1/request-consent",
            &world.key,
            &[("prefer", "wait=0")],
            seldom,
        )
        .await;
    device.approve(&device.asked().await, |_| {}).await;
    let token = world.token(&["*"]).await;
    assert_eq!(world.get(&path(&subject), &token).await.status, 200);
    world.clock.advance_ms(60_000);
    assert_eq!(world.get(&path(&subject), &token).await.status, 200);
    let refusal = world.get(&path(&subject), &token).await;
    assert_eq!(
        (refusal.status, refusal.code().as_str()),
        (429, "grant_frequency_exceeded")
    );
    let wait_s: i64 = refusal.header("retry-after").unwrap().parse().unwrap();
    world.clock.advance_ms(wait_s * 1_000);
    let token = world.token(&["*"]).await;
    assert_eq!(
        world.get(&path(&subject), &token).await.status,
        200,
        "Retry-After is truthful"
    );
}

#[tokio::test]
async fn with_two_purposes_a_read_must_name_one() {
    let world = World::new().await;
    let (device, subject, _) = granted(&world, 1, |_| {}).await;
    let mut other = body(&subject);
    other["purpose"]["code"] = json!("loyalty");
    world
        .post_with(
            "/api/v1/request-consent",
            &world.key,
            &[("prefer", "wait=0")],
            other,
        )
        .await;
    device.approve(&device.asked().await, |_| {}).await;
    let token = world.token(&["*"]).await;
    let refusal = world.get(&path(&subject), &token).await;
    assert_eq!(
        (refusal.status, refusal.code().as_str()),
        (400, "purpose_required")
    );
    for purpose in ["loyalty", "personalisation"] {
        assert_eq!(
            world
                .get_with(&path(&subject), &token, &[("purpose", purpose)])
                .await
                .status,
            200
        );
    }
}

#[tokio::test]
async fn a_time_range_chooses_among_the_records() {
    let world = World::new().await;
    let (device, subject, given) = granted(&world, 1, |terms| {
        let precision = terms.details[0].fields.get_mut("purchased_at").unwrap();
        assert_eq!(*precision, Precision::Day);
    })
    .await;
    push(
        &device,
        &given,
        &[receipt("March 1", "1.00", 1), receipt("March 20", "1.00", 20)],
    )
    .await;
    let token = world.token(&["*"]).await;
    let query = "from=2026-03-10T00:00:00Z&to=2026-04-01T00:00:00Z";
    let page = world
        .get(&format!("{}?{query}", path(&subject)), &token)
        .await
        .json();
    assert_eq!(page["data"].as_array().unwrap().len(), 1, "{page}");
    assert_eq!(page["data"][0]["fields"]["brand"], "March 20");
}
