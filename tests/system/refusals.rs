//! Invariant I1: data are served under an active grant and in no other case, every read is told to
//! the owner, and once a withdrawal is acknowledged no read succeeds.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use harness::{Answer, Ask, Developer, Linked, World, receipt, soon};
use vault_core::{
    Category::{self, Health, Receipts},
    GrantState, SyncEvent,
    wire::{frame::Event, id::SubjectId},
};

const READERS: usize = 32;

/// A refusal, once everything that every refusal has in common was checked.
fn refusal(answer: &Answer) -> Vec<u8> {
    assert_eq!(
        (answer.status, answer.text("detail")),
        (403, harness::REFUSAL),
        "{}",
        answer.json
    );
    assert!(answer.json.get("data").is_none());
    answer.bytes_without_call_id()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_reason_to_refuse_gives_the_same_answer_to_the_byte() {
    let mut world = World::new(40).await;
    let (device, other_device) = (world.device().await, world.device().await);
    let now = world.clocks.time();
    device.vault.put(receipt(now, "Acme", "1", "card")).unwrap();
    let (developer, stranger) = (world.developer("Shop").await, world.developer("Stranger").await);
    let subject = device.link(&developer).await;
    let of_stranger = device.link(&stranger).await;
    let of_another = other_device.link(&developer).await;
    let mut refusals = Vec::new();
    let mut refused =
        async |why: &'static str, by: &Developer, whom: &str, category: Category, purpose: Option<&str>| {
            let answer = by.read_with(whom, category, "", purpose).await;
            refusals.push((
                why,
                refusal(&answer),
                answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>(),
            ));
        };
    refused("never asked", &developer, &subject, Receipts, None).await;
    let until = world.clocks.time().plus_ms(3_600_000);
    developer
        .ask(&Ask::for_fields(Receipts, &["brand"]).until(until), &subject)
        .await;
    device.grant(|all| all).await;
    assert_eq!(developer.read(&subject, Receipts).await.status, 200);
    refused("another purpose", &developer, &subject, Receipts, Some("loyalty")).await;
    refused("another category", &developer, &subject, Health, None).await;
    refused("another user", &developer, &of_another, Receipts, None).await;
    refused("another application", &stranger, &of_stranger, Receipts, None).await;
    refused(
        "an id of another application",
        &stranger,
        &subject,
        Receipts,
        None,
    )
    .await;
    let unknown = SubjectId(world.dice.bytes()).to_string();
    refused("a user that does not exist", &developer, &unknown, Receipts, None).await;
    refused("an id that cannot be", &developer, "sub_nobody", Receipts, None).await;
    world.clocks.advance_s(3_600);
    refused("an expired grant", &developer, &subject, Receipts, None).await;
    developer
        .ask(&Ask::for_fields(Receipts, &["brand"]), &subject)
        .await;
    let grant = device.grant(|all| all).await;
    assert_eq!(developer.read(&subject, Receipts).await.status, 200);
    device.withdraw(grant).await;
    refused("a withdrawn grant", &developer, &subject, Receipts, None).await;
    let path = format!("/api/v1/users/{subject}/no-such-category");
    let answer = developer
        .call(harness::Call::get(path).bearer(&developer.token().await))
        .await;
    refusals.push(("no such category", refusal(&answer), refusals[0].2.clone()));
    let (_, expected, headers) = &refusals[0];
    for (why, bytes, with) in &refusals {
        assert_eq!(
            String::from_utf8_lossy(bytes),
            String::from_utf8_lossy(expected),
            "{why}"
        );
        assert_eq!(with, headers, "{why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_ends_with_its_time_and_its_data_with_it() {
    let this = Linked::with_receipts(41, &["Acme"]).await;
    let until = this.world.clocks.time().plus_ms(60_000);
    this.developer
        .ask(&Ask::for_fields(Receipts, &["brand"]).until(until), &this.subject)
        .await;
    let grant = this.device.grant(|all| all).await;
    this.world.clocks.advance_s(59);
    assert_eq!(this.read_status().await, 200);
    this.world.clocks.advance_s(1);
    assert_eq!(this.read_status().await, 403);
    assert_eq!(this.device.state_of(grant), GrantState::Expired);
    this.put("Acme");
    assert_eq!(
        this.device.sync().await.entries,
        0,
        "nothing is sent under a grant that is over"
    );
    soon("the erasure of an expired grant", async {
        while this.held().entries > 0 {
            this.world.clocks.advance_s(1);
            tokio::task::yield_now().await;
        }
    })
    .await;
    this.device.sync().await;
    assert_eq!(
        this.device.state_of(grant),
        GrantState::Expired,
        "the owner did not withdraw it, and is not told so"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_read_is_told_to_the_owner_and_can_be_seen_offline() {
    let mut this = Linked::with_receipts(42, &["Acme"]).await;
    let grant = this.grant(&["brand", "currency"]).await;
    let mut reads = Vec::new();
    for _ in 0..5 {
        let answer = this.read().await;
        reads.insert(0, answer.text("read_id").to_owned());
        // The receipt was durable before the answer left, so the next sync brings it.
        this.device.sync().await;
        assert_eq!(this.device.reads_told(), reads);
    }
    let narrowed = this.read_with("?fields=brand").await;
    assert_eq!(narrowed.status, 200);
    this.world.stop().await;
    assert_eq!(
        this.device.reads_told().len(),
        5,
        "the network is gone, what was told is not"
    );
    this.world.start().await;
    this.device.sync().await;
    let told = this.device.vault.activity(1).unwrap().remove(0);
    let Event::Read(receipt) = told.event else {
        panic!("{:?}", told.event)
    };
    assert_eq!(
        (receipt.id.to_string().as_str(), receipt.grant),
        (narrowed.text("read_id"), grant)
    );
    assert_eq!(
        (receipt.category, receipt.records, receipt.fields),
        (Receipts, 1, vec!["brand".to_owned()])
    );
    assert_eq!(
        (told.app_name.as_deref(), receipt.app),
        (Some("Shop"), this.developer.app)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_reads_are_told_to_the_owner_too() {
    let this = Linked::new(43).await;
    let mut connected = this.device.stay_connected();
    for _ in 0..3 {
        assert_eq!(this.developer.read(&this.subject, Health).await.status, 403);
    }
    this.world.clocks.advance_s(3_600);
    let mut attempts = 0;
    while attempts < 3 {
        let is_refusal = |event: &SyncEvent| matches!(event, SyncEvent::Notice(notice) if matches!(**notice, Event::RefusedReads(_)));
        if let SyncEvent::Notice(notice) = connected.hears("refused reads", is_refusal).await
            && let Event::RefusedReads(refused) = *notice
        {
            assert_eq!((refused.category, refused.app_name.as_str()), (Health, "Shop"));
            attempts += refused.attempts;
        }
        this.world.clocks.advance_s(3_600);
    }
    assert_eq!(attempts, 3);
    connected.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_read_that_starts_after_an_acknowledged_withdrawal_succeeds() {
    for seed in [44, 45, 46] {
        let mut this = Linked::new(seed).await;
        let now = this.world.clocks.time();
        let records = (0..200).map(|n| receipt(now, &format!("brand {n}"), "1", "card"));
        this.device.vault.put_batch(records.collect()).unwrap();
        let grant = this.grant(&["brand"]).await;
        this.developer.token().await;
        let withdrawn = Arc::new(AtomicBool::new(false));
        let readers: Vec<_> = (0..READERS)
            .map(|_| {
                tokio::spawn(read_until_after(
                    this.developer.clone(),
                    this.subject.clone(),
                    Arc::clone(&withdrawn),
                ))
            })
            .collect();
        let mut connected = this.device.stay_connected();
        connected
            .hears("the connection", |event| *event == SyncEvent::Connected)
            .await;
        // Let the readers get going; how far they are does not matter.
        soon("some reads", async {
            while this.device.reads_told().len() < READERS + this.world.dice.below(50) {
                tokio::task::yield_now().await;
            }
        })
        .await;
        this.device.vault.withdraw(grant).unwrap();
        connected
            .hears("the erasure receipt", |event| {
                *event == SyncEvent::Erased { grant }
            })
            .await;
        withdrawn.store(true, Ordering::SeqCst);
        let mut answered = Vec::new();
        for reader in readers {
            answered.extend(soon("a reader", reader).await.unwrap());
        }
        connected.stop().await;
        this.device.sync().await;
        let told = this.device.reads_told();
        assert!(
            answered.len() >= READERS,
            "only {} reads before the withdrawal",
            answered.len()
        );
        assert!(
            answered.iter().all(|read| told.contains(read)),
            "a read without a receipt"
        );
    }
}

/// Reads again and again until three reads that began after the withdrawal were refused. Returns the
/// ids of the reads that succeeded.
async fn read_until_after(developer: Developer, subject: String, withdrawn: Arc<AtomicBool>) -> Vec<String> {
    let (mut answered, mut refused_after) = (Vec::new(), 0);
    while refused_after < 3 {
        let starts_after = withdrawn.load(Ordering::SeqCst);
        let answer = developer.read(&subject, Receipts).await;
        match answer.status {
            200 => {
                assert!(
                    !starts_after,
                    "a read succeeded that began after the withdrawal was acknowledged"
                );
                answered.push(answer.text("read_id").to_owned());
            }
            403 => refused_after += usize::from(starts_after),
            other => panic!("{other}: {}", answer.json),
        }
    }
    answered
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_without_the_scope_reads_nothing_even_with_consent() {
    let mut world = World::new(47).await;
    let device = world.device().await;
    let now = world.clocks.time();
    device.vault.put(receipt(now, "Acme", "1", "card")).unwrap();
    let developer = world
        .developer_with("Shop", &["consent:request", "consent:read", "data:health:read"])
        .await;
    let subject = device.link(&developer).await;
    developer
        .ask(&Ask::for_fields(Receipts, &["brand"]), &subject)
        .await;
    device.grant(|all| all).await;
    let answer = developer.read(&subject, Receipts).await;
    assert_eq!(
        (answer.status, answer.text("code")),
        (403, "insufficient_key_scope")
    );
    device.sync().await;
    assert!(device.reads_told().is_empty());
    let path = format!("/api/v1/users/{subject}/receipts");
    let with_key = developer
        .call(harness::Call::get(&path).bearer(&developer.api_key))
        .await;
    assert_eq!(
        with_key.status, 401,
        "data are read with a session token, not with the key: {}",
        with_key.json
    );
    let without = developer.call(harness::Call::get(&path)).await;
    assert_eq!(
        (without.status, without.text("code")),
        (401, "missing_credentials")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_token_ends_by_itself() {
    let this = Linked::new(48).await;
    let token = this.developer.fresh_token().await;
    let path = format!("/v1/users/{}/receipts", this.subject);
    let read = async || {
        let call = harness::Call::get(&path).bearer(&token);
        this.developer.call(call).await
    };
    assert_eq!(read().await.status, 403);
    this.world.clocks.advance_s(899);
    assert_eq!(read().await.status, 403);
    this.world.clocks.advance_s(1);
    let over = read().await;
    assert_eq!(over.status, 401, "{}", over.json);
    assert!(over.header("www-authenticate").is_some());
}
