//! Invariant I1 over random histories: whatever an owner and two developers do, in whatever order, an
//! answer holds exactly what a simple model says is covered and synced, and nothing else.

mod model;

use std::collections::{BTreeMap, BTreeSet};

use harness::{Ask, Developer, Device, Dice, World};
use serde_json::Value as Json;
use vault_core::{Category::Receipts, Precision, RecordId, Timestamp, wire::terms::TimeRange};

use model::{Granted, Kept, PLAIN};

const HISTORIES: u64 = 48;
const STEPS: usize = 30;
const PURPOSES: [&str; 2] = ["recommendations", "loyalty"];
const DAY_MS: i64 = 86_400_000;

/// The fields that can be shared less exactly, and how.
const COARSE: [(&str, &[Precision]); 2] = [
    (
        "purchased_at",
        &[
            Precision::Exact,
            Precision::Day,
            Precision::Month,
            Precision::Year,
        ],
    ),
    ("purchase_location.lat", &[Precision::Exact, Precision::Grid100km]),
];

struct History {
    world: World,
    dice: Dice,
    device: Device,
    apps: Vec<(Developer, String)>,
    records: BTreeMap<RecordId, Kept>,
    grants: Vec<Granted>,
    brands: usize,
    log: Vec<String>,
    answered: usize,
    refused: usize,
}

impl History {
    async fn new(seed: u64) -> Self {
        let mut world = World::new(seed).await;
        let device = world.device().await;
        let mut apps = Vec::new();
        for name in ["Shop", "Gym"] {
            let developer = world.developer(name).await;
            let subject = device.link(&developer).await;
            apps.push((developer, subject));
        }
        Self {
            dice: world.dice.split(),
            world,
            device,
            apps,
            records: BTreeMap::new(),
            grants: Vec::new(),
            brands: 0,
            log: Vec::new(),
            answered: 0,
            refused: 0,
        }
    }

    fn now(&self) -> Timestamp {
        self.world.clocks.time()
    }

    fn note(&mut self, step: String) {
        self.log.push(step);
    }

    async fn step(&mut self) {
        match self.dice.below(100) {
            0..20 => self.put(),
            20..30 => self.edit(),
            30..36 => self.delete(),
            36..50 => self.grant().await,
            50..57 => self.withdraw(),
            57..72 => self.sync().await,
            72..80 => self.wait(),
            _ => self.read().await,
        }
    }

    fn put(&mut self) {
        for _ in 0..1 + self.dice.below(4) {
            self.brands += 1;
            let kept = Kept::random(&mut self.dice, self.brands);
            let id = self.device.vault.put(kept.record()).unwrap();
            self.note(format!("put {id} {kept:?}"));
            self.records.insert(id, kept);
        }
    }

    fn any_record(&mut self) -> Option<RecordId> {
        let ids: Vec<_> = self.records.keys().copied().collect();
        (!ids.is_empty()).then(|| *self.dice.one_of(&ids))
    }

    fn edit(&mut self) {
        let Some(id) = self.any_record() else { return };
        let kept = Kept::random(&mut self.dice, self.brands);
        self.device.vault.update(id, kept.record()).unwrap();
        self.note(format!("edit {id} {kept:?}"));
        self.records.insert(id, kept);
    }

    fn delete(&mut self) {
        let Some(id) = self.any_record() else { return };
        self.device.vault.delete(id).unwrap();
        self.note(format!("delete {id}"));
        self.records.remove(&id);
    }

    /// A developer asks for some fields; the owner agrees to some of them, less exactly, for some time.
    async fn grant(&mut self) {
        let app = self.dice.below(self.apps.len());
        let purpose = *self.dice.one_of(&PURPOSES);
        let all: Vec<&str> = PLAIN.into_iter().chain(COARSE.map(|(field, _)| field)).collect();
        let asked: Vec<&str> = all.iter().copied().filter(|_| self.dice.percent(70)).collect();
        if asked.is_empty() {
            return;
        }
        let mut ask = Ask::for_fields(Receipts, &asked).purpose(purpose);
        if self.dice.percent(40) {
            let until = 3_600_000 * i64::try_from(1 + self.dice.below(48)).unwrap();
            ask = ask.until(self.now().plus_ms(until));
        }
        let (developer, subject) = &self.apps[app];
        let answer = developer.ask(&ask, subject).await;
        if answer.status == 200 {
            let known = answer.text("grant_id").to_owned();
            let now = self.now();
            let covering = self
                .grants
                .iter()
                .find(|grant| grant.id.to_string() == known)
                .expect("a known grant");
            assert!(
                covering.is_active(now) && covering.app == app && covering.purpose == purpose,
                "{covering:?}"
            );
            assert!(
                asked
                    .iter()
                    .all(|field| covering.fields.get(*field) == Some(&Precision::Exact)),
                "{covering:?}"
            );
            return;
        }
        assert_eq!(answer.status, 202, "{}", answer.json);
        self.sync().await;
        let mut fields: BTreeMap<String, Precision> = BTreeMap::new();
        for field in asked {
            if self.dice.percent(75) {
                let choice = COARSE
                    .iter()
                    .find(|(coarse, _)| *coarse == field)
                    .map(|(_, choice)| *choice);
                let precision = choice.map_or(Precision::Exact, |choice| *self.dice.one_of(choice));
                fields.insert(field.to_owned(), precision);
            }
        }
        let request = self.device.pending().expect("the request arrived").request;
        if fields.is_empty() {
            // Leaving nothing is refusing, but a refusal would end the history's questions for a week.
            fields.insert(
                request.terms.details[0].fields.keys().next().unwrap().clone(),
                Precision::Exact,
            );
        }
        let time = self.random_range();
        let names: Vec<&str> = fields.keys().map(String::as_str).collect();
        let mut selection = vault_core::Selection::everything(&request)
            .only_fields(Receipts, &names)
            .unwrap();
        for (field, precision) in &fields {
            selection = selection.at_precision(Receipts, field, *precision).unwrap();
        }
        let selection = selection.within_time(Receipts, time).unwrap();
        let id = self.device.vault.approve(request.id, &selection).unwrap();
        let until = ask.until;
        self.note(format!(
            "grant {id} to {app} for {purpose}: {fields:?} {time:?} until {until:?}"
        ));
        self.grants.push(Granted {
            id,
            app,
            purpose,
            fields,
            time,
            until,
            withdrawn: false,
            in_force_since: None,
            withdrawn_at_server: false,
            shown: Vec::new(),
        });
    }

    fn random_range(&mut self) -> TimeRange {
        let year: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut moment = || {
            let day = i64::try_from(self.dice.below(365)).unwrap();
            self.dice.percent(30).then(|| year.plus_ms(day * DAY_MS))
        };
        let (one, other) = (moment(), moment());
        match (one, other) {
            (Some(a), Some(b)) if a == b => TimeRange::default(),
            (Some(a), Some(b)) => TimeRange {
                from: Some(a.min(b)),
                to: Some(a.max(b)),
            },
            (from, to) => TimeRange { from, to },
        }
    }

    fn withdraw(&mut self) {
        let open: Vec<_> = (0..self.grants.len())
            .filter(|at| !self.grants[*at].withdrawn)
            .collect();
        if open.is_empty() {
            return;
        }
        let at = *self.dice.one_of(&open);
        let id = self.grants[at].id;
        self.device.vault.withdraw(id).unwrap();
        self.grants[at].withdrawn = true;
        self.note(format!("withdraw {id}"));
    }

    async fn sync(&mut self) {
        let report = self.device.sync().await;
        assert_eq!(report.rejected, 0, "{:#?}", self.log);
        let now = self.now();
        for grant in &mut self.grants {
            grant.withdrawn_at_server |= grant.withdrawn;
            if grant.withdrawn {
                continue;
            }
            grant.in_force_since = grant.in_force_since.or(Some(now));
            if grant.is_active(now) {
                let shown = self
                    .records
                    .values()
                    .filter_map(|kept| kept.under(&grant.fields, &grant.time));
                grant.shown = shown.collect();
            }
        }
        self.note("sync".to_owned());
    }

    fn wait(&mut self) {
        let seconds = match self.dice.below(3) {
            0 => 1,
            1 => self.dice.below(600),
            _ => self.dice.below(6 * 3_600),
        };
        self.world.clocks.advance_s(i64::try_from(seconds).unwrap());
        self.note(format!("wait {seconds} s"));
    }

    /// A developer reads every page, and gets what the model says: no record more, none less, and of
    /// each exactly the fields that are covered.
    async fn read(&mut self) {
        let app = self.dice.below(self.apps.len());
        let purpose = self.dice.percent(60).then(|| *self.dice.one_of(&PURPOSES));
        let now = self.now();
        let covering: Vec<&Granted> = self
            .grants
            .iter()
            .filter(|grant| grant.app == app && grant.is_active(now))
            .filter(|grant| purpose.is_none_or(|purpose| purpose == grant.purpose))
            .collect();
        let purposes: BTreeSet<_> = covering.iter().map(|grant| grant.purpose).collect();
        let newest = covering
            .iter()
            .max_by_key(|grant| (grant.in_force_since, *grant.id.as_bytes()));
        let expected = match newest {
            None => Err(403),
            Some(_) if purposes.len() > 1 => Err(400),
            Some(newest) => Ok((newest.id, sorted(&newest.shown))),
        };
        let (developer, subject) = &self.apps[app];
        let limit = 1 + self.dice.below(9);
        let got = pages(developer, subject, limit, purpose).await;
        let got = got.map(|(grant, records)| (grant, sorted(&records)));
        let expected = expected.map(|(grant, records)| (grant.to_string(), records));
        assert_eq!(got, expected, "app {app} for {purpose:?} after {:#?}", self.log);
        self.answered += usize::from(got.is_ok());
        self.refused += usize::from(got.is_err());
        self.note(format!(
            "read by {app} for {purpose:?}: {:?}",
            got.map(|(_, records)| records.len())
        ));
    }
}

/// Every page of a read, and the grant that it was made under; or the status that was no page.
async fn pages(
    developer: &Developer,
    subject: &str,
    limit: usize,
    purpose: Option<&str>,
) -> Result<(String, Vec<Json>), u16> {
    let (mut records, mut after) = (Vec::new(), String::new());
    loop {
        let page = developer
            .read_with(subject, Receipts, &format!("?limit={limit}{after}"), purpose)
            .await;
        if page.status != 200 {
            return Err(page.status);
        }
        records.extend(page.records().into_iter().map(|record| record.fields));
        match page.json["next_cursor"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return Ok((page.json["grant"]["id"].as_str().unwrap().to_owned(), records)),
        }
    }
}

fn sorted(records: &[Json]) -> Vec<String> {
    let mut texts: Vec<String> = records.iter().map(Json::to_string).collect();
    texts.sort();
    texts
}

async fn histories(seeds: std::ops::Range<u64>) {
    let (mut answered, mut refused) = (0, 0);
    for seed in seeds {
        let mut history = History::new(seed).await;
        for _ in 0..STEPS {
            history.step().await;
        }
        history.sync().await;
        for _ in 0..4 {
            history.read().await;
        }
        answered += history.answered;
        refused += history.refused;
        history.world.stop().await;
    }
    assert!(
        answered > 20 && refused > 20,
        "{answered} answered and {refused} refused reads say little"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_of_a_random_history_is_what_the_model_says() {
    histories(1_000..1_000 + HISTORIES / 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_of_another_random_history_is_what_the_model_says() {
    histories(2_000..2_000 + HISTORIES / 2).await;
}
