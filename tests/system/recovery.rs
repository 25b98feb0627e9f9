//! A device is lost, and a recovery code on paper is all that its owner has.

use harness::{Ask, Developer, Device, Linked, World, receipt};
use vault_core::{
    Category::{Health, Receipts},
    Error, EscrowState, GrantId, GrantState, RecoveryCode, SyncError, SyncEvent,
    wire::frame::Refusal,
};

struct Stage {
    world: World,
    lost: Device,
    developer: Developer,
    subject: String,
    code: RecoveryCode,
}

/// A vault with two receipts and a recovery code that its server knows of, linked with a developer.
async fn stage(seed: u64) -> Stage {
    let Linked {
        world,
        device: lost,
        developer,
        subject,
    } = Linked::with_receipts(seed, &["Acme", "Globex"]).await;
    let (_, code) = lost.vault.create_recovery_code().unwrap();
    assert_eq!(lost.vault.status().unwrap().escrow, EscrowState::Waiting);
    lost.sync().await;
    assert_eq!(lost.vault.status().unwrap().escrow, EscrowState::Kept);
    Stage {
        world,
        lost,
        developer,
        subject,
        code,
    }
}

impl Stage {
    async fn granted(&self, category: vault_core::Category, field: &str) -> GrantId {
        let ask = Ask::for_fields(category, &[field]);
        self.developer.ask(&ask, &self.subject).await;
        self.lost.grant(|all| all).await
    }

    async fn read(&self) -> u16 {
        self.developer.read(&self.subject, Receipts).await.status
    }
}

fn is_refused(error: &Error, refusal: Refusal) -> bool {
    matches!(error, Error::Sync(SyncError::Refused(why)) if *why == refusal)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_alone_withdraws_everything_and_revokes_the_lost_device() {
    let mut this = stage(900).await;
    let receipts = this.granted(Receipts, "brand").await;
    let health = this.granted(Health, "metric").await;
    assert_eq!(this.read().await, 200);
    let id = this.lost.vault.status().unwrap().id;
    let lost = this.lost.stay_connected();

    let new = this.world.recover(&this.code).await.unwrap();
    assert_eq!(new.vault.status().unwrap().id, id);
    let (_, events) = new.sync_events().await;
    assert!(events.contains(&SyncEvent::OthersRevoked), "{events:?}");
    let ended = lost.stopped_by_itself().await.unwrap_err();
    assert!(is_refused(&ended, Refusal::Revoked), "{ended}");

    let running: Vec<_> = new.vault.grants().unwrap();
    assert_eq!(running.len(), 2);
    for grant in &running {
        assert_eq!((grant.state, grant.keyless), (GrantState::Active, true));
        new.vault.withdraw(grant.id).unwrap();
    }
    new.sync().await;
    for grant in [receipts, health] {
        assert_eq!(new.state_of(grant), GrantState::Erased);
    }
    assert_eq!(this.read().await, 403);
    assert_eq!(new.vault.erasures().unwrap().len(), 2);

    let refused = this.lost.vault.sync(|_| {}).await.unwrap_err();
    assert!(is_refused(&refused, Refusal::Revoked), "{refused}");
    assert_eq!(
        this.lost.records(Receipts).len(),
        2,
        "what it holds stays its own"
    );
    assert!(
        new.records(Receipts).is_empty(),
        "records never were at the server"
    );
    assert_eq!(new.vault.status().unwrap().escrow, EscrowState::Kept);
    assert_eq!(new.sync().await.statements, 0, "both sides agree");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_is_kept_sends_nothing_before_it_is_resumed_and_then_what_this_device_has() {
    let mut this = stage(901).await;
    let grant = this.granted(Receipts, "brand").await;
    let new = this.world.recover(&this.code).await.unwrap();
    new.sync().await;
    let time = this.world.clocks.time();
    new.vault.allow_collection(Receipts).unwrap();
    new.vault.put(receipt(time, "Initech", "3", "card")).unwrap();
    assert_eq!(new.sync().await.entries, 0);
    let before = this.developer.read(&this.subject, Receipts).await;
    assert_eq!(before.records().len(), 2, "what the lost device sent stays");

    new.vault.resume(grant).unwrap();
    assert!(!new.vault.grant(grant).unwrap().keyless);
    new.sync().await;
    let after = this.developer.read(&this.subject, Receipts).await;
    assert_eq!(after.records().len(), 1);
    assert!(after.by_text("brand").contains_key("Initech"), "{:?}", after.json);
    new.withdraw(grant).await;
    assert_eq!(this.read().await, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_learns_nothing_and_leaves_no_file() {
    let mut this = stage(902).await;
    let mut other = stage(903).await;
    let unknown = this.world.recover(&other.code).await.unwrap_err();
    assert!(is_refused(&unknown, Refusal::NothingToRecover), "{unknown}");
    assert!(!this.world.place("2.vault").exists());
    // A vault that never told the server of its code cannot be had back, and looks just the same.
    let offline = other.world.offline_device();
    let (_, untold) = offline.vault.create_recovery_code().unwrap();
    let untold = other.world.recover(&untold).await.unwrap_err();
    assert_eq!(untold.to_string(), unknown.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_was_replaced_recovers_nothing_not_even_from_restored_data() {
    let mut this = stage(904).await;
    this.world.back_up().await;
    let (slot, newer) = this.lost.vault.create_recovery_code().unwrap();
    for old in this.lost.vault.slots().unwrap() {
        if old.kind == vault_core::SlotKind::Recovery && old.id != slot {
            this.lost.vault.remove_slot(old.id).unwrap();
        }
    }
    this.lost.sync().await;
    this.world.set_data_back().await;
    let old = this.world.recover(&this.code).await.unwrap_err();
    assert!(is_refused(&old, Refusal::NothingToRecover), "{old}");
    // The data lost the newer one too; the device brings it back.
    assert!(this.world.recover(&newer).await.is_err());
    this.lost.sync().await;
    assert!(this.world.recover(&newer).await.is_ok());
    assert!(this.world.recover(&this.code).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn restored_data_do_not_bring_a_revoked_device_back() {
    let mut this = stage(905).await;
    this.granted(Receipts, "brand").await;
    this.world.back_up().await;
    let new = this.world.recover(&this.code).await.unwrap();
    new.sync().await;
    this.world.set_data_back().await;
    let refused = this.lost.vault.sync(|_| {}).await.unwrap_err();
    assert!(is_refused(&refused, Refusal::Revoked), "{refused}");
    new.sync().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_works_again_on_a_third_device_and_the_second_is_revoked() {
    let mut this = stage(906).await;
    let second = this.world.recover(&this.code).await.unwrap();
    second.sync().await;
    let third = this.world.recover(&this.code).await.unwrap();
    third.sync().await;
    let refused = second.vault.sync(|_| {}).await.unwrap_err();
    assert!(is_refused(&refused, Refusal::Revoked), "{refused}");
    third.sync().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_set_back_before_the_new_device_spoke_hears_of_it_all_the_same() {
    let mut this = stage(912).await;
    let grant = this.granted(Receipts, "brand").await;
    this.world.back_up().await;
    let (_, newer) = this.lost.vault.create_recovery_code().unwrap();
    this.lost.sync().await;
    let new = this.world.recover(&newer).await.unwrap();
    this.world.set_data_back().await;
    let first = new.vault.sync(|_| {}).await.unwrap_err();
    assert!(is_refused(&first, Refusal::NothingToRecover), "{first}");
    this.lost.sync().await;
    let (_, events) = new.sync_events().await;
    assert!(events.contains(&SyncEvent::OthersRevoked), "{events:?}");
    let refused = this.lost.vault.sync(|_| {}).await.unwrap_err();
    assert!(is_refused(&refused, Refusal::Revoked), "{refused}");
    new.withdraw(grant).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_brings_the_records_along_and_its_grants_go_on_on_a_device_of_its_own() {
    let mut this = stage(908).await;
    let grant = this.granted(Receipts, "brand").await;
    let (backup, path) = (this.world.place("a.backup"), this.world.place("new.vault"));
    let go_on = &mut |_| std::ops::ControlFlow::Continue(());
    this.lost.vault.back_up(&backup, go_on).unwrap();
    let later = this.granted(Health, "metric").await;
    let (address, pin) = (this.world.address(), this.world.pin());
    let (lost, dice) = (&this.lost, &mut this.world.dice);
    let new = lost.recover_with_backup(&backup, &path, dice, &this.code, (&address, pin));
    let new = new.await.unwrap();
    new.sync().await;
    assert_eq!(new.records(Receipts).len(), 2);
    assert!(
        !new.vault.grant(grant).unwrap().keyless,
        "its key is in the backup"
    );
    assert!(new.vault.grant(later).unwrap().keyless, "given after the backup");
    let time = this.world.clocks.time();
    new.vault.put(receipt(time, "Initech", "3", "card")).unwrap();
    new.sync().await;
    let read = this.developer.read(&this.subject, Receipts).await;
    assert_eq!(read.records().len(), 3);
    let refused = this.lost.vault.sync(|_| {}).await.unwrap_err();
    assert!(is_refused(&refused, Refusal::Revoked), "{refused}");
    assert_eq!(new.vault.status().unwrap().escrow, EscrowState::Kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_another_vault_is_not_taken_for_the_codes() {
    let mut this = stage(909).await;
    let other = this.world.device().await;
    let (backup, path) = (this.world.place("a.backup"), this.world.place("new.vault"));
    let go_on = &mut |_| std::ops::ControlFlow::Continue(());
    other.vault.back_up(&backup, go_on).unwrap();
    let (address, pin) = (this.world.address(), this.world.pin());
    let dice = &mut this.world.dice;
    let taken = other.recover_with_backup(&backup, &path, dice, &this.code, (&address, pin));
    assert!(matches!(taken.await, Err(Error::OtherVault)));
    this.lost.sync().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_lost_device_decided_offline_is_not_heard() {
    let mut this = stage(907).await;
    let kept = this.granted(Receipts, "brand").await;
    let ask = Ask::for_fields(Health, &["metric"]);
    this.developer.ask(&ask, &this.subject).await;
    let approved_offline = this.lost.approve(|all| all).await;
    let new = this.world.recover(&this.code).await.unwrap();
    new.sync().await;
    assert!(this.lost.vault.sync(|_| {}).await.is_err());
    new.sync().await;
    let known: Vec<_> = new.vault.grants().unwrap().iter().map(|grant| grant.id).collect();
    assert_eq!(known, [kept]);
    assert!(!known.contains(&approved_offline));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_lost_device_agrees_to_before_its_revocation_does_not_go_on_by_itself() {
    let mut this = stage(913).await;
    let new = this.world.recover(&this.code).await.unwrap();
    this.world.clocks.advance_s(60);
    let grant = this.granted(Receipts, "brand").await;
    new.sync().await;
    assert!(new.vault.grant(grant).unwrap().keyless);
    new.vault.allow_collection(Receipts).unwrap();
    let time = this.world.clocks.time();
    new.vault.put(receipt(time, "Initech", "3", "card")).unwrap();
    assert_eq!(new.sync().await.entries, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_for_less_does_not_let_a_grant_of_the_lost_device_go_on() {
    let mut this = stage(914).await;
    let ask = Ask::for_fields(Receipts, &["brand", "payment_method"]);
    this.developer.ask(&ask, &this.subject).await;
    let grant = this.lost.grant(|all| all).await;
    let new = this.world.recover(&this.code).await.unwrap();
    new.sync().await;
    let less = Ask::for_fields(Receipts, &["brand"]).amending(grant);
    this.developer.ask(&less, &this.subject).await;
    new.vault.allow_collection(Receipts).unwrap();
    let time = this.world.clocks.time();
    new.vault.put(receipt(time, "Initech", "3", "card")).unwrap();
    new.sync().await;
    assert_eq!(new.sync().await.entries, 0);
    let read = this.developer.read(&this.subject, Receipts).await;
    assert!(read.records().is_empty(), "what was wider is gone");

    new.vault.resume(grant).unwrap();
    new.sync().await;
    let read = this.developer.read(&this.subject, Receipts).await;
    assert!(read.by_text("brand").contains_key("Initech"), "{:?}", read.json);
}
