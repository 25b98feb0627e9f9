//! Invariant I7: a withdrawal wins over everything that could bring the grant back.

use std::fs;

use harness::{Ask, Forger, Linked, World, receipt};
use sync_server::service::holdings::Holdings;
use vault_core::{
    Category::Receipts,
    Error, GrantId, GrantState,
    wire::{
        frame::{GrantPosition, Rejection, Standing, StatementOutcome, StatementRefusal},
        statement::{Event, Statement},
    },
};

/// A vault with two receipts, both shared and synced.
async fn granted(seed: u64) -> (Linked, GrantId) {
    let linked = Linked::with_receipts(seed, &["Acme", "Globex"]).await;
    let grant = linked.grant(&["brand"]).await;
    assert_eq!(linked.read_status().await, 200);
    (linked, grant)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_erases_and_the_owner_keeps_the_proof() {
    let (this, grant) = granted(60).await;
    assert_eq!(this.held().entries, 2);
    this.device.withdraw(grant).await;
    assert_eq!(this.held(), Holdings::default());
    assert_eq!(this.read_status().await, 403);
    let proof = this.device.vault.erasures().unwrap().remove(0).erasure;
    assert_eq!((proof.grant, proof.entries, proof.keys), (grant, 2, 1));
    assert!(matches!(this.device.vault.withdraw(grant), Err(Error::GrantOver)));
    this.put("Late");
    assert_eq!(this.device.sync().await.entries, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_made_offline_stops_exports_at_once_and_is_the_first_thing_said() {
    let (mut this, grant) = granted(61).await;
    this.world.stop().await;
    this.device.vault.withdraw(grant).unwrap();
    this.put("Late");
    let told = this.device.vault.grants().unwrap().remove(0);
    assert!(told.undelivered && told.state == GrantState::Withdrawn);
    this.world.start().await;
    assert_eq!(this.read_status().await, 200, "the server cannot know yet");
    let report = this.device.sync().await;
    assert_eq!((report.statements, report.entries), (1, 0));
    assert_eq!(this.read_status().await, 403);
    assert_eq!(this.held().entries, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_is_withdrawn_before_it_was_sent_never_comes_into_force() {
    let this = Linked::with_receipts(62, &["Acme"]).await;
    this.ask(&["brand"]).await;
    let grant = this.device.approve(|all| all).await;
    this.device.vault.withdraw(grant).unwrap();
    let report = this.device.sync().await;
    assert_eq!(report.entries, 0);
    assert_eq!(this.device.state_of(grant), GrantState::Erased);
    assert_eq!(this.read_status().await, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_approval_sent_again_brings_nothing_back() {
    let mut world = World::new(63).await;
    let developer = world.developer("Shop").await;
    let mut forger = Forger::enrolled(&mut world).await;
    let subject = forger.link(&developer).await;
    developer
        .ask(&Ask::for_fields(Receipts, &["brand"]), &subject)
        .await;
    let asked = forger.asked().await;
    let approval = forger.approval(&asked, world.clocks.time());
    assert!(matches!(
        forger.say(&approval).await,
        StatementOutcome::Accepted(_)
    ));
    let grant = approval.grant;
    assert_eq!(forger.push(grant, 1, &[("brand", "Acme")]).await.rejected, []);
    assert_eq!(developer.read(&subject, Receipts).await.records().len(), 1);
    let after = |event| {
        let signed = approval.sign(&forger.consent);
        Statement::following(&approval, signed.digest(), event, world.clocks.time())
    };
    let (withdrawal, resumed) = (after(Event::Withdrawn), after(Event::Resumed));
    let StatementOutcome::Erased(first) = forger.say(&withdrawal).await else {
        panic!("not erased")
    };
    for statement in [&approval, &resumed] {
        let outcome = forger.say(statement).await;
        assert_eq!(outcome, StatementOutcome::Refused(StatementRefusal::Withdrawn));
    }
    let late = forger.push(grant, 2, &[("brand", "Late")]).await;
    assert_eq!(
        late.rejected.iter().map(|(_, why)| *why).collect::<Vec<_>>(),
        [Rejection::GrantOver]
    );
    let position = GrantPosition {
        grant,
        statement: 1,
        last: [0; 32],
        generation: 1,
        count: 1,
        fingerprint: vault_core::wire::entry::Fingerprint([1; 16]),
    };
    let welcome = forger.reconnect(vec![position]).await;
    assert_eq!(welcome.standings, [(grant, Standing::Withdrawn)]);
    let StatementOutcome::Erased(again) = forger.say(&withdrawal).await else {
        panic!("not erased")
    };
    assert_eq!(again, first, "the same receipt each time");
    assert_eq!(developer.read(&subject, Receipts).await.status, 403);
    developer
        .ask(&Ask::for_fields(Receipts, &["brand"]), &subject)
        .await;
    let asked_again = forger.asked().await;
    let outcome = forger
        .say(&forger.approval(&asked_again, world.clocks.time()))
        .await;
    assert!(
        matches!(outcome, StatementOutcome::Accepted(_)),
        "a new request is another matter: {outcome:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_restored_from_before_a_withdrawal_does_not_undo_it() {
    let (mut this, grant) = granted(64).await;
    this.world.back_up().await;
    this.device.withdraw(grant).await;
    this.world.stop().await;
    // What a backup of the database alone holds.
    fs::copy(
        this.world.backup_of_data().join("store.vault"),
        this.world.data_folder().join("store.vault"),
    )
    .unwrap();
    this.world.start().await;
    assert_eq!(this.read_status().await, 403, "before any device is back");
    assert_eq!(this.held().entries, 0);
    this.device.sync().await;
    assert_eq!(this.read_status().await, 403);
    assert_eq!(this.device.state_of(grant), GrantState::Erased);
    this.grant(&["brand"]).await;
    assert_eq!(
        this.read_status().await,
        200,
        "the server goes on with new consent"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_copy_of_the_vault_learns_of_the_withdrawal_and_sends_nothing() {
    let (mut this, grant) = granted(65).await;
    let place = this.world.place("old.vault");
    this.device.vault.lock();
    let old = this.device.copied_to(&place, &mut this.world.dice);
    old.vault.lock();
    let device = this.device.reopened(&mut this.world.dice);
    device.withdraw(grant).await;
    device.vault.lock();
    let old = old.reopened(&mut this.world.dice);
    assert_eq!(old.state_of(grant), GrantState::Active, "it does not know yet");
    old.vault
        .put(receipt(this.world.clocks.time(), "Late", "1", "card"))
        .unwrap();
    let report = old.sync().await;
    assert_eq!(report.entries, 0);
    assert_eq!(old.state_of(grant), GrantState::Erased);
    assert_eq!(old.vault.erasures().unwrap().len(), 1, "it has the receipt too");
    assert_eq!(this.developer.read(&this.subject, Receipts).await.status, 403);
    assert_eq!(old.records(Receipts).len(), 3, "local records stay");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_copy_of_the_vault_that_had_not_sent_its_approval_cannot_send_it_any_more() {
    let mut this = Linked::with_receipts(66, &["Acme"]).await;
    this.ask(&["brand"]).await;
    let grant = this.device.approve(|all| all).await;
    this.device.vault.lock();
    let place = this.world.place("old.vault");
    let old = this.device.copied_to(&place, &mut this.world.dice);
    old.vault.lock();
    let device = this.device.reopened(&mut this.world.dice);
    device.sync().await;
    device.withdraw(grant).await;
    device.vault.lock();
    let old = old.reopened(&mut this.world.dice);
    let report = old.sync().await;
    assert_eq!(report.entries, 0);
    assert_eq!(old.state_of(grant), GrantState::Erased);
    assert_eq!(this.developer.read(&this.subject, Receipts).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_restored_whole_from_before_a_withdrawal_does_not_undo_it() {
    let (mut this, grant) = granted(67).await;
    this.world.back_up().await;
    this.device.withdraw(grant).await;
    this.world.set_data_back().await;
    let before_the_device = this.read_status().await;
    this.device.sync().await;
    let after_the_device = this.read_status().await;
    assert_eq!((before_the_device, after_the_device), (403, 403));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restore_of_the_data_the_owner_still_hears_of_every_new_request_and_read() {
    let (mut this, _) = granted(68).await;
    this.device.sync().await;
    this.world.back_up().await;
    for _ in 0..3 {
        assert_eq!(this.read_status().await, 200);
    }
    this.device.sync().await;
    let told_before = this.device.reads_told();
    this.world.set_data_back().await;
    this.world.clocks.advance_s(60);
    let read = this.developer.read(&this.subject, Receipts).await;
    this.device.sync().await;
    let told = this.device.reads_told();
    assert_eq!(told[0], read.text("read_id"));
    assert_eq!(told[1..], told_before, "and of nothing twice");
    this.grant(&["currency"]).await;
}
