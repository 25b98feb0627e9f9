//! What is granted, and nothing else, travels from the vault to the developer, and follows every
//! change.

use std::collections::BTreeSet;

use harness::{Device, Linked, receipt};
use serde_json::{Value as Json, json};
use vault_core::{
    Category::{Health, Receipts},
    NewRecord, Precision, RecordId, Timestamp, Value,
    wire::{json, payload::Payload, terms::TimeRange},
};

const FIELDS: [&str; 5] = [
    "brand",
    "total_cost",
    "currency",
    "payment_method",
    "purchased_at",
];

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Receipts with brands that tell them apart; one a day.
pub(crate) fn put_receipts(device: &Device, count: usize) -> Vec<RecordId> {
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

pub(crate) fn brands(answer: &harness::Answer) -> BTreeSet<String> {
    answer.by_text("brand").into_keys().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_narrowed_to_fewer_and_coarser_fields_shows_just_those() {
    let this = Linked::new(1).await;
    put_receipts(&this.device, 3);
    let asked = this.ask(&FIELDS).await;
    this.device
        .grant(|all| {
            let fewer = all.only_fields(Receipts, &["brand", "purchased_at"]).unwrap();
            fewer
                .at_precision(Receipts, "purchased_at", Precision::Month)
                .unwrap()
        })
        .await;
    let answer = this.read().await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    let fields: Vec<Json> = answer.records().into_iter().map(|record| record.fields).collect();
    let expected = ["brand 0000", "brand 0001", "brand 0002"];
    assert_eq!(
        fields,
        expected.map(|brand| json!({ "brand": brand, "purchased_at": "2026-03" }))
    );
    let granted = this.developer.request(asked.text("id")).await;
    let details = &granted.json["granted"]["authorization_details"][0];
    assert_eq!(
        details["fields"],
        json!(["brand", "purchased_at"]),
        "{}",
        granted.json
    );
    let over = this.read_with("?fields=total_cost").await;
    assert_eq!((over.status, over.text("code")), (400, "invalid_fields"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_developer_reads_exactly_what_the_preview_showed() {
    let this = Linked::new(2).await;
    put_receipts(&this.device, 60);
    let unusual = NewRecord::new(Receipts)
        .with(
            "brand",
            Value::Text("Čokolada „Žito“ \u{1f36b} \"quoted\"\n".into()),
        )
        .with("total_cost", Value::Decimal("1.50".parse().unwrap()));
    this.device.vault.put(unusual).unwrap();
    this.ask(&FIELDS).await;
    this.device.sync().await;
    let request = this.device.pending().unwrap().request;
    let selection = vault_core::Selection::everything(&request)
        .only_fields(Receipts, &["brand", "total_cost", "purchased_at"])
        .unwrap()
        .at_precision(Receipts, "purchased_at", Precision::Day)
        .unwrap();
    let preview = this
        .device
        .vault
        .preview(request.id, &selection, usize::MAX)
        .unwrap();
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
    this.device.vault.approve(request.id, &selection).unwrap();
    assert_eq!(this.device.sync().await.entries, 61);
    let read = this
        .developer
        .read_all(&this.subject, Receipts, None)
        .await
        .unwrap();
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
    let this = Linked::new(3).await;
    let ids = put_receipts(&this.device, 3);
    this.grant(&["brand", "purchased_at"]).await;
    let before = this.read().await;

    let when = this.device.vault.get(ids[0]).unwrap().occurred_at.unwrap();
    this.device
        .vault
        .update(ids[0], receipt(when, "brand 0000", "99.99", "cash"))
        .unwrap();
    this.device
        .vault
        .put(NewRecord::new(Health).with("metric", Value::Text("steps".into())))
        .unwrap();
    assert_eq!(
        this.device.sync().await.entries,
        0,
        "neither a field nor a category that is not granted sends anything"
    );
    let unchanged = this.read().await;
    assert_eq!(unchanged.json["data"], before.json["data"]);

    this.device
        .vault
        .update(ids[1], receipt(when, "corrected", "1.50", "card"))
        .unwrap();
    this.device.vault.delete(ids[2]).unwrap();
    this.device.vault.put(receipt(when, "new", "2", "card")).unwrap();
    assert_eq!(this.device.sync().await.entries, 3);
    let after = this.read().await;
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
    assert_eq!(this.device.sync().await.entries, 0, "nothing is sent twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_leaves_and_enters_a_grant_as_its_time_changes() {
    let this = Linked::new(4).await;
    let id = this
        .device
        .vault
        .put(receipt(at("2026-05-05T10:00:00Z"), "in range", "1", "card"))
        .unwrap();
    this.device
        .vault
        .put(receipt(at("2025-05-05T10:00:00Z"), "too old", "1", "card"))
        .unwrap();
    this.device
        .vault
        .put(NewRecord::new(Receipts).with("brand", Value::Text("undated".into())))
        .unwrap();
    this.ask(&["brand"]).await;
    let of_2026 = TimeRange {
        from: Some(at("2026-01-01T00:00:00Z")),
        to: Some(at("2027-01-01T00:00:00Z")),
    };
    this.device
        .grant(|all| all.within_time(Receipts, of_2026).unwrap())
        .await;
    let read = async || brands(&this.read().await);
    assert_eq!(read().await, BTreeSet::from(["in range".to_owned()]));
    this.device
        .vault
        .update(id, receipt(at("2024-05-05T10:00:00Z"), "in range", "1", "card"))
        .unwrap();
    this.device.sync().await;
    assert_eq!(read().await, BTreeSet::new());
    this.device
        .vault
        .update(id, receipt(at("2026-12-31T23:59:59Z"), "back", "1", "card"))
        .unwrap();
    this.device.sync().await;
    assert_eq!(read().await, BTreeSet::from(["back".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn paging_misses_and_repeats_nothing_while_records_come_and_go() {
    let this = Linked::new(5).await;
    let ids = put_receipts(&this.device, 250);
    this.grant(&["brand"]).await;
    let (mut read, mut query, mut pages) = (Vec::new(), "?limit=40".to_owned(), 0);
    loop {
        let page = this.read_with(&query).await;
        assert_eq!(page.status, 200, "{}", page.json);
        assert!(page.records().len() <= 40);
        read.extend(
            page.records()
                .into_iter()
                .map(|record| record.fields["brand"].as_str().unwrap().to_owned()),
        );
        pages += 1;
        // Between two pages one record comes, and one goes that was already read.
        this.device
            .vault
            .put(receipt(
                at("2020-01-01T00:00:00Z"),
                &format!("late {pages:02}"),
                "1",
                "card",
            ))
            .unwrap();
        this.device.vault.delete(ids[pages - 1]).unwrap();
        this.device.sync().await;
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
    let bad = this.read_with("?after=AAAA").await;
    assert_eq!((bad.status, bad.text("code")), (400, "invalid_cursor"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_after_the_grant_reaches_the_developer_without_another_step() {
    let this = Linked::new(8).await;
    this.grant(&["brand"]).await;
    let empty = this.read().await;
    assert_eq!(
        (empty.status, empty.records().len()),
        (200, 0),
        "with consent and without data: an empty list"
    );
    let connected = this.device.stay_connected();
    this.device
        .vault
        .put(receipt(this.world.clocks.time(), "live", "1", "card"))
        .unwrap();
    harness::soon("a live record", async {
        while this.read().await.records().is_empty() {}
    })
    .await;
    connected.stop().await;
}
