//! What becomes of machines and of what they keep: power fails, files are copied, and old copies come back.

use super::super::{
    line::Line,
    owner::Owner,
    world::{ServerCopy, World},
};

const COPIES_MAX: usize = 3;
/// How it is counted that the server's data were set back.
pub(crate) const SET_BACK: &str = "server set back";

impl World {
    /// The server loses power, and starts again.
    pub(crate) fn crash_server(&mut self) {
        self.note("the server crashes".to_owned());
        self.count("server lost power");
        self.reading.clear();
        let kept = self.machine.crash(&mut self.dice);
        self.machine.boot(&kept, &mut self.dice);
        self.plant_in_the_server();
        self.lines.values_mut().for_each(Line::hang_up);
    }

    /// A device loses power, and starts again.
    pub(crate) fn crash_device(&mut self, owner: usize) {
        self.note(format!("{owner} crashes"));
        self.count("device lost power");
        let (copy, unfinished) = self.owners[owner].crash(&mut self.dice);
        self.owners[owner] = Owner::open(copy, unfinished, &self.device_clock, &mut self.dice);
        self.learn_consents(owner);
    }

    pub(super) fn copy_server(&mut self) {
        if self.server_copies.len() < COPIES_MAX {
            self.server_copies.push(ServerCopy {
                kept: self.machine.copied(),
                promises: self.promises.clone(),
                speakers: self.speakers.clone(),
            });
            self.note("the server is copied".to_owned());
        }
    }

    /// The server's data are set back. Its ledger is kept apart; only who sets back both sets it back too.
    pub(super) fn set_server_back(&mut self, with_ledger: bool) {
        if self.server_copies.is_empty() {
            return;
        }
        let copy = self.dice.one_of(&self.server_copies).clone();
        self.note("the server is set back".to_owned());
        self.reading.clear();
        let mut kept = self.machine.crash(&mut self.dice);
        (kept.store, kept.grant_keys) = (copy.kept.store, copy.kept.grant_keys);
        if with_ledger {
            kept.erasures = copy.kept.erasures;
        }
        self.machine.boot(&kept, &mut self.dice);
        self.lines.values_mut().for_each(Line::hang_up);
        self.promises.set_back(&copy.promises, with_ledger);
        self.speakers.set_back(&copy.speakers, with_ledger);
        self.count(SET_BACK);
    }

    /// Somebody puts an old copy of the file in the place of a newer one.
    pub(super) fn set_device_back(&mut self, owner: usize) {
        let transport = self.owners[owner].transport;
        let copies = self.device_copies.iter();
        let own: Vec<_> = copies.filter(|copy| copy.transport == transport).collect();
        if own.is_empty() {
            return;
        }
        let copy = (*self.dice.one_of(&own)).clone();
        // What this copy of the vault has found out is lost with it.
        self.check_the_log_agrees(owner);
        self.note(format!("{owner} is set back"));
        self.owners[owner].crash(&mut self.dice);
        self.owners[owner] = Owner::open(copy, None, &self.device_clock, &mut self.dice);
        self.count("device set back");
    }

    /// Somebody copies the file to another device, and both go on.
    pub(super) fn clone_device(&mut self, owner: usize) {
        let transport = self.owners[owner].transport;
        let copies = self.owners.iter();
        if copies.filter(|copy| copy.transport == transport).count() < 2 {
            let copy = self.owners[owner].copied();
            self.owners
                .push(Owner::open(copy, None, &self.device_clock, &mut self.dice));
            self.note(format!("{owner} is cloned"));
        }
    }
}
