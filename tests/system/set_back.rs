//! A server whose data was set back, and the device that heals it.

use harness::Linked;
use vault_core::{Category::Receipts, GrantId, GrantState};

/// A vault with two receipts, linked with a developer that has not asked yet.
async fn linked(seed: u64) -> Linked {
    Linked::with_receipts(seed, &["Acme", "Globex"]).await
}

async fn granted(this: &Linked) -> GrantId {
    let grant = this.grant(&["brand"]).await;
    assert_eq!(read(this).await, (200, 2));
    grant
}

async fn read(this: &Linked) -> (u16, usize) {
    let answer = this.read().await;
    let records = if answer.status == 200 {
        answer.records().len()
    } else {
        0
    };
    (answer.status, records)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_set_back_to_before_a_consent_has_the_grant_and_the_data_after_the_next_sync() {
    let mut this = linked(170).await;
    this.world.back_up().await;
    let grant = granted(&this).await;
    // Long enough that no window is open any more.
    this.world.clocks.advance_s(2 * 86_400);
    this.world.set_back().await;
    assert_eq!(read(&this).await.0, 403);
    this.device.sync().await;
    assert_eq!(read(&this).await, (200, 2));
    assert_eq!(this.device.state_of(grant), GrantState::Active);
    assert_eq!(this.device.sync().await.entries, 0, "both sides agree");
    this.device.withdraw(grant).await;
    assert_eq!(read(&this).await.0, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_of_changes_is_restored_as_it_stood() {
    let mut this = linked(171).await;
    this.world.back_up().await;
    let grant = granted(&this).await;
    let without_one = vault_core::wire::terms::TimeRange {
        from: Some(this.world.clocks.time().plus_ms(1)),
        to: None,
    };
    let shown = this.device.vault.grant(grant).unwrap();
    let left = vault_core::Selection::all_of(&shown)
        .within_time(Receipts, without_one)
        .unwrap();
    this.device.vault.narrow(grant, &left).unwrap();
    this.device.vault.pause(grant).unwrap();
    this.device.sync().await;
    this.world.set_back().await;
    this.device.sync().await;
    assert_eq!(read(&this).await.0, 403, "it is paused, as the owner left it");
    this.device.vault.resume(grant).unwrap();
    this.device.sync().await;
    assert_eq!(read(&this).await, (200, 0), "and as narrow");
}

#[tokio::test(flavor = "multi_thread")]
async fn data_and_ledger_set_back_to_before_a_withdrawal_answer_nothing_once_the_device_said_hello() {
    let mut this = linked(172).await;
    let grant = granted(&this).await;
    this.world.back_up().await;
    this.device.withdraw(grant).await;
    this.world.set_back().await;
    assert_eq!(read(&this).await.0, 200, "nothing is left that could know better");
    let report = this.device.sync().await;
    assert_eq!((report.statements, report.entries), (1, 0));
    assert_eq!(read(&this).await.0, 403);
    assert_eq!(this.device.state_of(grant), GrantState::Erased);
    assert_eq!(this.device.vault.erasures().unwrap().len(), 1);
    assert_eq!(this.device.sync().await.statements, 0, "both sides agree");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reader_gets_anything_from_restored_data_after_the_devices_hello() {
    let mut this = linked(173).await;
    let grant = granted(&this).await;
    this.world.back_up().await;
    this.device.withdraw(grant).await;
    this.world.set_back().await;
    let connected = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_connected = std::sync::Arc::clone(&connected);
    let vault = this.device.vault.clone();
    let syncing = tokio::spawn(async move {
        let told = move |event| {
            if event == vault_core::SyncEvent::Connected {
                is_connected.store(true, std::sync::atomic::Ordering::SeqCst);
            }
        };
        vault.sync(told).await.unwrap();
    });
    let (mut before, mut after) = (0, 0);
    while after < 20 {
        let said_hello = connected.load(std::sync::atomic::Ordering::SeqCst);
        let status = read(&this).await.0;
        if said_hello {
            after += 1;
            assert_eq!(status, 403, "a read that began after the welcome");
        } else {
            before += 1;
        }
        assert!(before < 10_000, "the device never connected");
    }
    syncing.await.unwrap();
}
