//! The log that the server keeps of all it tells: the vault follows it, and keeps every contradiction.

use std::collections::BTreeSet;

use harness::{Ask, Device, Linked};
use vault_core::{
    Category::{Locations, Receipts},
    LogFaultKind,
    wire::frame::Event,
};

/// What was told, by kind.
fn told(device: &Device) -> BTreeSet<&'static str> {
    let activity = device.vault.activity(usize::MAX).unwrap();
    let kind = |event: &Event| match event {
        Event::Linked { .. } => "linked",
        Event::Request(_) => "request",
        Event::Stated { .. } => "stated",
        Event::Read(_) => "read",
        Event::Erased { .. } => "erased",
        _ => "else",
    };
    activity.iter().map(|notice| kind(&notice.event)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_reads_and_erasures_are_in_the_log_that_the_vault_follows() {
    let this = Linked::with_receipts(240, &["Acme"]).await;
    let grant = this.grant(&["brand"]).await;
    assert_eq!(this.read().await.status, 200);
    this.device.withdraw(grant).await;
    this.device.sync().await;
    let log = this.device.vault.log().unwrap();
    assert_eq!(log.faults, [], "an honest server contradicts nothing");
    assert_eq!(log.agreed_at, Some(this.world.clocks.time()));
    assert_eq!(
        log.number,
        this.device.vault.activity(usize::MAX).unwrap().len() as u64
    );
    let all = ["linked", "request", "stated", "read", "erased"];
    assert!(
        all.iter().all(|kind| told(&this.device).contains(kind)),
        "{:?}",
        told(&this.device)
    );
    let proof = &this.device.vault.erasures().unwrap()[0];
    let vault = this.device.vault.status().unwrap().id;
    let head = proof.signed.log.head.verify(&proof.signed.key, vault).unwrap();
    assert!(proof.signed.log.index < head.size && head.number() <= log.number);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_copies_of_a_vault_follow_one_log_whoever_of_them_heard_it_first() {
    let mut this = Linked::new(241).await;
    this.device.sync().await;
    this.device.vault.lock();
    let place = this.world.place("copy.vault");
    let second = this.device.copied_to(&place, &mut this.world.dice);
    let first = this.device.reopened(&mut this.world.dice);
    for (category, heard_first, heard_later) in [(Receipts, &first, &second), (Locations, &second, &first)] {
        let fields: &[&str] = if category == Receipts {
            &["brand"]
        } else {
            &["latitude"]
        };
        this.developer
            .ask(&Ask::for_fields(category, fields), &this.subject)
            .await;
        for device in [heard_first, heard_later] {
            device.sync().await;
        }
    }
    let standings = [first.vault.log().unwrap(), second.vault.log().unwrap()];
    assert_eq!(standings[0].faults, []);
    assert_eq!(standings[1].faults, []);
    first.sync().await;
    assert_eq!(
        first.vault.log().unwrap().number,
        second.vault.log().unwrap().number
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_forgets_what_it_told_is_found_out_and_the_owner_is_shown_what_it_signed() {
    let mut this = Linked::new(242).await;
    this.device.sync().await;
    this.world.back_up().await;
    this.ask(&["brand"]).await;
    this.device.sync().await;
    let signed_before = this.device.vault.log().unwrap();
    this.world.set_data_back().await;
    this.device.sync().await;
    let log = this.device.vault.log().unwrap();
    assert_eq!(log.faults.len(), 1);
    let fault = &log.faults[0];
    assert_eq!(fault.kind, LogFaultKind::Replaced);
    let (vault, key) = (this.device.vault.status().unwrap().id, fault.after.key);
    let before = fault.before.as_ref().unwrap().verify(&key, vault).unwrap();
    let after = fault.after.verify(&key, vault).unwrap();
    assert_eq!(before.number(), signed_before.number);
    assert_ne!(before.log, after.log, "both heads are signed by the same server");
    this.ask(&["cost"]).await;
    this.device.sync().await;
    let log = this.device.vault.log().unwrap();
    assert_eq!(log.faults.len(), 1, "the log that began anew is followed");
    assert!(this.device.pending().is_some());
}
