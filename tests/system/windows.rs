//! The windows of a consent request on an injected clock: 180 seconds, then 24 hours, then ten
//! minutes for a decision that was made in time. Decided by a real vault, asked over real HTTPS.

use std::time::Duration;

use harness::{Answer, Ask, Developer, Device, Forger, Linked, World, soon};
use vault_core::{
    Category::Receipts,
    Error, GrantId, GrantState, RequestState, Selection,
    wire::{
        frame::{StatementOutcome, StatementRefusal},
        request::ConsentRequest,
        statement::Event,
    },
};

/// When a request lapses, in seconds after it was made.
const EXPIRY_S: i64 = 86_580;
const GRANTED: &str = "You can immediately access the data.";
const REJECTED: &str = "You cannot access the data.";
const AWAITING: &str =
    "Consent request sent and awaiting user acceptance. Please check again after 24 hours.";
const UNANSWERED: &str = "Consent request sent. The user has not answered yet.";

struct Stage {
    world: World,
    device: Device,
    developer: Developer,
    subject: String,
    ask: Ask,
}

async fn stage(seed: u64) -> Stage {
    let Linked {
        world,
        device,
        developer,
        subject,
    } = Linked::new(seed).await;
    let ask = Ask::for_fields(Receipts, &["brand"]);
    Stage {
        world,
        device,
        developer,
        subject,
        ask,
    }
}

impl Stage {
    /// Starts a call that is held open, and has the request on the device.
    async fn call_and_wait(&self, prefer: Option<&str>) -> tokio::task::JoinHandle<Answer> {
        let waiting = self.developer.ask_and_wait(&self.ask, &self.subject, prefer);
        soon("the request on the device", async {
            while self.device.pending().is_none() {
                self.device.sync().await;
            }
        })
        .await;
        waiting
    }

    fn approve(&self) -> Result<GrantId, Error> {
        let request = self.device.vault.requests().unwrap().remove(0).request;
        self.device
            .vault
            .approve(request.id, &Selection::everything(&request))
    }

    async fn read_status(&self) -> u16 {
        self.developer.read(&self.subject, Receipts).await.status
    }

    /// Moves the clock second by second until a held call is answered. Returns the answer and the
    /// seconds that it took.
    async fn advance_until(&self, waiting: tokio::task::JoinHandle<Answer>) -> (Answer, i64) {
        let mut seconds = 0;
        soon("the answer to a held call", async {
            while !waiting.is_finished() {
                self.world.clocks.advance_s(1);
                seconds += 1;
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        })
        .await;
        (waiting.await.unwrap(), seconds)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_at_179_seconds_answers_the_call_that_waits() {
    let stage = stage(20).await;
    let waiting = stage.call_and_wait(None).await;
    stage.world.clocks.advance_s(179);
    assert!(!waiting.is_finished());
    stage.approve().unwrap();
    stage.device.sync().await;
    let answer = soon("the answer", waiting).await.unwrap();
    assert_eq!(
        (answer.status, answer.text("status"), answer.text("message")),
        (200, "granted", GRANTED)
    );
    assert_eq!(
        stage.read_status().await,
        200,
        "the next read succeeds without any other call"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_answers_the_call_that_waits_and_the_data_stay_refused() {
    let stage = stage(21).await;
    let waiting = stage.call_and_wait(None).await;
    let request = stage.device.pending().unwrap().request.id;
    stage.device.vault.reject(request).unwrap();
    stage.device.sync().await;
    let answer = soon("the answer", waiting).await.unwrap();
    assert_eq!(
        (answer.status, answer.text("status"), answer.text("message")),
        (200, "rejected", REJECTED)
    );
    let refused = stage.developer.read(&stage.subject, Receipts).await;
    assert_eq!((refused.status, refused.text("message")), (403, harness::REFUSAL));
    let again = stage.developer.ask(&stage.ask, &stage.subject).await;
    assert_eq!((again.status, again.text("code")), (429, "recently_refused"));
    assert!(again.header("retry-after").is_some());
    stage.world.clocks.advance_s(7 * 86_400);
    assert_eq!(stage.developer.ask(&stage.ask, &stage.subject).await.status, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_decision_the_call_ends_after_180_seconds_and_one_at_181_still_counts() {
    let stage = stage(22).await;
    let waiting = stage.call_and_wait(None).await;
    let (answer, seconds) = stage.advance_until(waiting).await;
    assert!(seconds >= 180, "it was answered after {seconds} seconds");
    assert_eq!(
        (answer.status, answer.text("status"), answer.text("message")),
        (202, "pending", AWAITING)
    );
    let location = answer.header("location").unwrap().to_owned();
    assert_eq!(
        location,
        format!("/api/v1/consent-requests/{}", answer.text("id"))
    );
    assert!(answer.header("retry-after").unwrap().parse::<i64>().unwrap() > 86_000);
    stage.world.clocks.advance_s(181 - seconds.min(181));
    stage.approve().unwrap();
    stage.device.sync().await;
    let asked = stage.developer.request(answer.text("id")).await;
    assert_eq!(
        (asked.status, asked.text("status"), asked.text("message")),
        (200, "granted", GRANTED)
    );
    assert_eq!(stage.read_status().await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_waits_as_long_as_it_prefers_and_not_at_all_if_so() {
    let stage = stage(23).await;
    let waiting = stage.call_and_wait(Some("wait=5")).await;
    assert!(!waiting.is_finished());
    let (answer, seconds) = stage.advance_until(waiting).await;
    assert!(
        (5..180).contains(&seconds),
        "it was answered after {seconds} seconds"
    );
    assert_eq!(
        (answer.status, answer.header("preference-applied")),
        (202, Some("wait=5"))
    );
    assert_eq!(
        (answer.text("phase"), answer.text("message")),
        ("immediate", UNANSWERED)
    );
    let at_once = stage.developer.ask(&stage.ask, &stage.subject).await;
    assert_eq!(
        (at_once.status, at_once.header("preference-applied")),
        (202, Some("respond-async"))
    );
    assert_eq!(
        at_once.text("id"),
        answer.text("id"),
        "an identical request is the same one"
    );
    assert_eq!(at_once.json["reused"], true);
    let waiting_again = stage
        .developer
        .ask_and_wait(&stage.ask, &stage.subject, Some("wait=100"));
    stage.approve().unwrap();
    stage.device.sync().await;
    assert_eq!(
        soon("the answer", waiting_again).await.unwrap().text("message"),
        GRANTED
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_instant_answer_is_byte_for_byte_the_sentence_of_the_contract() {
    let stage = stage(24).await;
    let refused = stage.developer.read(&stage.subject, Receipts).await;
    let detail = "\"detail\":\"You don\u{2019}t have permission to access the data. Please request consent from the user.\"";
    let body = String::from_utf8(refused.bytes.clone()).unwrap();
    assert!(
        body.contains(detail) && body.contains(&detail.replace("detail", "message")),
        "{body}"
    );
    assert!(refused.bytes.windows(3).any(|bytes| bytes == [0xe2, 0x80, 0x99]));
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    assert_eq!(refused.header("cache-control"), Some("no-store"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_at_86_579_seconds_is_granted() {
    let stage = stage(25).await;
    let asked = stage.developer.ask(&stage.ask, &stage.subject).await;
    stage.device.sync().await;
    stage.world.clocks.advance_s(EXPIRY_S - 1);
    let grant = stage.approve().unwrap();
    stage.device.sync().await;
    assert_eq!(stage.device.state_of(grant), GrantState::Active);
    assert_eq!(
        stage.developer.request(asked.text("id")).await.text("status"),
        "granted"
    );
    assert_eq!(stage.read_status().await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_at_86_581_seconds_is_refused_on_the_device_and_by_the_server() {
    let mut stage = stage(26).await;
    let asked = stage.developer.ask(&stage.ask, &stage.subject).await;
    stage.device.sync().await;
    let mut forger = Forger::enrolled(&mut stage.world).await;
    let subject = forger.link(&stage.developer).await;
    stage.developer.ask(&stage.ask, &subject).await;
    let delivered = forger.asked().await;
    stage.world.clocks.advance_s(EXPIRY_S + 1);
    assert!(matches!(
        stage.approve(),
        Err(Error::RequestClosed(RequestState::Expired))
    ));
    let statement = forger.approval(&delivered, stage.world.clocks.time());
    let outcome = forger.say(&statement).await;
    assert_eq!(
        outcome,
        StatementOutcome::Refused(StatementRefusal::DecidedTooLate)
    );
    let request = stage.developer.request(asked.text("id")).await;
    assert_eq!((request.status, request.text("status")), (200, "expired"));
    assert_eq!(stage.read_status().await, 403);
    assert_eq!(stage.developer.read(&subject, Receipts).await.status, 403);
    // The process goes on, and so does the owner's inbox.
    stage.device.sync().await;
    assert_eq!(
        stage.device.vault.requests().unwrap()[0].state,
        RequestState::Expired
    );
    stage.world.clocks.advance_s(3_600);
    stage.developer.ask(&stage.ask, &stage.subject).await;
    stage.device.grant(|all| all).await;
    assert_eq!(stage.read_status().await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_made_in_time_may_arrive_300_seconds_after_expiry_but_not_700() {
    for (late_s, in_force) in [(300, true), (700, false)] {
        let stage = stage(27).await;
        let asked = stage.developer.ask(&stage.ask, &stage.subject).await;
        stage.device.sync().await;
        stage.world.clocks.advance_s(EXPIRY_S - 20);
        let grant = stage.approve().unwrap();
        stage.world.clocks.advance_s(20 + late_s);
        let lapsed = stage.developer.request(asked.text("id")).await;
        assert_eq!(lapsed.text("status"), "expired");
        let (_, events) = stage.device.sync_events().await;
        let status = stage.developer.request(asked.text("id")).await;
        if in_force {
            assert_eq!(stage.device.state_of(grant), GrantState::Active);
            assert_eq!(
                (status.text("status"), stage.read_status().await),
                ("granted", 200)
            );
        } else {
            let why = StatementRefusal::ArrivedTooLate;
            assert_eq!(
                stage.device.state_of(grant),
                GrantState::NotAccepted(why),
                "the owner is told"
            );
            assert!(events.contains(&vault_core::SyncEvent::StatementRefused { grant, why }));
            assert_eq!(
                (status.text("status"), stage.read_status().await),
                ("expired", 403)
            );
            assert_eq!(
                stage.device.sync().await.statements,
                0,
                "it is not sent again and again"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_delivered_after_it_lapsed_cannot_be_answered() {
    let mut stage = stage(28).await;
    let mut forger = Forger::enrolled(&mut stage.world).await;
    let subject = forger.link(&stage.developer).await;
    forger.line.hang_up();
    soon("the line to end", forger.line.end()).await;
    let asked = stage.developer.ask(&stage.ask, &subject).await;
    stage.world.clocks.advance_s(EXPIRY_S + 5);
    forger.reconnect(Vec::new()).await;
    let delivered = forger.asked().await;
    let request = ConsentRequest::from_bytes(&delivered.bytes).unwrap();
    let backdated = forger.approval(&delivered, request.created_at.plus_ms(1_000));
    let outcome = forger.say(&backdated).await;
    assert_eq!(outcome, StatementOutcome::Refused(StatementRefusal::NotDelivered));
    let refusal = forger.answer(&delivered, Event::Refused, request.created_at.plus_ms(1_000));
    assert!(matches!(forger.say(&refusal).await, StatementOutcome::Refused(_)));
    assert_eq!(
        stage.developer.request(asked.text("id")).await.text("status"),
        "expired"
    );
}
