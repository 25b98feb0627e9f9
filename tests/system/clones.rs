//! Two copies of one vault file, which nobody should have and somebody always has: the server ends up
//! with what the last one that synced holds, and neither loses anything of its own.

use std::collections::BTreeSet;

use harness::{Ask, Developer, Device, Linked, World, receipt};
use vault_core::{Category::Receipts, Error, GrantState, RecordId, SyncError, wire::frame::Refusal};

struct Twins {
    world: World,
    first: Device,
    second: Device,
    developer: Developer,
    subject: String,
    ids: Vec<RecordId>,
}

/// Two copies of a vault with ten shared receipts.
async fn twins(seed: u64) -> Twins {
    let Linked {
        mut world,
        device,
        developer,
        subject,
    } = Linked::new(seed).await;
    let now = world.clocks.time();
    let ten = (0..10).map(|n| receipt(now, &format!("shared {n}"), "1", "card"));
    let ids = device.vault.put_batch(ten.collect()).unwrap();
    developer
        .ask(&Ask::for_fields(Receipts, &["brand"]), &subject)
        .await;
    device.grant(|all| all).await;
    device.vault.lock();
    let place = world.place("copy.vault");
    let second = device.copied_to(&place, &mut world.dice);
    let first = device.reopened(&mut world.dice);
    Twins {
        world,
        first,
        second,
        developer,
        subject,
        ids,
    }
}

fn own(device: &Device) -> BTreeSet<String> {
    let records = device.records(Receipts).into_iter();
    records
        .map(|record| match &record.fields["brand"] {
            vault_core::Value::Text(brand) => brand.clone(),
            _ => panic!("a brand is a text"),
        })
        .collect()
}

impl Twins {
    async fn read(&self) -> BTreeSet<String> {
        let records = self
            .developer
            .read_all(&self.subject, Receipts, None)
            .await
            .unwrap();
        let all: Vec<_> = records
            .iter()
            .map(|record| record.fields["brand"].as_str().unwrap().to_owned())
            .collect();
        let once: BTreeSet<_> = all.iter().cloned().collect();
        assert_eq!(once.len(), all.len(), "a record came twice");
        once
    }

    fn edit(&self, device: &Device, record: usize, brand: &str) {
        let now = self.world.clocks.time();
        device
            .vault
            .update(self.ids[record], receipt(now, brand, "1", "card"))
            .unwrap();
    }

    fn put(&self, device: &Device, brand: &str) {
        device
            .vault
            .put(receipt(self.world.clocks.time(), brand, "1", "card"))
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_ends_up_with_what_the_last_copy_holds_and_no_copy_loses_anything() {
    let twins = twins(120).await;
    let (first, second) = (&twins.first, &twins.second);
    twins.put(first, "only first");
    twins.edit(first, 0, "edited by first");
    first.vault.delete(twins.ids[1]).unwrap();
    twins.put(second, "only second");
    twins.edit(second, 0, "edited by second");
    twins.edit(second, 2, "also by second");
    let (of_first, of_second) = (own(first), own(second));
    for device in [first, second, first, second] {
        device.sync().await;
        assert_eq!(twins.read().await, own(device));
    }
    assert_eq!((own(first), own(second)), (of_first, of_second));
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_whose_changes_have_the_same_numbers_are_still_told_apart() {
    let twins = twins(121).await;
    let (first, second) = (&twins.first, &twins.second);
    for round in 0..4 {
        twins.edit(first, 3, &format!("first {round}"));
        twins.edit(second, 4, &format!("second {round}"));
        for device in [first, second] {
            device.sync().await;
            assert_eq!(twins.read().await, own(device), "round {round}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_copies_that_stay_connected_disturb_neither_the_server_nor_each_other() {
    let twins = twins(122).await;
    let connected = [twins.first.stay_connected(), twins.second.stay_connected()];
    for n in 0..5 {
        twins.put(&twins.first, &format!("first {n}"));
        twins.put(&twins.second, &format!("second {n}"));
    }
    for connected in connected {
        match connected.stopped().await {
            Ok(()) | Err(Error::Sync(SyncError::Refused(Refusal::TakenOver))) => {}
            Err(error) => panic!("{error}"),
        }
    }
    for device in [&twins.first, &twins.second] {
        device.sync().await;
        assert_eq!(twins.read().await, own(device));
        assert_eq!(own(device).len(), 15);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_restored_from_an_old_backup_goes_on_without_losing_what_it_has() {
    let twins = twins(123).await;
    for n in 0..30 {
        twins.put(&twins.first, &format!("lost with the device {n}"));
    }
    twins.first.sync().await;
    assert_eq!(twins.read().await.len(), 40);
    // The first device is lost; the old copy is all there is.
    twins.first.vault.lock();
    twins.put(&twins.second, "after the restore");
    twins.second.sync().await;
    assert_eq!(twins.read().await, own(&twins.second));
    assert_eq!(own(&twins.second).len(), 11);
    assert_eq!(twins.second.sync().await.entries, 0, "and it is settled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_leaves_a_grant_and_comes_back_after_a_quarrel_of_copies_is_shared_again() {
    let twins = twins(124).await;
    let (first, second) = (&twins.first, &twins.second);
    twins.edit(first, 0, "by first");
    twins.edit(second, 0, "by second");
    // Each sync makes the server's revision of the record one higher, far above the vault's own count.
    for _ in 0..6 {
        first.sync().await;
        second.sync().await;
    }
    let without_brand = vault_core::NewRecord::new(Receipts);
    second.vault.update(twins.ids[0], without_brand).unwrap();
    assert_eq!(second.sync().await.entries, 1);
    assert_eq!(twins.read().await.len(), 9);
    twins.edit(second, 0, "back again");
    let report = second.sync().await;
    assert_eq!((report.entries, report.rejected), (1, 0));
    assert_eq!(twins.read().await, own(second));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_restored_from_before_a_consent_sees_the_grant_and_can_withdraw_it() {
    let mut world = World::new(125).await;
    let device = world.device().await;
    let now = world.clocks.time();
    device.vault.put(receipt(now, "Acme", "1", "card")).unwrap();
    let developer = world.developer("Shop").await;
    let subject = device.link(&developer).await;
    device.vault.lock();
    let place = world.place("backup.vault");
    let restored = device.copied_to(&place, &mut world.dice);
    let device = device.reopened(&mut world.dice);
    developer
        .ask(&Ask::for_fields(Receipts, &["brand"]), &subject)
        .await;
    let grant = device.grant(|all| all).await;
    assert_eq!(developer.read(&subject, Receipts).await.status, 200);
    // The device is lost with all that happened since the backup.
    device.vault.lock();

    restored.vault.put(receipt(now, "Globex", "1", "card")).unwrap();
    restored.sync().await;
    assert_eq!(restored.state_of(grant), GrantState::Active);
    let shown = restored.vault.grant(grant).unwrap();
    assert_eq!(
        shown.terms.details[0].fields.len(),
        1,
        "the owner sees what it shows"
    );
    let read = developer.read_all(&subject, Receipts, None).await.unwrap();
    assert_eq!(read.len(), 2, "what the restored file holds");
    assert_eq!(restored.sync().await.entries, 0, "and it is settled");

    restored.withdraw(grant).await;
    assert_eq!(developer.read(&subject, Receipts).await.status, 403);
    assert_eq!(restored.vault.erasures().unwrap().len(), 1);
}
