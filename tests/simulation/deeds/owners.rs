//! What an owner does on a copy of the vault: keeps records, and decides who may see them.

use vault_core::{
    Category, Grant, GrantId, GrantState, RequestState, Selection,
    wire::{request::ConsentRequest, terms::TimeRange},
};

use super::super::{
    content::{Version, any_moment, shows_no_more},
    owner::{Holds, Word},
    world::World,
};

/// More than a developer's page holds would hide what is missing.
const RECORDS_MAX: usize = 150;

impl World {
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

    pub(super) fn edit(&mut self, owner: usize) {
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

    pub(super) fn delete(&mut self, owner: usize) {
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

    fn open_request(&mut self, owner: usize) -> Option<ConsentRequest> {
        let requests = self.owners[owner].vault.requests().unwrap();
        let pending = requests
            .into_iter()
            .filter(|request| request.state == RequestState::Pending);
        let pending: Vec<_> = pending.map(|request| request.request).collect();
        (!pending.is_empty()).then(|| self.dice.one_of(&pending).clone())
    }

    pub(super) fn refuse(&mut self, owner: usize) {
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
        self.any_grant_that(owner, |grant| states.contains(&grant.state))
    }

    fn any_grant_that(&mut self, owner: usize, is_one: impl Fn(&Grant) -> bool) -> Option<Grant> {
        let mut grants = self.owners[owner].vault.grants().unwrap();
        grants.retain(is_one);
        (!grants.is_empty()).then(|| self.dice.one_of(&grants).clone())
    }

    pub(super) fn pause(&mut self, owner: usize) {
        if let Some(grant) = self.any_grant(owner, &[GrantState::Active]) {
            let holds = self.with_pause(owner, grant.id, true);
            self.owners[owner].change(holds, Vec::new(), |vault| vault.pause(grant.id));
            self.note(format!("{owner} pauses {}", grant.id));
        }
    }

    pub(super) fn resume(&mut self, owner: usize) {
        // One that a lost device left goes on only when its owner says so.
        let waits = |grant: &Grant| grant.state == GrantState::Paused || grant.keyless;
        if let Some(grant) = self.any_grant_that(owner, waits) {
            self.let_go_on(owner, grant.id);
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

    fn let_go_on(&mut self, owner: usize, grant: GrantId) {
        if !self.is_lost(owner) {
            self.let_go_on.insert(grant);
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
        self.let_go_on(owner, grant.id);
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

    pub(super) fn renew(&mut self, owner: usize) {
        if let Some(grant) = self.any_grant(owner, &[GrantState::Active, GrantState::Paused]) {
            let holds = self.owners[owner].holds.clone();
            self.owners[owner].change(holds, Vec::new(), |vault| vault.renew(grant.id, None));
            self.note(format!("{owner} renews {}", grant.id));
        }
    }
}
