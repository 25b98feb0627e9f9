//! Who may call what.

use axum::{body::Body, http::Method};
use serde_json::json;

use super::world::{Answer, START, World, request};

const MANAGEMENT: [(&str, &str); 5] = [
    ("POST", "/api/v1/subjects/link"),
    ("POST", "/api/v1/request-consent"),
    ("GET", "/api/v1/consent-requests/creq_00000000000000000000000000"),
    ("GET", "/api/v1/grants"),
    ("GET", "/api/v1/grants/grnt_00000000000000000000000000"),
];
const DATA: &str = "/api/v1/users/sub_00000000000000000000000000/receipts";

async fn call(world: &World, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let request = request(
        Method::try_from(method).unwrap(),
        path,
        "",
        headers,
        Body::empty(),
    );
    world.call(request).await
}

fn assert_challenged(answer: &Answer, code: &str) {
    assert_eq!((answer.status, answer.code().as_str()), (401, code), "{answer:?}");
    assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer "));
}

#[tokio::test]
async fn without_a_credential_nothing_but_the_catalogues_answers() {
    let world = World::new().await;
    let all = MANAGEMENT
        .into_iter()
        .chain([("POST", "/api/v1/session-tokens"), ("GET", DATA)]);
    for (method, path) in all {
        assert_challenged(&call(&world, method, path, &[]).await, "missing_credentials");
    }
}

#[tokio::test]
async fn a_header_that_is_no_bearer_credential_is_none() {
    let world = World::new().await;
    for value in ["", "Bearer", "Basic YTpi", "pv_live_x"] {
        let answer = call(&world, "GET", "/api/v1/grants", &[("authorization", value)]).await;
        assert_challenged(&answer, "missing_credentials");
    }
    let key = format!("Bearer {}", world.key);
    let twice = [("authorization", key.as_str()), ("authorization", key.as_str())];
    assert_challenged(
        &call(&world, "GET", "/api/v1/grants", &twice).await,
        "missing_credentials",
    );
    let lower_case = format!("bearer {}", world.key);
    let answer = call(&world, "GET", "/api/v1/grants", &[("authorization", &lower_case)]).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_wrong_or_expired_credential_says_which_it_is() {
    let world = World::new().await;
    let mut mistyped = world.key.clone();
    mistyped.pop();
    mistyped.push('~');
    for wrong in ["pv_live_", "x", mistyped.as_str()] {
        assert_challenged(&world.get("/api/v1/grants", wrong).await, "invalid_api_key");
    }
    assert_challenged(&world.get("/api/v1/grants", "pv_tok_x").await, "invalid_token");
    assert_challenged(&world.get(DATA, "pv_tok_x").await, "invalid_token");
    let soon = START
        .parse::<vault_wire::time::Timestamp>()
        .unwrap()
        .plus_ms(60_000);
    let short_key = world.new_key(&["*"], Some(soon)).await;
    let token = world.token(&["grants:read"]).await;
    assert_eq!(world.get("/api/v1/grants", &short_key).await.status, 200);
    world.clock.advance_ms(60_000);
    assert_challenged(&world.get("/api/v1/grants", &short_key).await, "key_expired");
    assert_eq!(world.get("/api/v1/grants", &token).await.status, 200);
    world.clock.advance_ms(840_000);
    assert_challenged(&world.get("/api/v1/grants", &token).await, "token_expired");
}

#[tokio::test]
async fn data_is_read_with_a_session_token_and_never_from_a_browser() {
    let world = World::new().await;
    let by_key = world.get(DATA, &world.key).await;
    assert_challenged(&by_key, "invalid_token");
    assert!(
        by_key.json()["detail"]
            .as_str()
            .unwrap()
            .contains("/api/v1/session-tokens")
    );
    let token = world.token(&["*"]).await;
    let origin = [("origin", "https://shop.example")];
    for credential in [&token, &world.key] {
        let browser = world.get_with(DATA, credential, &origin).await;
        assert_eq!(
            (browser.status, browser.code().as_str()),
            (403, "browser_not_allowed")
        );
    }
    assert_challenged(&world.get_with(DATA, "", &origin).await, "missing_credentials");
}

#[tokio::test]
async fn each_endpoint_needs_its_scope() {
    let world = World::new().await;
    let other = world.new_key(&["audit:read"], None).await;
    for (method, path) in MANAGEMENT {
        let key = format!("Bearer {other}");
        let headers = [("authorization", key.as_str())];
        let answer = call(&world, method, path, &headers).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (403, "insufficient_key_scope"),
            "{path}"
        );
        assert_eq!(answer.json()["key_scopes"], json!(["audit:read"]));
        let needed = answer.json()["required_scopes"][0].as_str().unwrap().to_owned();
        assert!(answer.header("www-authenticate").unwrap().contains(&needed));
    }
    let token = world.token(&["data:health:read"]).await;
    let answer = world.get(DATA, &token).await;
    assert_eq!(answer.json()["required_scopes"], json!(["data:receipts:read"]));
    let all_data = world.token(&["data:*:read"]).await;
    assert_eq!(world.get(DATA, &all_data).await.code(), "consent_required");
}

#[tokio::test]
async fn a_token_is_made_with_a_key_in_the_header_or_in_the_body() {
    let world = World::new().await;
    let path = "/api/v1/session-tokens";
    let by_header = world
        .call(request(Method::POST, path, &world.key, &[], Body::empty()))
        .await;
    assert_eq!(by_header.status, 201);
    let json = by_header.json();
    assert_eq!(json["token_type"], "Bearer");
    assert_eq!(json["scopes"], json!(["*"]));
    assert_eq!(json["expires_at"], "2026-11-21T08:45:00Z");
    assert!(json["id"].as_str().unwrap().starts_with("tok_"));

    let parts: Vec<&str> = world.key.splitn(4, '_').collect();
    let (api_key, api_secret) = (parts[..3].join("_"), parts[3]);
    let body =
        json!({ "api_key": api_key, "api_secret": api_secret, "ttl_seconds": 60, "scopes": ["grants:read"] });
    let by_body = world.post(path, "", body.clone()).await;
    assert_eq!(by_body.status, 201, "{by_body:?}");
    assert_eq!(by_body.json()["expires_at"], "2026-11-21T08:31:00Z");
    assert_eq!(world.post(path, &world.key, body).await.code(), "invalid_request");
    let wrong = json!({ "api_key": api_key, "api_secret": "x" });
    assert_challenged(&world.post(path, "", wrong).await, "invalid_api_key");
    let half = world.post(path, "", json!({ "api_key": api_key })).await;
    assert_eq!(half.json()["errors"][0]["pointer"], "#/api_key");
}

#[tokio::test]
async fn a_token_gets_no_more_than_its_key_has() {
    let world = World::new().await;
    let path = "/api/v1/session-tokens";
    let key = world.new_key(&["data:receipts:read"], None).await;
    let beyond = world
        .post(path, &key, json!({ "scopes": ["data:health:read"] }))
        .await;
    assert_eq!(
        (beyond.status, beyond.code().as_str()),
        (403, "insufficient_key_scope")
    );
    for body in [
        json!({ "scopes": ["data:shoes:read"] }),
        json!({ "scopes": [] }),
        json!({ "ttl_seconds": 59 }),
        json!({ "ttl_seconds": 3601 }),
        json!({ "ip": "192.0.2.1" }),
    ] {
        assert_eq!(world.post(path, &key, body).await.code(), "invalid_request");
    }
    assert_eq!(
        world.post(path, &key, json!({ "ttl": 60 })).await.code(),
        "unknown_field"
    );
    let token = world.token(&["*"]).await;
    assert_challenged(&world.post(path, &token, json!({})).await, "invalid_api_key");
}

#[tokio::test]
async fn wrong_link_codes_run_out() {
    let world = World::new().await;
    let try_code = || {
        world.post(
            "/api/v1/subjects/link",
            &world.key,
            json!({ "link_code": "00000000" }),
        )
    };
    for _ in 0..10 {
        let answer = try_code().await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_request"));
    }
    let answer = try_code().await;
    assert_eq!((answer.status, answer.code().as_str()), (429, "rate_limited"));
    assert_eq!(
        answer.json()["type"],
        "https://iana.org/assignments/http-problem-types#quota-exceeded"
    );
    assert!(answer.header("retry-after").unwrap().parse::<u32>().unwrap() <= 3_600);
}
