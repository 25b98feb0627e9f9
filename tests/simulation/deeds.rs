//! What people do, and what goes wrong.

use sync_server::{
    hosted,
    service::request_consent::{NewRequest, RequestError, request_consent},
};
use vault_core::{
    Category, Grant, GrantId, GrantState, RequestState, Selection,
    wire::{
        purpose::Purpose,
        request::Wording,
        terms::{Delivery, Duration, Terms, TimeRange},
    },
};

use super::{
    content::{Version, any_details, any_moment, shows_no_more},
    owner::{Holds, Owner, Word},
    swarm::Deed,
    world::World,
};

/// The purposes that developers have.
pub(crate) const PURPOSES: [Purpose; 2] = [Purpose::Recommendations, Purpose::Loyalty];
/// More than a developer's page holds would hide what is missing.
const RECORDS_MAX: usize = 150;
const COPIES_MAX: usize = 3;

impl World {
    /// Does one thing.
    pub(crate) fn happen(&mut self, deed: Deed) {
        self.count(&format!("{deed:?}"));
        // No two things happen in the same moment.
        self.server_clock.advance_ms(1);
        self.device_clock.advance_ms(1);
        let owner = self.dice.below(self.owners.len());
        match deed {
            Deed::Put => {
                let count = 1 + self.dice.below(3);
                self.put(owner, count);
            }
            Deed::Import => {
                let count = 10 + self.dice.below(40);
                self.put(owner, count);
            }
            Deed::Edit => self.edit(owner),
            Deed::Delete => self.delete(owner),
            Deed::Ask => self.ask(),
            Deed::Agree => self.agree(owner),
            Deed::Refuse => self.refuse(owner),
            Deed::Withdraw => self.withdraw(owner),
            Deed::Pause => self.pause(owner),
            Deed::Resume => self.resume(owner),
            Deed::Narrow => self.narrow(owner),
            Deed::Renew => self.renew(owner),
            Deed::Amend => self.amend(),
            Deed::Read => self.read_anything(),
            Deed::FinishReading => self.reading.clear(),
            Deed::Connect => self.connect(owner),
            Deed::Say => {
                let frames = 1 + self.dice.below(4);
                self.say(owner, frames);
            }
            Deed::Bring => self.bring_something(),
            Deed::Commit => self.commit(),
            Deed::Hear => {
                let count = if self.dice.percent(30) {
                    1 + self.dice.below(200)
                } else {
                    usize::MAX
                };
                if !self.is_partitioned {
                    self.hear(owner, count);
                }
            }
            Deed::Talk => self.talk(owner),
            Deed::Sweep => self.sweep(),
            Deed::Cut => self.cut(),
            Deed::Partition => self.is_partitioned = !self.is_partitioned,
            Deed::ServerCrash => self.crash_server(),
            Deed::ServerPowerFailsSoon => {
                let (syncs, reaches) = (self.dice.below(24) as u64, self.dice.percent(50));
                self.machine.power().fail_at(syncs, reaches);
            }
            Deed::DeviceCrash => self.crash_device(owner),
            Deed::DevicePowerFailsSoon => {
                let (syncs, reaches) = (self.dice.below(24) as u64, self.dice.percent(50));
                self.owners[owner].power.fail_at(syncs, reaches);
            }
            Deed::CopyServer => self.copy_server(),
            Deed::SetServerBack => self.set_server_back(false),
            Deed::SetServerAndLedgerBack => self.set_server_back(true),
            Deed::CopyDevice => {
                let copy = self.owners[owner].copied();
                self.device_copies.push(copy);
                self.note(format!("{owner} is copied"));
            }
            Deed::SetDeviceBack => self.set_device_back(owner),
            Deed::CloneDevice => self.clone_device(owner),
            Deed::ServerClockJumps => {
                let ms = self.jump();
                self.note(format!("the server's clock jumps by {ms} ms"));
                self.server_clock.advance_ms(ms);
            }
            Deed::DeviceClockJumps => {
                let ms = self.jump();
                self.note(format!("the devices' clock jumps by {ms} ms"));
                self.device_clock.advance_ms(ms);
            }
            Deed::TimePasses => {
                let ms = 1 + i64::try_from(self.dice.below(3_600_000)).unwrap();
                self.server_clock.advance_ms(ms);
                self.device_clock.advance_ms(ms);
            }
        }
        if self.machine.power().is_dark() {
            self.crash_server();
        }
        for owner in 0..self.owners.len() {
            if self.owners[owner].power.is_dark() {
                self.crash_device(owner);
            }
        }
    }

    /// A session goes on for a while without anything that disturbs it.
    fn talk(&mut self, owner: usize) {
        for _ in 0..1 + self.dice.below(6) {
            let Some((_, line)) = &self.owners[owner].talk else {
                return;
            };
            let line = *line;
            if self.is_partitioned {
                return;
            }
            self.say(owner, 4);
            self.bring(line, usize::MAX);
            self.commit();
            self.hear(owner, usize::MAX);
        }
    }

    fn jump(&mut self) -> i64 {
        let hours = *self.dice.one_of(&[1, 2, 26, 24 * 8]);
        if self.dice.percent(40) {
            -hours * 3_600_000
        } else {
            hours * 3_600_000
        }
    }

    /// Puts records.
    pub(crate) fn put(&mut self, owner: usize, count: usize) {
        if self.owners[owner].holds.records.len() + count > RECORDS_MAX {
            return;
        }
        let new: Vec<Version> = (0..count)
            .map(|_| {
                let version = Version::new(&mut self.dice, self.versions.len());
                self.versions.push(version.clone());
                version
            })
            .collect();
        let holds = self.owners[owner].holds.clone();
        let records = new.iter().map(Version::record).collect();
        let ids = self.owners[owner].change(holds, new.clone(), |vault| vault.put_batch(records));
        for (id, version) in ids.into_iter().flatten().zip(new) {
            self.owners[owner].holds.records.insert(id, version);
        }
        self.note(format!(
            "{owner} puts {count}, up to version {}",
            self.versions.len() - 1
        ));
    }

    fn edit(&mut self, owner: usize) {
        let ids: Vec<_> = self.owners[owner].holds.records.keys().copied().collect();
        if ids.is_empty() {
            return;
        }
        let id = *self.dice.one_of(&ids);
        let mut holds = self.owners[owner].holds.clone();
        let next = holds.records[&id].edited(&mut self.dice, self.versions.len());
        self.versions.push(next.clone());
        let record = next.record();
        holds.records.insert(id, next);
        self.owners[owner].change(holds, Vec::new(), |vault| vault.update(id, record));
        self.note(format!("{owner} edits {id}, version {}", self.versions.len() - 1));
    }

    fn delete(&mut self, owner: usize) {
        let ids: Vec<_> = self.owners[owner].holds.records.keys().copied().collect();
        if ids.is_empty() {
            return;
        }
        let id = *self.dice.one_of(&ids);
        let mut holds = self.owners[owner].holds.clone();
        holds.records.remove(&id);
        self.owners[owner].change(holds, Vec::new(), |vault| vault.delete(id));
        self.note(format!("{owner} deletes {id}"));
    }

    /// A developer asks for something.
    pub(crate) fn ask(&mut self) {
        let details = any_details(&mut self.dice);
        if details.is_empty() {
            return;
        }
        let until = self.dice.percent(30);
        let hours = 1 + i64::try_from(self.dice.below(60)).unwrap();
        let terms = Terms {
            purpose: *self.dice.one_of(&PURPOSES),
            details,
            duration: match until {
                true => Duration::TimeBound(self.server_now().plus_ms(hours * 3_600_000)),
                false => Duration::UntilWithdrawn,
            },
            data_life: None,
            frequency: None,
            delivery: Delivery::Server,
        };
        let app = self.dice.below(self.apps.len());
        self.ask_for(app, terms, None);
    }

    /// A developer asks to change a grant that it has.
    fn amend(&mut self) {
        let grants = self.owners[0].vault.grants().unwrap();
        let running: Vec<_> = grants
            .iter()
            .filter(|grant| grant.state == GrantState::Active)
            .collect();
        let details = any_details(&mut self.dice);
        if running.is_empty() || details.is_empty() {
            return;
        }
        let grant = *self.dice.one_of(&running);
        let app = self.apps.iter().position(|app| app.caller.app == grant.app.id);
        let terms = Terms {
            details: if self.dice.percent(70) {
                details
            } else {
                grant.terms.details[..1].to_vec()
            },
            ..grant.terms.clone()
        };
        self.ask_for(app.expect("a known application"), terms, Some(grant.id));
    }

    /// A developer asks for just this.
    pub(crate) fn ask_for(&mut self, app: usize, terms: Terms, amends: Option<GrantId>) {
        let wording = Wording {
            purpose_text: "Suit the offers".to_owned(),
            benefit: "Fewer useless ones".to_owned(),
            recipients: Vec::new(),
            storage_locations: Vec::new(),
            notice: None,
        };
        let app = &self.apps[app];
        let new = NewRequest {
            subject: app.subject,
            terms,
            required: Vec::new(),
            wording,
            amends,
            binding_code: false,
            metadata: None,
        };
        let (server, caller) = (self.machine.server().clone(), app.caller.clone());
        let asked = self.machine.call(request_consent(&server, &caller, new));
        drop(server);
        match asked {
            None => self.crash_server(),
            Some(Ok(_)) => self.note("a developer asks".to_owned()),
            Some(Err(RequestError::RecentlyRefused { .. } | RequestError::PromptBudgetExceeded { .. })) => {
                self.count("not asked: too often");
            }
            // What would be amended ended meanwhile, or the amendment asks for nothing that is possible now.
            Some(Err(_)) if amends.is_some() => self.count("not asked: cannot be amended"),
            Some(Err(error)) => self.wrong(&format!("a developer may not ask: {error}")),
        }
        self.machine.turn();
        self.collect();
    }

    /// An owner agrees to some of what is asked.
    pub(crate) fn agree(&mut self, owner: usize) {
        let Some(asked) = self.open_request(owner) else {
            return;
        };
        let mut selection = Selection::everything(&asked);
        for detail in &asked.terms.details {
            let fields: Vec<&str> = detail.fields.keys().map(String::as_str).collect();
            selection = self.narrower(selection, detail.category, &fields);
        }
        let holds = self.owners[owner].holds.clone();
        let terms = selection.terms().clone();
        if let Some(grant) =
            self.owners[owner].change(holds, Vec::new(), |vault| vault.approve(asked.id, &selection))
        {
            self.owners[owner].holds.grants.insert(
                grant,
                Word::Agreed {
                    bounds: vec![terms],
                    is_paused: false,
                },
            );
            self.note(format!("{owner} agrees to {grant}"));
            self.learn_consents(owner);
        }
    }

    fn narrower(&mut self, selection: Selection, category: Category, fields: &[&str]) -> Selection {
        let mut kept: Vec<&str> = fields.iter().copied().filter(|_| self.dice.percent(75)).collect();
        if kept.is_empty() {
            kept.push(fields[0]);
        }
        let mut selection = selection.only_fields(category, &kept).unwrap();
        if self.dice.percent(20) {
            let (from, to) = (any_moment(&mut self.dice), any_moment(&mut self.dice));
            if from < to {
                let range = TimeRange {
                    from: Some(from),
                    to: Some(to),
                };
                selection = selection.within_time(category, range).unwrap();
            }
        }
        selection
    }

    fn open_request(&mut self, owner: usize) -> Option<vault_core::wire::request::ConsentRequest> {
        let requests = self.owners[owner].vault.requests().unwrap();
        let pending = requests
            .into_iter()
            .filter(|request| request.state == RequestState::Pending);
        let pending: Vec<_> = pending.map(|request| request.request).collect();
        (!pending.is_empty()).then(|| self.dice.one_of(&pending).clone())
    }

    fn refuse(&mut self, owner: usize) {
        let Some(asked) = self.open_request(owner) else {
            return;
        };
        let holds = self.owners[owner].holds.clone();
        self.refused.insert(asked.id);
        self.owners[owner].change(holds, Vec::new(), |vault| vault.reject(asked.id));
        self.note(format!("{owner} refuses"));
    }

    /// An owner takes something back.
    pub(crate) fn withdraw(&mut self, owner: usize) {
        let Some(grant) = self.any_grant(owner, &[GrantState::Active, GrantState::Paused]) else {
            return;
        };
        let grant = grant.id;
        let mut holds = self.owners[owner].holds.clone();
        holds.grants.insert(grant, Word::Withdrew);
        // Whether power lets it become durable or not: from here on nobody may be surprised by it.
        self.consents.get_mut(&grant).expect("a known grant").is_withdrawn = true;
        self.owners[owner].change(holds, Vec::new(), |vault| vault.withdraw(grant));
        self.note(format!("{owner} withdraws {grant}"));
    }

    fn any_grant(&mut self, owner: usize, states: &[GrantState]) -> Option<Grant> {
        let grants = self.owners[owner].vault.grants().unwrap();
        let in_state: Vec<_> = grants
            .into_iter()
            .filter(|grant| states.contains(&grant.state))
            .collect();
        (!in_state.is_empty()).then(|| self.dice.one_of(&in_state).clone())
    }

    fn pause(&mut self, owner: usize) {
        if let Some(grant) = self.any_grant(owner, &[GrantState::Active]) {
            let holds = self.with_pause(owner, grant.id, true);
            self.owners[owner].change(holds, Vec::new(), |vault| vault.pause(grant.id));
            self.note(format!("{owner} pauses {}", grant.id));
        }
    }

    fn resume(&mut self, owner: usize) {
        if let Some(grant) = self.any_grant(owner, &[GrantState::Paused]) {
            let mut holds = self.with_pause(owner, grant.id, false);
            // Who resumes a grant agrees to what it shows, for every copy of the vault. That is more than they
            // agreed to before only if two copies had left nothing together.
            let others = self.owners.iter_mut().map(|owner| &mut owner.holds);
            let others = others.chain(self.device_copies.iter_mut().map(|copy| &mut copy.holds));
            for holds in others.chain([&mut holds]) {
                if let Some(Word::Agreed { bounds, .. }) = holds.grants.get_mut(&grant.id) {
                    bounds.retain(|bound| shows_no_more(&grant.terms, bound));
                }
            }
            self.owners[owner].change(holds, Vec::new(), |vault| vault.resume(grant.id));
            self.note(format!("{owner} resumes {}", grant.id));
        }
    }

    fn with_pause(&self, owner: usize, grant: GrantId, pauses: bool) -> Holds {
        let mut holds = self.owners[owner].holds.clone();
        if let Some(Word::Agreed { is_paused, .. }) = holds.grants.get_mut(&grant) {
            *is_paused = pauses;
        }
        holds
    }

    /// An owner takes some of a grant away.
    pub(crate) fn narrow(&mut self, owner: usize) {
        let Some(grant) = self.any_grant(owner, &[GrantState::Active, GrantState::Paused]) else {
            return;
        };
        let mut selection = Selection::all_of(&grant);
        for detail in &grant.terms.details {
            let fields: Vec<&str> = detail.fields.keys().map(String::as_str).collect();
            selection = self.narrower(selection, detail.category, &fields);
        }
        let mut holds = self.owners[owner].holds.clone();
        if let Some(Word::Agreed { bounds, .. }) = holds.grants.get_mut(&grant.id) {
            bounds.push(selection.terms().clone());
        }
        self.owners[owner].change(holds, Vec::new(), |vault| vault.narrow(grant.id, &selection));
        self.note(format!("{owner} narrows {}", grant.id));
    }

    fn renew(&mut self, owner: usize) {
        if let Some(grant) = self.any_grant(owner, &[GrantState::Active, GrantState::Paused]) {
            let holds = self.owners[owner].holds.clone();
            self.owners[owner].change(holds, Vec::new(), |vault| vault.renew(grant.id, None));
            self.note(format!("{owner} renews {}", grant.id));
        }
    }

    fn bring_something(&mut self) {
        let busy: Vec<usize> = self
            .lines
            .iter()
            .filter(|(_, line)| !line.outward.is_empty())
            .map(|(number, _)| *number)
            .collect();
        if busy.is_empty() || self.is_partitioned {
            return;
        }
        let line = *self.dice.one_of(&busy);
        let count = if self.dice.percent(30) {
            1 + self.dice.below(400)
        } else {
            usize::MAX
        };
        self.bring(line, count);
    }

    fn sweep(&mut self) {
        let server = self.machine.server().clone();
        let swept = self.machine.call(hosted::sweep(&server));
        drop(server);
        match swept {
            None => self.crash_server(),
            Some(Ok(())) => self.collect(),
            Some(Err(error)) => self.wrong(&format!("the sweep fails: {error}")),
        }
    }

    /// A connection breaks: for both ends, or for one of them first.
    fn cut(&mut self) {
        let numbers: Vec<usize> = self.lines.keys().copied().collect();
        if numbers.is_empty() {
            return;
        }
        let number = *self.dice.one_of(&numbers);
        let owner = self.lines[&number].owner;
        let is_spoken_on = self
            .owners
            .get(owner)
            .and_then(|owner| owner.talk.as_ref())
            .is_some_and(|(_, on)| *on == number);
        if is_spoken_on && self.dice.percent(70) {
            self.leave(owner);
        }
        let is_spoken_on = self
            .owners
            .get(owner)
            .and_then(|owner| owner.talk.as_ref())
            .is_some_and(|(_, on)| *on == number);
        if self.dice.percent(70) {
            let line = self.lines.get_mut(&number).expect("a line");
            line.hang_up();
            if !is_spoken_on {
                self.lines.remove(&number);
            }
            self.machine.turn();
        }
        self.note(format!("line {number} is cut"));
    }

    /// The server loses power, and starts again.
    pub(crate) fn crash_server(&mut self) {
        self.note("the server crashes".to_owned());
        self.count("server lost power");
        self.reading.clear();
        let kept = self.machine.crash(&mut self.dice);
        self.machine.boot(&kept, &mut self.dice);
        self.plant_in_the_server();
        self.lines.values_mut().for_each(super::line::Line::hang_up);
    }

    /// A device loses power, and starts again.
    pub(crate) fn crash_device(&mut self, owner: usize) {
        self.note(format!("{owner} crashes"));
        self.count("device lost power");
        let (copy, unfinished) = self.owners[owner].crash(&mut self.dice);
        self.owners[owner] = Owner::open(copy, unfinished, &self.device_clock, &mut self.dice);
        self.learn_consents(owner);
    }

    fn copy_server(&mut self) {
        if self.server_copies.len() < COPIES_MAX {
            self.server_copies
                .push((self.machine.copied(), self.promises.clone()));
            self.note("the server is copied".to_owned());
        }
    }

    /// The server's data are set back. Its ledger is kept apart; only who sets back both sets it back too.
    fn set_server_back(&mut self, with_ledger: bool) {
        if self.server_copies.is_empty() {
            return;
        }
        let (copy, promises) = self.dice.one_of(&self.server_copies).clone();
        self.note("the server is set back".to_owned());
        self.reading.clear();
        let mut kept = self.machine.crash(&mut self.dice);
        (kept.store, kept.grant_keys) = (copy.store, copy.grant_keys);
        if with_ledger {
            kept.erasures = copy.erasures;
        }
        self.machine.boot(&kept, &mut self.dice);
        self.lines.values_mut().for_each(super::line::Line::hang_up);
        self.promises.set_back(&promises, with_ledger);
        self.count("server set back");
    }

    /// Somebody puts an old copy of the file in the place of a newer one.
    fn set_device_back(&mut self, owner: usize) {
        if self.device_copies.is_empty() {
            return;
        }
        let copy = self.dice.one_of(&self.device_copies).clone();
        self.note(format!("{owner} is set back"));
        self.owners[owner].crash(&mut self.dice);
        self.owners[owner] = Owner::open(copy, None, &self.device_clock, &mut self.dice);
        self.count("device set back");
    }

    /// Somebody copies the file to another device, and both go on.
    fn clone_device(&mut self, owner: usize) {
        if self.owners.len() < 2 {
            let copy = self.owners[owner].copied();
            self.owners
                .push(Owner::open(copy, None, &self.device_clock, &mut self.dice));
            self.note(format!("{owner} is cloned"));
        }
    }
}
