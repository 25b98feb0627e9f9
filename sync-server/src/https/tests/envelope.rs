//! What holds for every answer.

use axum::{body::Body, http::Method};
use serde_json::json;

use super::world::{World, request};
use crate::https::problem::Code;

#[tokio::test]
async fn every_answer_has_an_id_a_version_and_must_not_be_stored() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for path in [
        "/health",
        "/api/v1/purposes",
        "/api/v1/grants",
        "/nowhere",
        "/api/v1/users/x/y",
    ] {
        let answer = world.get(path, "").await;
        assert_eq!(answer.header("api-version"), Some("2026-11-21"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(
            answer.header("strict-transport-security"),
            Some("max-age=31536000; includeSubDomains")
        );
        let id = answer.header("request-id").unwrap().to_owned();
        assert!(id.starts_with("req_") && id.len() == 30, "{id}");
        ids.push(id);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5);
}

#[tokio::test]
async fn both_prefixes_reach_the_same_router() {
    let world = World::new().await;
    for path in ["/categories", "/purposes", "/scopes", "/grants"] {
        let long = world.get(&format!("/api/v1{path}"), &world.key).await;
        let short = world.get(&format!("/v1{path}"), &world.key).await;
        assert_eq!((long.status, &long.body), (200, &short.body), "{path}");
    }
    assert_eq!(world.get("/api/v2/grants", &world.key).await.status, 404);
}

#[tokio::test]
async fn an_unknown_route_is_a_problem() {
    let world = World::new().await;
    for path in [
        "/",
        "/api/v1",
        "/api/v1/",
        "/api/v1/nothing",
        "/api/v1/users/x",
        "/%ff",
        "/api/v1/grants/",
    ] {
        let answer = world.get(path, &world.key).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (404, "not_found"),
            "{path}"
        );
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        assert_eq!(answer.json()["request_id"].as_str(), answer.header("request-id"));
    }
}

#[tokio::test]
async fn another_method_is_a_problem_that_names_those_there_are() {
    let world = World::new().await;
    for (method, path, allowed) in [
        (Method::GET, "/api/v1/session-tokens", "POST"),
        (Method::DELETE, "/v1/request-consent", "POST"),
        (Method::POST, "/api/v1/grants", "GET,HEAD"),
        (Method::PUT, "/api/v1/users/x/receipts", "GET,HEAD"),
        (Method::PATCH, "/health", "GET,HEAD"),
    ] {
        let answer = world.call(request(method, path, "", &[], Body::empty())).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (405, "method_not_allowed"),
            "{path}"
        );
        assert_eq!(answer.header("allow"), Some(allowed), "{path}");
    }
}

#[tokio::test]
async fn health_tells_nothing_but_that_it_answers() {
    let answer = World::new().await.get("/health", "").await;
    assert_eq!((answer.status, &answer.body[..]), (200, &b"ok"[..]));
}

#[tokio::test]
async fn every_problem_has_the_page_that_it_names() {
    let world = World::new().await;
    for code in Code::ALL {
        let page = world.get(&code.doc_url(), "").await;
        let text = String::from_utf8(page.body.to_vec()).unwrap();
        assert_eq!(page.status, 200, "{code:?}");
        assert!(
            text.contains(code.name()) && text.contains(code.about()),
            "{text}"
        );
    }
    assert_eq!(world.get("/docs/errors/no-such-code", "").await.status, 404);
}

#[tokio::test]
async fn the_catalogues_are_complete() {
    let world = World::new().await;
    let categories = world.get("/api/v1/categories", "").await.json()["data"].clone();
    assert_eq!(categories.as_array().unwrap().len(), 10);
    let usage = &categories[3];
    assert_eq!(usage["category"], "app_usage");
    assert_eq!(usage["path"], "/api/v1/users/{subject_id}/app-usage");
    let lat = &categories[4]["fields"][1];
    assert_eq!(lat["field"], "lat");
    assert_eq!(
        lat["precisions"],
        json!(["exact", "100m", "1km", "10km", "100km"])
    );
    let purposes = world.get("/api/v1/purposes", "").await.json()["data"].clone();
    assert_eq!(purposes.as_array().unwrap().len(), 20);
    let scopes = world.get("/api/v1/scopes", "").await.json()["data"].clone();
    let names = scopes
        .as_array()
        .unwrap()
        .iter()
        .map(|scope| scope["scope"].as_str().unwrap());
    assert!(crate::service::scopes::Scopes::parse(names).is_ok());
}

#[tokio::test]
async fn a_body_is_json_and_small() {
    let world = World::new().await;
    let path = "/api/v1/subjects/link";
    let send = |content_type: &'static str, body: Vec<u8>| {
        world.call(request(
            Method::POST,
            path,
            &world.key,
            &[("content-type", content_type)],
            Body::from(body),
        ))
    };
    let form = send("application/x-www-form-urlencoded", b"link_code=1".to_vec()).await;
    assert_eq!(
        (form.status, form.code().as_str()),
        (415, "unsupported_media_type")
    );
    let large = send("application/json", vec![b' '; (1 << 20) + 1]).await;
    assert_eq!((large.status, large.code().as_str()), (413, "body_too_large"));
    let just_within = send("application/json", vec![b' '; 1 << 20]).await;
    assert_eq!(
        (just_within.status, just_within.code().as_str()),
        (400, "invalid_request")
    );
    for broken in ["{", "[1,", "\"", "{\"link_code\":\"1\",\"link_code\":\"2\"}"] {
        let answer = send("application/json", broken.into()).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "invalid_request"),
            "{broken}"
        );
    }
    let nothing = send("application/json", Vec::new()).await;
    assert_eq!(nothing.json()["errors"][0]["pointer"], "#/link_code");
}
