//! What is granted, and nothing else, travels from the vault to the developer, and follows every
//! change.

use std::collections::BTreeSet;

use harness::{Ask, Developer, Device, World, receipt};
use serde_json::{Value as Json, json};
use vault_core::{
    Category::{Health, Receipts},
    GrantState, NewRecord, Precision, RecordId, Timestamp, Value,
    wire::{json, payload::Payload, terms::TimeRange},
};

const FIELDS: [&str; 5] = [
    "brand",
    "total_cost",
    "currency",
    "payment_method",
    "purchased_at",
];

struct Stage {
    world: World,
    device: Device,
    developer: Developer,
    subject: String,
}

/// A vault, linked to one application.
async fn stage(seed: u64) -> Stage {
    let mut world = World::new(seed).await;
    let device = world.device().await;
    let developer = world.developer("Shop").await;
    let subject = device.link(&developer).await;
    Stage {
        world,
        device,
        developer,
        subject,
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Receipts with brands that tell them apart; one a day.
fn put_receipts(device: &Device, count: usize) -> Vec<RecordId> {
    let first = at("2026-03-01T09:30:00Z");
    let records = (0..count).map(|n| {
        let day = i64::try_from(n).unwrap() * 86_400_000;
        receipt(
            first.plus_ms(day),
            &format!("brand {n:04}"),
            &format!("{n}.50"),
            "card",
        )
    });
    device.vault.put_batch(records.collect()).unwrap()
}

fn brands(answer: &harness::Answer) -> BTreeSet<String> {
    answer.by_text("brand").into_keys().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_narrowed_to_fewer_and_coarser_fields_shows_just_those() {
    let Stage {
        device,
        developer,
        subject,
        world: _world,
    } = stage(1).await;
    put_receipts(&device, 3);
    let asked = developer.ask(&Ask::for_fields(Receipts, &FIELDS), &subject).await;
    device
        .grant(|all| {
            let fewer = all.only_fields(Receipts, &["brand", "purchased_at"]).unwrap();
            fewer
                .at_precision(Receipts, "purchased_at", Precision::Month)
                .unwrap()
        })
        .await;
    let answer = developer.read(&subject, Receipts).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    let fields: Vec<Json> = answer.records().into_iter().map(|record| record.fields).collect();
    let expected = ["brand 0000", "brand 0001", "brand 0002"];
    assert_eq!(
        fields,
        expected.map(|brand| json!({ "brand": brand, "purchased_at": "2026-03" }))
    );
    let granted = developer.request(asked.text("id")).await;
    let details = &granted.json["granted"]["authorization_details"][0];
    assert_eq!(
        details["fields"],
        json!(["brand", "purchased_at"]),
        "{}",
        granted.json
    );
    let over = developer
        .read_with(&subject, Receipts, "?fields=total_cost", None)
        .await;
    assert_eq!((over.status, over.text("code")), (400, "invalid_fields"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_developer_reads_exactly_what_the_preview_showed() {
    let Stage {
        device,
        developer,
        subject,
        world: _world,
    } = stage(2).await;
    put_receipts(&device, 60);
    let unusual = NewRecord::new(Receipts)
        .with(
            "brand",
            Value::Text("Čokolada „Žito“ \u{1f36b} \"quoted\"\n".into()),
        )
        .with("total_cost", Value::Decimal("1.50".parse().unwrap()));
    device.vault.put(unusual).unwrap();
    developer.ask(&Ask::for_fields(Receipts, &FIELDS), &subject).await;
    device.sync().await;
    let request = device.pending().unwrap().request;
    let selection = vault_core::Selection::everything(&request)
        .only_fields(Receipts, &["brand", "total_cost", "purchased_at"])
        .unwrap()
        .at_precision(Receipts, "purchased_at", Precision::Day)
        .unwrap();
    let preview = device.vault.preview(request.id, &selection, usize::MAX).unwrap();
    for shown in &preview.sample {
        let fields = shown.fields.clone();
        assert_eq!(
            Payload { fields }.to_bytes(),
            shown.payload,
            "the bytes are those of the fields shown"
        );
    }
    let bytes: usize = preview.sample.iter().map(|shown| shown.payload.len()).sum();
    assert_eq!((preview.records, preview.payload_bytes), (61, bytes as u64));
    device.vault.approve(request.id, &selection).unwrap();
    assert_eq!(device.sync().await.entries, 61);
    let read = developer.read_all(&subject, Receipts, None).await.unwrap();
    let mut read: Vec<String> = read.iter().map(|record| record.fields.to_string()).collect();
    let mut shown: Vec<String> = preview
        .sample
        .iter()
        .map(|shown| json::of_fields(&shown.fields).to_string())
        .collect();
    read.sort();
    shown.sort();
    assert_eq!(read, shown);
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_and_deletions_follow_and_what_is_not_granted_sends_nothing() {
    let Stage {
        device,
        developer,
        subject,
        world: _world,
    } = stage(3).await;
    let ids = put_receipts(&device, 3);
    developer
        .ask(&Ask::for_fields(Receipts, &["brand", "purchased_at"]), &subject)
        .await;
    device.grant(|all| all).await;
    let before = developer.read(&subject, Receipts).await;

    let when = device.vault.get(ids[0]).unwrap().occurred_at.unwrap();
    device
        .vault
        .update(ids[0], receipt(when, "brand 0000", "99.99", "cash"))
        .unwrap();
    device
        .vault
        .put(NewRecord::new(Health).with("metric", Value::Text("steps".into())))
        .unwrap();
    assert_eq!(
        device.sync().await.entries,
        0,
        "neither a field nor a category that is not granted sends anything"
    );
    let unchanged = developer.read(&subject, Receipts).await;
    assert_eq!(unchanged.json["data"], before.json["data"]);

    device
        .vault
        .update(ids[1], receipt(when, "corrected", "1.50", "card"))
        .unwrap();
    device.vault.delete(ids[2]).unwrap();
    device.vault.put(receipt(when, "new", "2", "card")).unwrap();
    assert_eq!(device.sync().await.entries, 3);
    let after = developer.read(&subject, Receipts).await;
    assert_eq!(
        brands(&after),
        BTreeSet::from(["brand 0000", "corrected", "new"].map(String::from))
    );
    let id_of = |answer: &harness::Answer, brand: &str| {
        answer
            .records()
            .into_iter()
            .find(|record| record.fields["brand"] == brand)
            .map(|record| record.id)
    };
    assert_eq!(
        id_of(&after, "corrected"),
        id_of(&before, "brand 0001"),
        "a corrected record keeps its id"
    );
    assert_eq!(device.sync().await.entries, 0, "nothing is sent twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_leaves_and_enters_a_grant_as_its_time_changes() {
    let Stage {
        device,
        developer,
        subject,
        world: _world,
    } = stage(4).await;
    let id = device
        .vault
        .put(receipt(at("2026-05-05T10:00:00Z"), "in range", "1", "card"))
        .unwrap();
    device
        .vault
        .put(receipt(at("2025-05-05T10:00:00Z"), "too old", "1", "card"))
        .unwrap();
    device
        .vault
        .put(NewRecord::new(Receipts).with("brand", Value::Text("undated".into())))
        .unwrap();
    developer
        .ask(&Ask::for_fields(Receipts, &["brand"]), &subject)
        .await;
    let of_2026 = TimeRange {
        from: Some(at("2026-01-01T00:00:00Z")),
        to: Some(at("2027-01-01T00:00:00Z")),
    };
    device
        .grant(|all| all.within_time(Receipts, of_2026).unwrap())
        .await;
    let read = async || brands(&developer.read(&subject, Receipts).await);
    assert_eq!(read().await, BTreeSet::from(["in range".to_owned()]));
    device
        .vault
        .update(id, receipt(at("2024-05-05T10:00:00Z"), "in range", "1", "card"))
        .unwrap();
    device.sync().await;
    assert_eq!(read().await, BTreeSet::new());
    device
        .vault
        .update(id, receipt(at("2026-12-31T23:59:59Z"), "back", "1", "card"))
        .unwrap();
    device.sync().await;
    assert_eq!(read().await, BTreeSet::from(["back".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn paging_misses_and_repeats_nothing_while_records_come_and_go() {
    let Stage {
        device,
        developer,
        subject,
        world: _world,
    } = stage(5).await;
    let ids = put_receipts(&device, 250);
    developer
        .ask(&Ask::for_fields(Receipts, &["brand"]), &subject)
        .await;
    device.grant(|all| all).await;
    let (mut read, mut query, mut pages) = (Vec::new(), "?limit=40".to_owned(), 0);
    loop {
        let page = developer.read_with(&subject, Receipts, &query, None).await;
        assert_eq!(page.status, 200, "{}", page.json);
        assert!(page.records().len() <= 40);
        read.extend(
            page.records()
                .into_iter()
                .map(|record| record.fields["brand"].as_str().unwrap().to_owned()),
        );
        pages += 1;
        // Between two pages one record comes, and one goes that was already read.
        device
            .vault
            .put(receipt(
                at("2020-01-01T00:00:00Z"),
                &format!("late {pages:02}"),
                "1",
                "card",
            ))
            .unwrap();
        device.vault.delete(ids[pages - 1]).unwrap();
        device.sync().await;
        let Some(next) = page.json["next_cursor"].as_str() else {
            assert_eq!(page.json["has_more"], false);
            break;
        };
        assert_eq!(page.json["has_more"], true);
        query = format!("?limit=40&after={next}");
    }
    let once: BTreeSet<&String> = read.iter().collect();
    assert_eq!(once.len(), read.len(), "a record came twice");
    for n in 0..250 {
        assert!(once.contains(&format!("brand {n:04}")), "record {n} was missed");
    }
    let bad = developer.read_with(&subject, Receipts, "?after=AAAA", None).await;
    assert_eq!((bad.status, bad.text("code")), (400, "invalid_cursor"));
}

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
    let Stage {
        device,
        developer,
        subject,
        world: _world,
    } = stage(7).await;
    put_receipts(&device, 2);
    developer
        .ask(&Ask::for_fields(Receipts, &["brand", "currency"]), &subject)
        .await;
    let first = device.grant(|all| all).await;
    assert_eq!(
        developer.read(&subject, Receipts).await.status,
        200,
        "one grant needs no purpose"
    );
    developer
        .ask(
            &Ask::for_fields(Receipts, &["total_cost"]).purpose("loyalty"),
            &subject,
        )
        .await;
    let second = device.grant(|all| all).await;
    let unnamed = developer.read(&subject, Receipts).await;
    assert_eq!((unnamed.status, unnamed.text("code")), (400, "purpose_required"));
    let named = async |purpose| developer.read_with(&subject, Receipts, "", Some(purpose)).await;
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
    device.withdraw(first).await;
    assert_eq!(named("recommendations").await.status, 403);
    assert_eq!(
        named("loyalty").await.status,
        200,
        "withdrawing one grant leaves the other"
    );
    assert_eq!(device.state_of(second), GrantState::Active);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_after_the_grant_reaches_the_developer_without_another_step() {
    let Stage {
        device,
        developer,
        subject,
        world,
    } = stage(8).await;
    developer
        .ask(&Ask::for_fields(Receipts, &["brand"]), &subject)
        .await;
    device.grant(|all| all).await;
    let empty = developer.read(&subject, Receipts).await;
    assert_eq!(
        (empty.status, empty.records().len()),
        (200, 0),
        "with consent and without data: an empty list"
    );
    let connected = device.stay_connected();
    device
        .vault
        .put(receipt(world.clocks.time(), "live", "1", "card"))
        .unwrap();
    harness::soon("a live record", async {
        while developer.read(&subject, Receipts).await.records().is_empty() {}
    })
    .await;
    connected.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_developer_lists_its_own_grants_and_requests_and_no_others() {
    let Stage {
        world,
        device,
        developer,
        subject,
    } = stage(9).await;
    let asked = developer
        .ask(&Ask::for_fields(Receipts, &["brand"]), &subject)
        .await;
    let grant = device.grant(|all| all).await.to_string();
    let stranger = world.developer("Stranger").await;
    let list = async |of: &Developer| {
        let call = harness::Call::get("/v1/grants").bearer(&of.api_key);
        of.call(call).await
    };
    let own = list(&developer).await;
    assert_eq!(own.json["data"][0]["id"], grant, "{}", own.json);
    assert_eq!(own.json["data"][0]["status"], "active");
    assert_eq!(list(&stranger).await.json["data"], json!([]));
    assert_eq!(stranger.request(asked.text("id")).await.status, 404);
    let covered = developer
        .ask(&Ask::for_fields(Receipts, &["brand"]), &subject)
        .await;
    assert_eq!(covered.status, 200);
    assert_eq!(
        (&covered.json["reused"], covered.text("grant_id")),
        (&json!(true), grant.as_str())
    );
    assert!(device.pending().is_none());
}
