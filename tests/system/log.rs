//! The log that the server keeps of all it tells: the vault follows it, and keeps every contradiction.

use std::collections::BTreeSet;

use harness::{Ask, Device, World, copy_folder, receipt};
use vault_core::{Category::Receipts, LogFaultKind, wire::frame::Event};

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
    let mut world = World::new(240).await;
    let device = world.device().await;
    device
        .vault
        .put(receipt(world.clocks.time(), "Acme", "1", "card"))
        .unwrap();
    let developer = world.developer("Shop").await;
    let subject = device.link(&developer).await;
    developer
        .ask(&Ask::for_fields(Receipts, &["brand"]), &subject)
        .await;
    let grant = device.grant(|all| all).await;
    assert_eq!(developer.read(&subject, Receipts).await.status, 200);
    device.withdraw(grant).await;
    device.sync().await;
    let log = device.vault.log().unwrap();
    assert_eq!(log.faults, [], "an honest server contradicts nothing");
    assert_eq!(log.agreed_at, Some(world.clocks.time()));
    assert_eq!(
        log.number,
        device.vault.activity(usize::MAX).unwrap().len() as u64
    );
    let all = ["linked", "request", "stated", "read", "erased"];
    assert!(
        all.iter().all(|kind| told(&device).contains(kind)),
        "{:?}",
        told(&device)
    );
    let proof = &device.vault.erasures().unwrap()[0];
    let vault = device.vault.status().unwrap().id;
    let head = proof.signed.log.head.verify(&proof.signed.key, vault).unwrap();
    assert!(proof.signed.log.index < head.size && head.number() <= log.number);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_copies_of_a_vault_follow_one_log_whoever_of_them_heard_it_first() {
    let mut world = World::new(241).await;
    let device = world.device().await;
    let developer = world.developer("Shop").await;
    let subject = device.link(&developer).await;
    device.sync().await;
    device.vault.lock();
    let place = world.place("copy.vault");
    let second = device.copied_to(&place, &mut world.dice);
    let first = device.reopened(&mut world.dice);
    for (category, heard_first, heard_later) in [
        (Receipts, &first, &second),
        (vault_core::Category::Locations, &second, &first),
    ] {
        let fields: &[&str] = if category == Receipts {
            &["brand"]
        } else {
            &["latitude"]
        };
        developer.ask(&Ask::for_fields(category, fields), &subject).await;
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
    let mut world = World::new(242).await;
    let device = world.device().await;
    let developer = world.developer("Shop").await;
    let subject = device.link(&developer).await;
    device.sync().await;
    let backup = world.place("data-backup");
    world.stop().await;
    copy_folder(world.data_folder(), &backup);
    world.start().await;
    developer
        .ask(&Ask::for_fields(Receipts, &["brand"]), &subject)
        .await;
    device.sync().await;
    let signed_before = device.vault.log().unwrap();
    world.stop().await;
    std::fs::remove_dir_all(world.data_folder()).unwrap();
    copy_folder(&backup, world.data_folder());
    world.start().await;
    device.sync().await;
    let log = device.vault.log().unwrap();
    assert_eq!(log.faults.len(), 1);
    let fault = &log.faults[0];
    assert_eq!(fault.kind, LogFaultKind::Replaced);
    let (vault, key) = (device.vault.status().unwrap().id, fault.after.key);
    let before = fault.before.as_ref().unwrap().verify(&key, vault).unwrap();
    let after = fault.after.verify(&key, vault).unwrap();
    assert_eq!(before.number(), signed_before.number);
    assert_ne!(before.log, after.log, "both heads are signed by the same server");
    developer
        .ask(&Ask::for_fields(Receipts, &["cost"]), &subject)
        .await;
    device.sync().await;
    let log = device.vault.log().unwrap();
    assert_eq!(log.faults.len(), 1, "the log that began anew is followed");
    assert!(device.pending().is_some());
}
