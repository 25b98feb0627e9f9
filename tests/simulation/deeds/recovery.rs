//! A device is lost, and its owner takes the vault back with a recovery code. Whoever has the lost one goes on.

use std::rc::Rc;

use vault_core::{Error, Recovery, RecoveryCode, ServerKeyPin, SyncError, wire::frame::Refusal};

use super::super::{
    line::Line,
    owner::{Owner, host},
    revocation::Speakers,
    world::World,
};

const CODES_MAX: usize = 2;
/// Rounds after which a question that gets no answer is given up.
const ROUNDS_MAX: usize = 12;

impl World {
    /// An owner writes down a recovery code. What it needs goes to the server with the next session.
    pub(super) fn write_down_a_code(&mut self, owner: usize) {
        if self.codes.len() >= CODES_MAX || self.is_lost(owner) {
            return;
        }
        let holds = self.owners[owner].holds.clone();
        let code = self.owners[owner].change(holds, Vec::new(), |vault| vault.create_recovery_code());
        if let Some((_, code)) = code {
            self.codes.push(Rc::new(code));
            self.note(format!("{owner} writes down code {}", self.codes.len()));
        }
    }

    /// Every device is lost. On a new one, a code brings the vault back, if the server has what it needs and answers.
    pub(super) fn take_back(&mut self) {
        if self.codes.is_empty() || self.stays.is_some() || self.is_partitioned {
            return;
        }
        let code = Rc::clone(self.dice.one_of(&self.codes));
        let host = host(&self.device_clock, &mut self.dice);
        let pin = ServerKeyPin(self.machine.server().tls().fingerprint());
        let mut recovery = Recovery::begin(&code, pin, &host);
        self.note("a new device asks with a code".to_owned());
        if !self.ask_with(&mut recovery) {
            return;
        }
        let Some(owner) = Owner::recovered(&recovery, host, &mut self.dice) else {
            self.note("the new device crashes before it has the vault".to_owned());
            return self.count("new device lost power");
        };
        self.stays = Some(owner.transport);
        self.owners.push(owner);
        self.note(format!("{} takes the vault back", self.owners.len() - 1));
        self.count("vault taken back");
    }

    /// Asks the server for what lies there for a code. Whether it was found.
    fn ask_with(&mut self, recovery: &mut Recovery<'_>) -> bool {
        let number = self.next_line();
        let stream = self.machine.accept(recovery.device());
        let line = Line::new(self.owners.len(), recovery.device(), stream);
        self.lines.insert(number, line);
        let is_found = self.ask_on(number, recovery);
        self.lines.remove(&number);
        is_found
    }

    fn ask_on(&mut self, number: usize, recovery: &mut Recovery<'_>) -> bool {
        // What is kept while it asks, it may have missed.
        let before = self.speakers.clone();
        for _ in 0..ROUNDS_MAX {
            if let Some(bytes) = recovery.say() {
                self.send(number, &bytes);
            }
            match self.dice.below(60) {
                0 => self.crash_server(),
                1 => self.lines.get_mut(&number).expect("its line").hang_up(),
                _ => {}
            }
            self.bring(number, usize::MAX);
            self.commit();
            let line = self.lines.get_mut(&number).expect("its line");
            if line.homeward.is_empty() && !line.is_held_by_server() {
                self.count("code not answered");
                return false;
            }
            let bytes = std::mem::take(&mut line.homeward);
            if let Err(error) = recovery.hear(&bytes) {
                return self.is_refused_rightly((number, &before), &error);
            }
            if recovery.has_found() {
                return true;
            }
        }
        // That nothing lies there for a code is said a second late, which is never over here.
        self.nothing_found(number, &before)
    }

    fn is_refused_rightly(&mut self, (number, before): (usize, &Speakers), error: &Error) -> bool {
        match error {
            Error::Sync(SyncError::Refused(Refusal::NothingToRecover)) => self.nothing_found(number, before),
            Error::Sync(SyncError::Refused(Refusal::Unavailable)) => false,
            error => self.wrong(&format!("a code is answered by: {error}")),
        }
    }

    fn nothing_found(&mut self, number: usize, before: &Speakers) -> bool {
        let key = self.lines[&number].recovers_with.expect("it began with RECOVER");
        if before.must_know(key, &self.claims) && !self.server_was_set_back() {
            self.wrong("a code brings nothing back, and the server said that it keeps its escrow");
        }
        self.count("code brought nothing back");
        false
    }

    /// Whether the vault was taken back from this device.
    pub(crate) fn is_lost(&self, owner: usize) -> bool {
        self.stays
            .is_some_and(|stays| self.owners[owner].transport != stays)
    }
}

/// A code as its owner keeps it.
pub(crate) type Paper = Rc<RecoveryCode>;
