//! Listing what may be read.

use serde_json::{Value as Json, json};
use vault_wire::statement::Event;

use super::{consent::body, world::World};

#[tokio::test]
async fn grants_are_listed_with_what_became_of_them() {
    let world = World::new().await;
    let at_once = [("prefer", "wait=0")];
    let mut grants = Vec::new();
    for seed in 1..=3 {
        let (device, subject) = world.linked_device(seed).await;
        world
            .post_with("/api/v1/request-consent", &world.key, &at_once, body(&subject))
            .await;
        let given = device.approve(&device.asked().await, |_| {}).await;
        grants.push((device, subject, given));
        world.clock.advance_ms(1_000);
    }
    let (device, subject, given) = &mut grants[1];
    device.follow(given, Event::Paused).await;
    let paused = given.grant.to_string();

    let first = world.get("/api/v1/grants?limit=2", &world.key).await.json();
    assert_eq!(
        (first["data"].as_array().unwrap().len(), &first["has_more"]),
        (2, &json!(true))
    );
    let next = format!(
        "/api/v1/grants?limit=2&after={}",
        first["next_cursor"].as_str().unwrap()
    );
    let second = world.get(&next, &world.key).await.json();
    assert_eq!(
        (second["data"].as_array().unwrap().len(), &second["has_more"]),
        (1, &json!(false))
    );
    assert_eq!(second["next_cursor"], Json::Null);

    let filtered = |query: String| {
        let world = &world;
        async move {
            let page = world
                .get(&format!("/api/v1/grants?{query}"), &world.key)
                .await
                .json();
            let ids = page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|grant| grant["id"].as_str().unwrap().to_owned());
            ids.collect::<Vec<_>>()
        }
    };
    assert_eq!(filtered("status=paused".into()).await, [paused.as_str()]);
    assert_eq!(filtered(format!("subject_id={subject}")).await, [paused.as_str()]);
    assert_eq!(filtered("category=receipts".into()).await.len(), 3);
    assert!(filtered("category=health".into()).await.is_empty());

    let one = world
        .get(&format!("/api/v1/grants/{paused}"), &world.key)
        .await
        .json();
    assert_eq!(
        (&one["object"], &one["status"]),
        (&json!("grant"), &json!("paused"))
    );
    assert_eq!(one["paused_at"], "2026-11-21T08:30:03Z");
    assert_eq!(one["usage"], json!({ "reads_total": 0, "last_read_at": null }));
    assert_eq!(
        one["duration"],
        json!({ "type": "time_bound", "expires_at": "2027-02-21T00:00:00Z" })
    );

    for (query, code) in [
        ("status=open", "invalid_request"),
        ("category=recipes", "unknown_category"),
        ("limit=0", "invalid_request"),
        ("limit=201", "invalid_request"),
        ("limit=1&limit=2", "invalid_request"),
        ("state=active", "unknown_field"),
        ("after=elsewhere", "invalid_cursor"),
    ] {
        let answer = world.get(&format!("/api/v1/grants?{query}"), &world.key).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{query}");
    }
}
