//! What must hold once the world is quiet: the server holds what the grants in force show, and nothing else.

use sync_server::{hosted, service::holdings::holdings};
use vault_core::{
    Category, Grant, GrantId, GrantState, Value,
    wire::{
        purpose::Purpose,
        terms::{Duration, Terms},
    },
};

use super::{
    super::{
        content::{CATEGORIES, Shown},
        deeds::PURPOSES,
        owner::Word,
        world::World,
    },
    answers::opened,
};

/// Sessions after which a device must be done.
const SESSIONS_MAX: usize = 6;
/// Sweeps after which nothing is left of what was erased.
const SWEEPS: usize = 4;

impl World {
    /// Lets the world come to rest, and checks that everything is where it belongs.
    pub(crate) fn settle(&mut self) {
        self.note("the world comes to rest".to_owned());
        self.is_partitioned = false;
        self.reading.clear();
        self.machine.power().steady();
        self.hang_up_all();
        // Who took the vault back goes first, so that it is known who else is heard.
        let (lost, mut order): (Vec<_>, Vec<_>) =
            (0..self.owners.len()).partition(|owner| self.is_lost(*owner));
        order.extend(lost);
        for owner in order {
            self.owners[owner].power.steady();
            let device = self.owners[owner].transport;
            let is_revoked = self.speakers.have_revoked(device)
                || (self.may_be_revoked_unanswered(device) && !self.is_listened_to(owner));
            if is_revoked {
                self.check_it_is_sent_away(owner);
                continue;
            }
            self.come_to_rest(owner);
            if owner == 0 {
                self.check_reads_are_told();
            }
            self.check_all_that_is_held(owner);
            self.check_the_owner_knows(owner);
            self.check_the_log_agrees(owner);
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
        if self.owners[owner].vault.grant(answer.grant).unwrap().keyless {
            // What a lost device sent stays until the owner says how the grant goes on.
            return self.count("grant of a lost device read");
        }
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
            .call(hosted::sweep(&server))
            .expect("power is on")
            .unwrap();
    }

    pub(super) fn clocks_jumped(&self) -> bool {
        self.server_now() != self.device_now()
            || ["ServerClockJumps", "DeviceClockJumps"]
                .iter()
                .any(|jump| self.counts.contains_key(*jump))
    }

    /// The grants that stand so on a device and must be at the server, of one application or all.
    fn standing(&self, owner: usize, app: Option<usize>, state: GrantState) -> Vec<(GrantId, Terms)> {
        let later = self.server_now().max(self.device_now());
        let of_app = |grant: &&Grant| app.is_none_or(|app| grant.app.id == self.apps[app].caller.app);
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
