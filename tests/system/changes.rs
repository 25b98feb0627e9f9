//! Grants that the owner changes: paused, resumed, narrowed, renewed, amended.

use harness::{Ask, Linked};
use serde_json::Value as Json;
use vault_core::{
    Category::Receipts, Change, Grant, GrantId, GrantState, RequestState, Selection, wire::terms::Duration,
};

/// A vault with two receipts whose brand and cost are shared until withdrawn.
async fn shared(seed: u64) -> (Linked, GrantId) {
    let linked = Linked::with_receipts(seed, &["Acme", "Globex"]).await;
    let grant = linked.grant(&["brand", "total_cost"]).await;
    (linked, grant)
}

fn fields_of(fields: &Json) -> Vec<&str> {
    fields.as_object().unwrap().keys().map(String::as_str).collect()
}

fn shown(this: &Linked, grant: GrantId) -> Grant {
    this.device.vault.grant(grant).unwrap()
}

async fn brands(this: &Linked) -> Vec<String> {
    let read = this.read().await;
    assert_eq!(read.status, 200);
    let mut brands: Vec<_> = read
        .records()
        .iter()
        .map(|record| record.fields["brand"].as_str().unwrap().to_owned())
        .collect();
    brands.sort_unstable();
    brands
}

async fn grant_json(this: &Linked, id: GrantId) -> Json {
    let call = harness::Call::get(format!("/api/v1/grants/{id}")).bearer(&this.developer.token().await);
    this.developer.call(call).await.json
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_stops_reads_and_exports_keeps_the_data_and_a_resumption_goes_on() {
    let (this, grant) = shared(160).await;
    this.device.vault.pause(grant).unwrap();
    this.put("while paused");
    assert_eq!(this.read_status().await, 200, "the server does not know yet");
    assert_eq!(this.device.sync().await.entries, 0);
    assert_eq!(this.read_status().await, 403);
    assert_eq!(grant_json(&this, grant).await["status"], "paused");
    assert_eq!(this.held().entries, 2, "what was there stays");
    this.device.vault.resume(grant).unwrap();
    assert_eq!(this.device.sync().await.entries, 1, "only what is new is sent");
    assert_eq!(brands(&this).await, ["Acme", "Globex", "while paused"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrowing_destroys_what_was_held_and_shows_only_what_is_left() {
    let (this, grant) = shared(161).await;
    let before = this.read().await;
    let ids = |answer: &harness::Answer| -> Vec<String> {
        answer.records().iter().map(|record| record.id.clone()).collect()
    };
    let left = Selection::all_of(&shown(&this, grant))
        .only_fields(Receipts, &["brand"])
        .unwrap();
    let preview = this.device.vault.preview_narrowed(grant, &left, 9).unwrap();
    assert_eq!(preview.records, 2);
    this.device.vault.narrow(grant, &left).unwrap();
    assert_eq!(this.device.sync().await.entries, 2);
    let after = this.read().await;
    assert_eq!(after.records().len(), 2);
    for record in after.records() {
        assert_eq!(fields_of(&record.fields), ["brand"]);
    }
    assert!(
        ids(&after).iter().all(|id| !ids(&before).contains(id)),
        "new slots"
    );
    let held = this.held();
    assert!(
        !held.fields.contains("total_cost"),
        "the old generation has no key any more"
    );
    assert_eq!(this.device.sync().await.entries, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_was_shortened_can_be_renewed_up_to_what_was_asked() {
    let (this, grant) = shared(162).await;
    let until = this.world.clocks.time().plus_ms(60_000);
    let shorter = Selection::all_of(&shown(&this, grant)).until(until).unwrap();
    this.device.vault.narrow(grant, &shorter).unwrap();
    this.device.sync().await;
    this.world.clocks.advance_s(30);
    this.device.vault.renew(grant, None).unwrap();
    this.device.sync().await;
    this.world.clocks.advance_s(60);
    assert_eq!(this.read_status().await, 200);
    assert_eq!(shown(&this, grant).terms.duration, Duration::UntilWithdrawn);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amendment_that_takes_something_away_needs_nobody_and_answers_the_call() {
    let (this, grant) = shared(163).await;
    let connected = this.device.stay_connected();
    let ask = Ask::for_fields(Receipts, &["brand"]).amending(grant);
    let answer = this
        .developer
        .ask_and_wait(&ask, &this.subject, None)
        .await
        .unwrap();
    assert_eq!((answer.status, answer.text("status")), (200, "granted"));
    assert_eq!(answer.text("grant_id"), grant.to_string());
    connected.stop().await;
    this.device.sync().await;
    let inbox = this.device.vault.requests().unwrap();
    let amendment = inbox.iter().find(|asked| asked.request.amends.is_some());
    assert_eq!(amendment.unwrap().state, RequestState::Applied);
    let read = this.read().await;
    assert!(
        read.records()
            .iter()
            .all(|record| fields_of(&record.fields) == ["brand"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wider_amendment_is_shown_as_what_it_changes_and_supersedes_once_approved() {
    let (this, grant) = shared(164).await;
    let ask = Ask::for_fields(Receipts, &["brand", "payment_method"]).amending(grant);
    this.developer.ask(&ask, &this.subject).await;
    this.device.sync().await;
    let pending = this.device.pending().expect("a wider amendment asks");
    let changes = pending.amendment.expect("it amends a running grant");
    assert!(matches!(&changes.wider[..], [Change::Field { path, .. }] if path == "payment_method"));
    assert!(matches!(&changes.narrower[..], [Change::Field { path, .. }] if path == "total_cost"));
    // The owner takes what is less, and then decides about the rest.
    let less = Selection::of_terms(changes.narrowed.unwrap());
    this.device.vault.narrow(grant, &less).unwrap();
    this.device.sync().await;
    assert_eq!(this.read_status().await, 200);
    let everything = Selection::everything(&pending.request);
    let new = this
        .device
        .vault
        .approve(pending.request.id, &everything)
        .unwrap();
    assert_eq!(
        this.read_status().await,
        200,
        "the old grant goes on until the server knows"
    );
    this.device.sync().await;
    assert_eq!(shown(&this, grant).state, GrantState::Superseded);
    assert_eq!(grant_json(&this, grant).await["status"], "superseded");
    assert_eq!(grant_json(&this, grant).await["superseded_by"], new.to_string());
    assert_eq!(grant_json(&this, new).await["supersedes"], grant.to_string());
    let read = this.read().await;
    assert_eq!(read.records().len(), 2);
    for record in read.records() {
        assert_eq!(fields_of(&record.fields), ["brand", "payment_method"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_sees_what_was_said_and_sent_of_a_grant() {
    let (this, grant) = shared(165).await;
    this.device.vault.pause(grant).unwrap();
    let history = this.device.vault.grant_history(grant).unwrap();
    assert_eq!(history.receipts.len(), 2);
    assert!(history.receipts[0].acceptance.is_some() && history.receipts[1].acceptance.is_none());
    assert_eq!(history.shared.records, 2);
    assert_eq!(history.shared.last_at, Some(this.world.clocks.time()));
    assert_eq!(history.shared.rejected, []);
    for receipt in &history.receipts {
        vault_core::VerifiedReceipt::check(&receipt.to_json_ld()).unwrap();
    }
}
