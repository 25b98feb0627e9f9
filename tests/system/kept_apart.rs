//! Users, applications and purposes are kept apart: by their ids, by their grants, and in every list.

use std::collections::BTreeSet;

use harness::{Ask, Developer, Linked, World, receipt};
use serde_json::json;
use vault_core::{Category::Receipts, GrantState};

use crate::way_of_a_record::{at, brands, put_receipts};

#[tokio::test(flavor = "multi_thread")]
async fn no_two_applications_know_a_user_and_no_two_users_an_application_by_one_id() {
    let mut world = World::new(6).await;
    let vaults = [world.device().await, world.device().await];
    let developers = [world.developer("Shop").await, world.developer("Gym").await];
    let mut subjects = BTreeSet::new();
    for (vault, device) in vaults.iter().enumerate() {
        for developer in &developers {
            let subject = device.link(developer).await;
            assert!(subject.starts_with("sub_"), "{subject}");
            assert_eq!(
                device.link(developer).await,
                subject,
                "linking again changes nothing"
            );
            device
                .vault
                .put(receipt(
                    at("2026-01-01T00:00:00Z"),
                    &format!("of vault {vault}"),
                    "1",
                    "card",
                ))
                .unwrap();
            subjects.insert(subject);
        }
    }
    assert_eq!(subjects.len(), 4);
    for (vault, device) in vaults.iter().enumerate() {
        let subject = device.link(&developers[0]).await;
        developers[0]
            .ask(&Ask::for_fields(Receipts, &["brand"]), &subject)
            .await;
        device.grant(|all| all).await;
        let read = developers[0].read(&subject, Receipts).await;
        assert_eq!(brands(&read), BTreeSet::from([format!("of vault {vault}")]));
        assert_eq!(
            developers[1].read(&subject, Receipts).await.status,
            403,
            "an id of another application is worth nothing"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_purpose_reads_under_its_own_grant_and_must_be_named_when_there_are_two() {
    let this = Linked::new(7).await;
    put_receipts(&this.device, 2);
    let first = this.grant(&["brand", "currency"]).await;
    assert_eq!(this.read().await.status, 200, "one grant needs no purpose");
    this.developer
        .ask(
            &Ask::for_fields(Receipts, &["total_cost"]).purpose("loyalty"),
            &this.subject,
        )
        .await;
    let second = this.device.grant(|all| all).await;
    let unnamed = this.read().await;
    assert_eq!((unnamed.status, unnamed.text("code")), (400, "purpose_required"));
    let named = async |purpose| {
        this.developer
            .read_with(&this.subject, Receipts, "", Some(purpose))
            .await
    };
    let recommendations = named("recommendations").await;
    assert_eq!(recommendations.json["grant"]["id"], first.to_string());
    assert_eq!(
        recommendations.records()[0].fields,
        json!({ "brand": "brand 0000", "currency": "EUR" })
    );
    let loyalty = named("loyalty").await;
    assert_eq!(loyalty.json["grant"]["id"], second.to_string());
    assert_eq!(loyalty.records()[0].fields, json!({ "total_cost": "0.50" }));
    let ids = |answer: &harness::Answer| {
        answer
            .records()
            .into_iter()
            .map(|record| record.id)
            .collect::<BTreeSet<_>>()
    };
    assert!(
        ids(&recommendations).is_disjoint(&ids(&loyalty)),
        "two grants cannot be joined by record ids"
    );
    assert_eq!(named("wellness").await.status, 403);
    this.device.withdraw(first).await;
    assert_eq!(named("recommendations").await.status, 403);
    assert_eq!(
        named("loyalty").await.status,
        200,
        "withdrawing one grant leaves the other"
    );
    assert_eq!(this.device.state_of(second), GrantState::Active);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_developer_lists_its_own_grants_and_requests_and_no_others() {
    let this = Linked::new(9).await;
    let asked = this.ask(&["brand"]).await;
    let grant = this.device.grant(|all| all).await.to_string();
    let stranger = this.world.developer("Stranger").await;
    let list = async |of: &Developer| {
        let call = harness::Call::get("/v1/grants").bearer(&of.api_key);
        of.call(call).await
    };
    let own = list(&this.developer).await;
    assert_eq!(own.json["data"][0]["id"], grant, "{}", own.json);
    assert_eq!(own.json["data"][0]["status"], "active");
    assert_eq!(list(&stranger).await.json["data"], json!([]));
    assert_eq!(stranger.request(asked.text("id")).await.status, 404);
    let covered = this.ask(&["brand"]).await;
    assert_eq!(covered.status, 200);
    assert_eq!(
        (&covered.json["reused"], covered.text("grant_id")),
        (&json!(true), grant.as_str())
    );
    assert!(this.device.pending().is_none());
}
