//! Asking, waiting, and what becomes of a request.

use std::{sync::Arc, time::Duration};

use serde_json::{Value as Json, json};
use tokio::task::JoinHandle;
use vault_wire::id::SubjectId;

use super::world::{Answer, World};

const PATH: &str = "/api/v1/request-consent";

pub(super) fn body(subject: &str) -> Json {
    json!({
        "subject_id": subject,
        "purpose": {
            "code": "personalisation", "text": "Recommend restaurants near your past purchases",
            "benefit": "Fewer irrelevant offers",
        },
        "authorization_details": [{
            "type": "vault_data", "category": "receipts", "actions": ["read"],
            "fields": ["brand", "total_cost", "currency", "purchased_at", "purchase_location"],
            "precision": { "purchased_at": "day", "purchase_location": "city" },
        }],
        "duration": { "type": "time_bound", "expires_at": "2027-02-21T00:00:00Z" },
        "data_life": { "unit": "day", "value": 30 },
    })
}

/// A call that runs beside the test.
fn ask(
    world: &Arc<World>,
    body: Json,
    prefer: &'static [(&'static str, &'static str)],
) -> JoinHandle<Answer> {
    let world = Arc::clone(world);
    tokio::spawn(async move { world.post_with(PATH, &world.key, prefer, body).await })
}

/// Moves the clock a second at a time until a call is answered; the seconds it took.
async fn seconds_until_answered(world: &World, call: JoinHandle<Answer>) -> (Answer, i64) {
    let mut seconds = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if call.is_finished() {
            return (call.await.unwrap(), seconds);
        }
        assert!(seconds < 400, "the call is never answered");
        world.clock.advance_ms(1_000);
        seconds += 1;
    }
}

#[tokio::test]
async fn a_user_who_grants_while_the_call_is_open_answers_it() {
    let world = Arc::new(World::new().await);
    let (device, subject) = world.linked_device(1).await;
    let call = ask(&world, body(&subject), &[]);
    let given = device.approve(&device.asked().await, |_| {}).await;
    let answer = call.await.unwrap();
    assert_eq!(answer.status, 200);
    let json = answer.json();
    assert_eq!(json["object"], "consent_request");
    assert_eq!(json["status"], "granted");
    assert_eq!(json["message"], "You can immediately access the data.");
    assert_eq!(json["grant_id"], given.grant.to_string());
    assert_eq!(json["phase"], Json::Null);
    assert_eq!(json["subject_id"], subject);
    assert_eq!(json["app_id"], world.app.to_string());
    assert_eq!(json["reused"], false);
    let detail = &json["granted"]["authorization_details"][0];
    assert_eq!(detail["precision"], json!({ "purchased_at": "day" }));
    assert_eq!(
        detail["fields"],
        json!([
            "brand",
            "currency",
            "purchase_location.city",
            "purchase_location.country",
            "purchased_at",
            "total_cost"
        ])
    );
    assert_eq!(json["requested"]["purpose"]["benefit"], "Fewer irrelevant offers");
    assert!(answer.header("location").is_none() && answer.header("retry-after").is_none());
}

#[tokio::test]
async fn a_user_who_rejects_while_the_call_is_open_answers_it() {
    let world = Arc::new(World::new().await);
    let (device, subject) = world.linked_device(1).await;
    let call = ask(&world, body(&subject), &[("prefer", "wait=60")]);
    device.reject(&device.asked().await).await;
    let answer = call.await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["status"], "rejected");
    assert_eq!(answer.json()["message"], "You cannot access the data.");
    assert_eq!(answer.json()["granted"], Json::Null);
    assert_eq!(answer.header("preference-applied"), Some("wait=60"));
    let again = world.post(PATH, &world.key, body(&subject)).await;
    assert_eq!((again.status, again.code().as_str()), (429, "recently_refused"));
    assert!(again.header("retry-after").is_some());
}

#[tokio::test]
async fn without_a_preference_the_call_stays_open_for_180_seconds() {
    let world = Arc::new(World::new().await);
    let (_device, subject) = world.linked_device(1).await;
    let call = ask(&world, body(&subject), &[]);
    let (answer, seconds) = seconds_until_answered(&world, call).await;
    assert!((180..=182).contains(&seconds), "{seconds} s");
    assert_eq!(answer.status, 202);
    let json = answer.json();
    assert_eq!(
        (&json["status"], &json["phase"]),
        (&json!("pending"), &json!("extended"))
    );
    assert_eq!(
        json["message"],
        "Consent request sent and awaiting user acceptance. Please check again after 24 hours."
    );
    let location = format!("/api/v1/consent-requests/{}", json["id"].as_str().unwrap());
    assert_eq!(answer.header("location"), Some(location.as_str()));
    let retry_after: i64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((86_300..=86_400).contains(&retry_after), "{retry_after}");
    assert_eq!(answer.header("preference-applied"), None);
}

#[tokio::test]
async fn a_call_waits_as_long_as_it_prefers_and_no_longer() {
    let world = Arc::new(World::new().await);
    let (_device, subject) = world.linked_device(1).await;
    let call = ask(&world, body(&subject), &[("prefer", "wait=5")]);
    let (answer, seconds) = seconds_until_answered(&world, call).await;
    assert!((5..=6).contains(&seconds), "{seconds} s");
    assert_eq!(answer.status, 202);
    assert_eq!(answer.header("preference-applied"), Some("wait=5"));
    assert_eq!(answer.header("retry-after"), Some("5"));
    assert_eq!(answer.json()["phase"], "immediate");
    assert_eq!(
        answer.json()["message"],
        "Consent request sent. The user has not answered yet."
    );
}

#[tokio::test]
async fn a_call_that_prefers_not_to_wait_is_answered_at_once() {
    let world = Arc::new(World::new().await);
    let (_device, subject) = world.linked_device(1).await;
    for (prefer, applied) in [
        ("respond-async", Some("respond-async")),
        ("wait=0", Some("wait=0")),
        (
            "respond-async, wait=0, return=minimal",
            Some("respond-async, wait=0"),
        ),
    ] {
        let answer = world
            .post_with(PATH, &world.key, &[("prefer", prefer)], body(&subject))
            .await;
        assert_eq!(answer.status, 202);
        assert_eq!(answer.header("preference-applied"), applied);
        assert_eq!(
            answer.json()["message"],
            "Consent request sent. The user has not answered yet."
        );
    }
}

#[tokio::test]
async fn an_identical_request_is_the_same_request() {
    let world = Arc::new(World::new().await);
    let (device, subject) = world.linked_device(1).await;
    let at_once = [("prefer", "wait=0")];
    let first = world
        .post_with(PATH, &world.key, &at_once, body(&subject))
        .await
        .json();
    let second = world
        .post_with(PATH, &world.key, &at_once, body(&subject))
        .await
        .json();
    assert_eq!(first["id"], second["id"]);
    assert_eq!(
        (&first["reused"], &second["reused"]),
        (&json!(false), &json!(true))
    );
    device.approve(&device.asked().await, |_| {}).await;
    let covered = world.post(PATH, &world.key, body(&subject)).await;
    assert_eq!(covered.status, 200);
    let json = covered.json();
    assert_eq!(
        (&json["status"], &json["reused"], &json["coverage"]),
        (&json!("granted"), &json!(true), &json!("exact"))
    );
}

#[tokio::test]
async fn a_request_can_be_looked_at_and_waited_for_later() {
    let world = Arc::new(World::new().await);
    let (device, subject) = world.linked_device(1).await;
    let asked = world
        .post_with(PATH, &world.key, &[("prefer", "respond-async")], body(&subject))
        .await;
    let path = asked.header("location").unwrap().to_owned();
    let pending = world.get(&path, &world.key).await;
    assert_eq!((pending.status, pending.header("retry-after")), (202, Some("5")));
    let waiting = tokio::spawn({
        let (world, path) = (Arc::clone(&world), path.clone());
        async move { world.get_with(&path, &world.key, &[("prefer", "wait=100")]).await }
    });
    device.approve(&device.asked().await, |_| {}).await;
    let granted = waiting.await.unwrap();
    assert_eq!(
        (granted.status, granted.header("preference-applied")),
        (200, Some("wait=100"))
    );
    assert_eq!(granted.json()["status"], "granted");
    assert_eq!(
        world.get(&path.replace("/api", ""), &world.key).await.json()["status"],
        "granted"
    );
}

#[tokio::test]
async fn a_request_lapses_after_24_hours_and_three_minutes() {
    let world = World::new().await;
    let (_device, subject) = world.linked_device(1).await;
    let asked = world
        .post_with(PATH, &world.key, &[("prefer", "wait=0")], body(&subject))
        .await;
    let path = asked.header("location").unwrap().to_owned();
    for (after_ms, status, phase) in [
        (179_999, "pending", json!("immediate")),
        (1, "pending", json!("extended")),
        (86_399_999, "pending", json!("extended")),
        (1, "expired", json!(null)),
    ] {
        world.clock.advance_ms(after_ms);
        let json = world.get(&path, &world.key).await.json();
        assert_eq!((&json["status"], &json["phase"]), (&json!(status), &phase));
    }
}

#[tokio::test]
async fn an_unknown_subject_looks_like_one_who_does_not_answer() {
    let world = World::new().await;
    let (_device, known) = world.linked_device(1).await;
    let unknown = SubjectId([0xAB; 16]).to_string();
    let at_once = [("prefer", "wait=0")];
    let mut answers = Vec::new();
    for subject in [&known, &unknown] {
        let answer = world.post_with(PATH, &world.key, &at_once, body(subject)).await;
        assert_eq!(answer.status, 202);
        let id = answer.json()["id"].as_str().unwrap().to_owned();
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        answers.push(text.replace(&id, "creq").replace(subject.as_str(), "sub"));
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn another_applications_requests_and_grants_are_not_there() {
    let world = World::new().await;
    for path in [
        "/api/v1/consent-requests/creq_00000000000000000000000000",
        "/api/v1/consent-requests/creq_1",
        "/api/v1/consent-requests/%ff",
        "/api/v1/grants/grnt_00000000000000000000000000",
        "/api/v1/grants/app_00000000000000000000000000",
        "/api/v1/grants/%ff",
    ] {
        let answer = world.get(path, &world.key).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (404, "not_found"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_made_names_each_fault() {
    let world = World::new().await;
    let mut wrong = body(&SubjectId([1; 16]).to_string());
    wrong["delivery"] = json!("sealed");
    let answer = world.post(PATH, &world.key, wrong.clone()).await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_request"));
    assert!(
        answer.json()["detail"]
            .as_str()
            .unwrap()
            .contains("needs a sealing key")
    );
    for (name, value, code) in [
        (
            "purpose",
            json!({ "code": "curiosity", "text": "x", "benefit": "y" }),
            "unknown_purpose",
        ),
        (
            "authorization_details",
            json!([{ "type": "vault_data", "category": "recipes", "fields": ["x"] }]),
            "unknown_category",
        ),
        (
            "authorization_details",
            json!([{ "type": "vault_data", "category": "cards", "fields": ["x"] }]),
            "invalid_fields",
        ),
        ("subject", json!("sub_1"), "unknown_field"),
    ] {
        let mut wrong = body(&SubjectId([1; 16]).to_string());
        wrong[name] = value;
        let answer = world.post(PATH, &world.key, wrong).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, code));
    }
}

#[tokio::test]
async fn texts_that_show_otherwise_than_they_read_are_refused() {
    let world = World::new().await;
    let (_device, subject) = world.linked_device(1).await;
    for text in ["one line\nand another", "\u{1b}[2Jgone", "\u{202e}desrever"] {
        let mut wrong = body(&subject);
        wrong["purpose"]["benefit"] = json!(text);
        let answer = world
            .post_with(PATH, &world.key, &[("prefer", "wait=0")], wrong)
            .await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "invalid_request"),
            "{text:?}"
        );
    }
}
