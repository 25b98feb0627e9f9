//! A blocked application gets exactly what an application gets that nobody answers, and one that asks
//! a user who does not exist: byte for byte, but for ids.

use harness::{Answer, Ask, Developer, Device, World};
use vault_core::{
    Category::{self, AppUsage, Browsing, ButtonEvents, Cards, Receipts, Surveys},
    Error, Selection, SyncEvent,
    wire::{frame::Event, request::ConsentRequest},
};

/// When a request lapses, in seconds after it was made.
const EXPIRY_S: i64 = 86_580;
const ASKED: [Category; 6] = [Receipts, Cards, AppUsage, Browsing, Surveys, ButtonEvents];

struct Stage {
    world: World,
    developer: Developer,
    blocking: Device,
    silent: Device,
    /// Who blocks, who does not answer, who does not exist.
    subjects: [String; 3],
}

async fn stage(seed: u64) -> Stage {
    let mut world = World::new(seed).await;
    let developer = world.developer("Shop").await;
    let (blocking, silent) = (world.device().await, world.device().await);
    let subjects = [
        blocking.link(&developer).await,
        silent.link(&developer).await,
        "sub_00000000000000000000000001".to_owned(),
    ];
    blocking.sync().await;
    let met = blocking.vault.apps().unwrap();
    blocking.vault.block_app(met[0].app.id).unwrap();
    Stage {
        world,
        developer,
        blocking,
        silent,
        subjects,
    }
}

/// What an application can tell one answer from another by.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    status: u16,
    headers: Vec<(String, Option<String>)>,
    body: String,
}

impl Seen {
    fn of(answer: &Answer) -> Self {
        let names = ["content-type", "retry-after", "preference-applied", "location"];
        let header = |name: &str| (name.to_owned(), answer.header(name).map(without_ids));
        Self {
            status: answer.status,
            headers: names.map(header).into(),
            body: without_ids(std::str::from_utf8(&answer.bytes).unwrap()),
        }
    }
}

/// A text with every id shortened to its prefix.
fn without_ids(text: &str) -> String {
    let is_digit = |c: char| c.is_ascii_digit() || c.is_ascii_uppercase();
    let mut rest = text;
    let mut out = String::new();
    while let Some(at) = rest.find('_') {
        let (head, tail) = rest.split_at(at + 1);
        out.push_str(head);
        let length = tail.chars().take_while(|c| is_digit(*c)).count();
        rest = if length == 26 { &tail[26..] } else { tail };
    }
    out + rest
}

impl Stage {
    /// Asks all three, and has the same answer from each.
    async fn ask_all(&self, category: Category) -> (Seen, Vec<String>) {
        let field = category.spec().fields[0].path;
        let ask = Ask::for_fields(category, &[field]);
        let mut answers = Vec::new();
        for subject in &self.subjects {
            answers.push(self.developer.ask(&ask, subject).await);
        }
        let ids = answers
            .iter()
            .map(|answer| answer.json["id"].as_str().unwrap_or_default());
        let ids = ids.map(str::to_owned).collect();
        (the_same(&answers), ids)
    }

    async fn look_at(&self, ids: &[String]) -> Seen {
        let mut answers = Vec::new();
        for id in ids {
            answers.push(self.developer.request(id).await);
        }
        the_same(&answers)
    }

    /// Both devices sync as ever, and nobody answers.
    async fn sync_both(&self) {
        self.blocking.sync().await;
        self.silent.sync().await;
    }
}

#[track_caller]
fn the_same(answers: &[Answer]) -> Seen {
    let [blocked, unanswered, unknown] = answers else {
        panic!("three answers")
    };
    let seen = Seen::of(unanswered);
    assert_eq!(Seen::of(blocked), seen, "blocked, and unanswered");
    assert_eq!(Seen::of(unknown), seen, "unknown, and unanswered");
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_cannot_tell_that_it_is_blocked_by_any_answer_at_any_time() {
    let this = stage(910).await;
    let (asked, first) = this.ask_all(Receipts).await;
    assert_eq!(asked.status, 202, "{}", asked.body);
    this.sync_both().await;
    assert!(this.blocking.vault.requests().unwrap().is_empty());
    assert_eq!(this.silent.vault.requests().unwrap().len(), 1);
    let looked = this.look_at(&first).await;
    assert!(looked.body.contains("\"pending\"") && looked.body.contains("\"immediate\""));

    let (again, same) = this.ask_all(Receipts).await;
    assert_eq!(same, first, "the pending one is the answer: {}", again.body);
    for category in ASKED.into_iter().skip(1).take(4) {
        assert_eq!(this.ask_all(category).await.0.status, 202);
    }
    let (too_many, _) = this.ask_all(ButtonEvents).await;
    assert!(too_many.status == 429 && too_many.body.contains("prompt_budget_exceeded"));

    this.world.clocks.advance_s(181);
    this.sync_both().await;
    assert!(this.look_at(&first).await.body.contains("\"extended\""));
    this.world.clocks.advance_s(EXPIRY_S);
    this.sync_both().await;
    let expired = this.look_at(&first).await;
    assert!(expired.body.contains("\"expired\""), "{}", expired.body);
    this.expire().await;
    let (too_soon, _) = this.ask_all(Receipts).await;
    assert!(too_soon.status == 429 && too_soon.body.contains("recently_refused"));
    this.world.clocks.advance_s(3_601);
    assert_eq!(this.ask_all(Receipts).await.0.status, 202);
}

impl Stage {
    /// Waits until the server has noted that the requests lapsed, which starts the cool-down.
    async fn expire(&self) {
        let lapsed = |device: &Device| {
            let activity = device.vault.activity(usize::MAX).unwrap();
            activity
                .iter()
                .filter(|activity| matches!(activity.event, Event::RequestClosed { .. }))
                .count()
        };
        harness::soon("the end of the requests", async {
            while lapsed(&self.silent) < 5 {
                self.silent.sync().await;
            }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_learns_nothing_of_a_block_and_a_connected_device_hears_nothing_of_the_request() {
    let this = stage(911).await;
    let other = this.world.developer("Gym").await;
    let gym = this.blocking.link(&other).await;
    this.blocking.sync().await;
    let mut connected = this.blocking.stay_connected();
    connected
        .hears("the connection", |event| *event == SyncEvent::Connected)
        .await;
    let (_, ids) = this.ask_all(Receipts).await;
    other.ask(&Ask::for_fields(Receipts, &["brand"]), &gym).await;
    let event = connected
        .hears("a notice", |event| matches!(event, SyncEvent::Notice(_)))
        .await;
    let SyncEvent::Notice(notice) = event else {
        unreachable!()
    };
    let Event::Request(delivered) = *notice else {
        panic!("{notice:?}")
    };
    let told = ConsentRequest::from_bytes(&delivered.bytes).unwrap();
    assert_eq!(told.app.display_name, "Gym", "of the first one nothing is told");
    assert_eq!(this.blocking.vault.requests().unwrap().len(), 1);
    connected.stop().await;

    let id = ids[0].parse().unwrap();
    let hidden = this.blocking.vault.request(id).unwrap().request;
    let answer = this.blocking.vault.approve(id, &Selection::everything(&hidden));
    assert!(matches!(answer, Err(Error::AppBlocked)));
    let apps = this.blocking.vault.apps().unwrap();
    let blocked = apps.iter().find(|known| known.blocked_since.is_some()).unwrap();
    assert_eq!(blocked.pending_requests, 0, "what is held back is not counted");
    this.blocking.vault.unblock_app(blocked.app.id).unwrap();
    let granted = this.blocking.vault.approve(id, &Selection::everything(&hidden));
    assert!(granted.is_ok(), "it still waited: {granted:?}");
}
