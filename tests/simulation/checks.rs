//! What must hold: of every answer that a developer gets, of every withdrawal, and of everything once the
//! world is quiet.

use std::collections::BTreeSet;

use sync_server::service::{
    holdings::holdings,
    read::{Content, ReadAnswer, ReadError, ReadQuery, read},
};
use vault_core::{
    Category, GrantId, GrantState, Value,
    wire::{
        frame::Event,
        id::CallId,
        purpose::Purpose,
        terms::{Duration, Terms},
    },
};

use super::{
    content::{CATEGORIES, Shown, Version},
    deeds::PURPOSES,
    owner::Word,
    planted::Planted,
    promises::Promises,
    world::World,
};

/// Sessions after which a device must be done.
const SESSIONS_MAX: usize = 6;
const PAGE: u32 = 200;
/// Sweeps after which nothing is left of what was erased.
const SWEEPS: usize = 4;

impl World {
    /// A developer reads something.
    pub(crate) fn read_anything(&mut self) {
        let app = self.dice.below(self.apps.len());
        let (category, ..) = *self.dice.one_of(&CATEGORIES);
        let purpose = *self.dice.one_of(&PURPOSES);
        if let Some(Ok(answer)) = self.read(app, category, purpose) {
            self.answered.insert(answer.read_id);
            if self.dice.percent(20) {
                self.reading.push((answer.grant, answer.guard));
            }
        }
    }

    /// A developer reads a category. Whatever is answered must be consented to, and all that the server
    /// promised to hold. None if the server crashed meanwhile.
    fn read(
        &mut self,
        app: usize,
        category: Category,
        purpose: Purpose,
    ) -> Option<Result<ReadAnswer, ReadError>> {
        let query = ReadQuery {
            subject: self.apps[app].subject,
            category,
            purpose: Some(purpose),
            from: None,
            to: None,
            updated_since: None,
            fields: None,
            after: None,
            limit: PAGE,
        };
        for owner in 0..self.owners.len() {
            self.learn_consents(owner);
        }
        let before = self.promises.clone();
        let (server, caller) = (self.machine.server().clone(), self.apps[app].caller.clone());
        let answer = self.machine.call(read(&server, &caller, query, CallId([1; 16])));
        drop(server);
        let Some(answer) = answer else {
            self.crash_server();
            return None;
        };
        self.machine.turn();
        self.collect();
        match &answer {
            Ok(answer) => {
                self.note(format!(
                    "{app} reads {category} under {}: {}",
                    answer.grant,
                    answer.records.len()
                ));
                self.count("read answered");
                self.check_answer(&before, app, category, purpose, answer);
            }
            Err(ReadError::ConsentRequired { .. }) => self.count("read refused"),
            Err(error) => self.wrong(&format!("a read fails: {error}")),
        }
        Some(answer)
    }

    fn check_answer(
        &self,
        before: &Promises,
        app: usize,
        category: Category,
        purpose: Purpose,
        answer: &ReadAnswer,
    ) {
        let Some(consent) = self.consents.get(&answer.grant) else {
            self.wrong(&format!("{} is served, and nobody agreed to it", answer.grant));
        };
        if consent.app != self.apps[app].caller.app || consent.terms[0].purpose != purpose {
            self.wrong(&format!(
                "{} is served to somebody else or for something else",
                answer.grant
            ));
        }
        if let Some(why) = before.forbids(answer.grant) {
            self.wrong(&format!("{} is served after {why}", answer.grant));
        }
        let is_over =
            |terms: &Terms| matches!(terms.duration, Duration::TimeBound(end) if end <= self.server_now());
        if consent.terms.iter().all(is_over) {
            self.wrong(&format!("{} is served after its end", answer.grant));
        }
        for record in &answer.records {
            let seen = (category, opened(&record.content).clone());
            let is_consented = |version: &Version| {
                consent
                    .terms
                    .iter()
                    .chain(before.bounds(answer.grant))
                    .any(|terms| version.under(terms).as_ref() == Some(&seen))
                    && before
                        .bounds(answer.grant)
                        .iter()
                        .all(|bound| is_part_of(&seen.1, version, bound))
            };
            if !self.versions.iter().any(is_consented) {
                self.wrong(&format!(
                    "{seen:?} is served under {} and was not consented to",
                    answer.grant
                ));
            }
        }
        if answer.next.is_none() {
            let slots: BTreeSet<_> = answer.records.iter().map(|record| record.slot).collect();
            self.hold(self.promises.served(before, answer.grant, category, &slots));
        }
    }

    /// A withdrawal was acknowledged: no answer of before may still be on its way, unless it is aborted.
    pub(crate) fn check_nobody_reads_on(&mut self, grant: GrantId) {
        let reading = std::mem::take(&mut self.reading);
        for (of, guard) in &reading {
            let aborted = || {
                self.machine.call(async {
                    tokio::select! {
                        biased;
                        () = guard.aborted() => true,
                        () = std::future::ready(()) => false,
                    }
                })
            };
            if *of == grant && aborted() != Some(true) {
                self.wrong(&format!(
                    "the withdrawal of {grant} is acknowledged and it is still being read"
                ));
            }
        }
        self.reading = reading;
    }

    /// The planted mistake that a withdrawal is lost: everything that the server keeps is what it was
    /// before anybody withdrew.
    pub(crate) fn forget_if_planted(&mut self, grant: GrantId) {
        if self.planted != Planted::WithdrawalIsLost {
            return;
        }
        if let Some((copy, _)) = self.server_copies.last().cloned() {
            self.note(format!("the withdrawal of {grant} is lost"));
            self.reading.clear();
            self.machine.crash(&mut self.dice);
            self.machine.boot(&copy, &mut self.dice);
            self.lines.values_mut().for_each(super::line::Line::hang_up);
        }
    }

    /// Lets the world come to rest, and checks that everything is where it belongs.
    pub(crate) fn settle(&mut self) {
        self.note("the world comes to rest".to_owned());
        self.is_partitioned = false;
        self.reading.clear();
        self.machine.power().steady();
        self.hang_up_all();
        for owner in 0..self.owners.len() {
            self.owners[owner].power.steady();
            self.come_to_rest(owner);
            if owner == 0 {
                self.check_reads_are_told();
            }
            self.check_all_that_is_held(owner);
            self.check_the_owner_knows(owner);
        }
    }

    fn come_to_rest(&mut self, owner: usize) {
        for _ in 0..SESSIONS_MAX {
            self.connect(owner);
            let effort = self.run(owner);
            if self.had_two_lives() {
                // What another copy agreed to, or this one before it was set back, the owner must know of now.
                self.owners[owner].adopt_grants();
                self.learn_consents(owner);
            }
            let is_settled = self.owners[owner].talk.is_some();
            self.hang_up_all();
            if is_settled && !self.had_two_lives() {
                // Not only in the end: a device that says that it is done must be.
                self.check_all_that_is_held(owner);
            }
            if effort == 0 && is_settled {
                return;
            }
        }
        self.wrong("a device and its server never agree");
    }

    /// Every grant that is in force shows just what it covers of what the device holds.
    fn check_all_that_is_held(&mut self, owner: usize) {
        for app in 0..self.apps.len() {
            for purpose in PURPOSES {
                for (category, ..) in CATEGORIES {
                    self.check_one_read(owner, app, purpose, category);
                }
            }
        }
        if !self.had_two_lives() && !self.clocks_jumped() {
            self.check_nothing_else_is_held(owner);
        }
    }

    /// The server holds no more than what the grants in force show. A paused grant keeps what it had.
    fn check_nothing_else_is_held(&mut self, owner: usize) {
        if !self.standing(owner, None, GrantState::Paused).is_empty() {
            return;
        }
        let shown_by = |terms| {
            let records = self.owners[owner].holds.records.values();
            records.filter(|version| version.under(terms).is_some()).count() as u64
        };
        let in_force = self.standing(owner, None, GrantState::Active);
        let entries: u64 = in_force.iter().map(|(_, terms)| shown_by(terms)).sum();
        for _ in 0..SWEEPS {
            self.sweep_at_rest();
        }
        let vault = self.owners[owner].vault.status().unwrap().id;
        let held = holdings(self.machine.server(), vault).unwrap();
        if (held.entries, held.unreadable) != (entries, 0) {
            self.wrong(&format!(
                "at rest the server holds {held:?} and should hold {entries} entries"
            ));
        }
    }

    fn check_one_read(&mut self, owner: usize, app: usize, purpose: Purpose, category: Category) {
        let expected = self.expected(owner, app, purpose, category);
        let answer = match self.read(app, category, purpose) {
            None => return,
            // Nothing is read before what another copy said last has come again.
            Some(Err(_)) if expected.iter().all(|(grant, _)| self.promises.awaits(*grant)) => return,
            Some(Err(error)) => self.wrong(&format!("{category} is refused though it is granted: {error}")),
            Some(Ok(answer)) => answer,
        };
        let may_end = |terms: &Terms| matches!(terms.duration, Duration::TimeBound(_));
        if self.clocks_jumped() && self.consents[&answer.grant].terms.iter().any(may_end) {
            // For one of the clocks it is over.
            return;
        }
        let Some((_, shown)) = expected.into_iter().find(|(grant, _)| *grant == answer.grant) else {
            self.wrong(&format!(
                "{} is served and not in force on the device",
                answer.grant
            ));
        };
        let got: Vec<Shown> = answer
            .records
            .into_iter()
            .map(|record| opened(&record.content).clone())
            .collect();
        if told(&got) != told(&shown) {
            let (got, shown) = (told(&got), told(&shown));
            self.wrong(&format!(
                "at rest the server holds of {} for {category}\n{got:#?}\nand should hold\n{shown:#?}",
                answer.grant
            ));
        }
    }

    fn sweep_at_rest(&mut self) {
        let server = self.machine.server().clone();
        self.machine
            .call(sync_server::hosted::sweep(&server))
            .expect("power is on")
            .unwrap();
    }

    fn clocks_jumped(&self) -> bool {
        self.server_now() != self.device_now()
            || ["ServerClockJumps", "DeviceClockJumps"]
                .iter()
                .any(|jump| self.counts.contains_key(*jump))
    }

    /// The grants that stand so on a device and must be at the server, of one application or all.
    fn standing(&self, owner: usize, app: Option<usize>, state: GrantState) -> Vec<(GrantId, Terms)> {
        let later = self.server_now().max(self.device_now());
        let of_app =
            |grant: &&vault_core::Grant| app.is_none_or(|app| grant.app.id == self.apps[app].caller.app);
        let grants = self.owners[owner].vault.grants().unwrap();
        grants
            .iter()
            .filter(of_app)
            .filter(|grant| grant.state == state)
            .filter(|grant| match grant.terms.duration {
                Duration::TimeBound(end) => end > later,
                _ => true,
            })
            .map(|grant| match &self.owners[owner].holds.grants[&grant.id] {
                Word::Agreed { .. } => (grant.id, grant.terms.clone()),
                Word::Withdrew => self.wrong(&format!("{} was withdrawn and is in force", grant.id)),
            })
            .collect()
    }

    fn expected(
        &self,
        owner: usize,
        app: usize,
        purpose: Purpose,
        category: Category,
    ) -> Vec<(GrantId, Vec<Shown>)> {
        let in_force = self.standing(owner, Some(app), GrantState::Active).into_iter();
        in_force
            .filter(|(_, terms)| {
                terms.purpose == purpose && terms.details.iter().any(|detail| detail.category == category)
            })
            .map(|(grant, terms)| {
                let records = self.owners[owner].holds.records.values();
                let shown = records.filter_map(|version| version.under(&terms));
                let shown = shown.filter(|(of, _)| *of == category).map(|(_, shown)| shown);
                (grant, shown.collect())
            })
            .collect()
    }

    /// What the device says of itself is what the owner did, and what became of it has a reason.
    fn check_the_owner_knows(&mut self, owner: usize) {
        let this = &self.owners[owner];
        if let Some(difference) = this.differs_from(&this.holds) {
            self.wrong(&format!(
                "a vault lost or changed something of its own: {difference}"
            ));
        }
        for grant in this.vault.grants().unwrap() {
            let consent = &self.consents[&grant.id];
            let may_end = matches!(grant.terms.duration, Duration::TimeBound(_));
            // To refuse on one copy what was agreed to on another takes it back; and what another grant took the
            // place of on one copy is named as ended, so that a server which was set back tells the others that
            // it is withdrawn (PROTOCOL, section 9), and they say so too.
            let is_replaced = consent.is_amended && self.had_two_lives();
            let is_taken_back = consent.is_withdrawn || is_replaced || self.refused.contains(&grant.request);
            let has_reason = match grant.state {
                GrantState::Active | GrantState::Paused => {
                    let paused = matches!(
                        this.holds.grants.get(&grant.id),
                        Some(Word::Agreed { is_paused: true, .. })
                    );
                    let as_said = paused == (grant.state == GrantState::Paused);
                    !grant.undelivered && (as_said || self.had_two_lives() || self.clocks_jumped())
                }
                GrantState::Superseded => consent.is_amended,
                GrantState::Erased => {
                    // Data set back to before the grant was ever there have nothing to erase.
                    let is_erased = self.promises.is_erased(grant.id) || self.had_two_lives();
                    is_taken_back && is_erased
                }
                GrantState::Withdrawn => is_taken_back,
                GrantState::Expired => may_end || self.clocks_jumped(),
                GrantState::NotAccepted(_) => {
                    consent.is_withdrawn
                        || self.had_two_lives()
                        || self.clocks_jumped()
                        || self.may_have_lapsed()
                        // A later amendment may have closed the request meanwhile.
                        || grant.amends.is_some()
                }
                GrantState::Refused => false,
            };
            if !has_reason {
                self.wrong(&format!("{} is {:?} without a reason", grant.id, grant.state));
            }
        }
    }

    /// Whether so much time has passed that a decision may have come too late.
    fn may_have_lapsed(&self) -> bool {
        let beginning: vault_core::Timestamp = "2026-11-21T08:00:00Z".parse().unwrap();
        self.server_now().ms_since(beginning) > 86_400_000
    }

    /// Every read that was answered is told to the owner.
    fn check_reads_are_told(&self) {
        if self.had_two_lives() {
            return;
        }
        let mut told = BTreeSet::new();
        for activity in self.owners[0].vault.activity(usize::MAX).unwrap() {
            if let Event::Read(receipt) = activity.event {
                told.insert(receipt.id);
            }
        }
        let untold = self.answered.difference(&told).count();
        if untold > 0 {
            self.wrong(&format!("{untold} reads were never told to the owner"));
        }
    }
}

/// Whether terms let all of this be seen of a version.
fn is_part_of(seen: &Shown, version: &Version, terms: &Terms) -> bool {
    let most = version.under(terms).map(|(_, most)| most).unwrap_or_default();
    seen.iter().all(|(field, value)| most.get(field) == Some(value))
}

/// Records in words and in order, to be compared.
fn told(records: &[Shown]) -> Vec<String> {
    let field = |(path, value): (&String, &Value)| match value {
        Value::Text(text) => format!("{path}: {text}"),
        Value::Timestamp(at) => format!("{path}: {at}"),
        _ => format!("{path}: neither a text nor a time"),
    };
    let mut told: Vec<String> = records
        .iter()
        .map(|shown| shown.iter().map(field).collect::<Vec<_>>().join(", "))
        .collect();
    told.sort_unstable();
    told
}

/// What a record shows in delivery `server`.
fn opened(content: &Content) -> &Shown {
    match content {
        Content::Fields(fields) => fields,
        Content::Sealed { .. } => panic!("no grant of a simulation is sealed"),
    }
}
