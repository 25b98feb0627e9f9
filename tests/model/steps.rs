//! What can happen, and what comes of it.

use super::{
    Answer, Budget, Device, Flaw, GIVEN, NARROWED, NARROWER, Said, Server, Session, Slot, WIDE, WITHDRAWN,
    World,
};

/// Something that happens. The number names the copy of the vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    Write(usize),
    Delete(usize),
    Narrow(usize),
    Withdraw(usize),
    Connect(usize),
    Say(usize),
    Serve(usize),
    Hear(usize),
    Cut(usize),
    CrashServer,
    /// With the flaw in, what was answered becomes durable only now.
    Flush,
    BackUpServer,
    SetServerBack,
    KeepCopy,
    SetDeviceBack,
    Clone,
}

use Action::*;

impl World {
    pub(super) fn possible(&self, actions: &mut Vec<Action>) {
        let Budget {
            writes,
            cuts,
            crashes,
            rollbacks,
            restores,
            connects,
        } = self.budget;
        for at in 0..2 {
            let Some(device) = &self.devices[at] else { continue };
            if device.statement != WITHDRAWN {
                if writes > 0 {
                    actions.push(Write(at));
                    if device.version.is_some() {
                        actions.push(Delete(at));
                    }
                }
                if device.statement == GIVEN {
                    actions.push(Narrow(at));
                }
                actions.push(Withdraw(at));
            }
            if self.sessions[at] == Session::Off {
                if connects > 0 {
                    actions.push(Connect(at));
                }
            } else if cuts > 0 {
                actions.push(Cut(at));
            }
            if self.next_said(at).is_some() {
                actions.push(Say(at));
            }
            if !self.said[at].is_empty() {
                actions.push(Serve(at));
            }
            if !self.answers[at].is_empty() {
                actions.push(Hear(at));
            }
        }
        if crashes > 0 {
            actions.push(CrashServer);
        }
        if self.durable != self.server {
            actions.push(Flush);
        }
        if rollbacks > 0 {
            actions.push(if self.backup.is_none() {
                BackUpServer
            } else {
                SetServerBack
            });
        }
        if restores > 0 {
            if self.copy.is_none() {
                actions.push(KeepCopy);
            } else {
                actions.push(SetDeviceBack);
                actions.push(Clone);
            }
        }
    }

    pub(super) fn step(&mut self, action: Action, flaw: Flaw) {
        match action {
            Write(at) => self.write(at, |version| Some(version.map_or(1, |version| version + 1))),
            Delete(at) => self.write(at, |_| None),
            Narrow(at) => {
                self.generations += 1;
                let generation = NARROWER + self.generations;
                let device = self.device(at);
                (device.statement, device.generation) = (NARROWED, generation);
                (device.held, device.is_sure) = (Slot::default(), true);
            }
            Withdraw(at) => self.device(at).statement = WITHDRAWN,
            Connect(at) => {
                self.budget.connects -= 1;
                self.hang_up(at);
                let device = *self.device(at);
                self.sessions[at] = Session::Greeting {
                    compares: device.acknowledged > 0,
                };
                self.said[at].push(Said::Hello {
                    statement: device.acknowledged,
                    generation: device.generation,
                    held: device.held,
                    is_sure: device.is_sure,
                    is_ended: device.acknowledged == WITHDRAWN,
                });
            }
            Say(at) => {
                if let Some(said) = self.next_said(at) {
                    self.sessions[at] = Session::On {
                        waits: true,
                        compares: self.sessions[at].has_compared(),
                    };
                    self.said[at].push(said);
                }
            }
            Serve(at) => {
                let said = self.said[at].remove(0);
                self.serve(at, said, flaw);
            }
            Hear(at) => {
                let answer = self.answers[at].remove(0);
                self.hear(at, answer);
            }
            Cut(at) => {
                self.budget.cuts -= 1;
                self.hang_up(at);
            }
            CrashServer => {
                self.budget.crashes -= 1;
                self.server = self.durable;
                (0..2).for_each(|at| self.hang_up(at));
            }
            Flush => self.durable = self.server,
            BackUpServer => self.backup = Some(self.durable),
            SetServerBack => {
                self.budget.rollbacks -= 1;
                let mut back = self.backup.unwrap_or_default();
                if self.ledger {
                    // What the ledger names is over, whatever the data say.
                    back.statement = WITHDRAWN;
                    back.slot = Slot::default();
                }
                (self.server, self.durable) = (back, back);
                self.promised = None;
                self.narrowing_acknowledged = false;
                (0..2).for_each(|at| self.hang_up(at));
            }
            KeepCopy => self.copy = self.devices[0],
            SetDeviceBack => {
                self.budget.restores -= 1;
                self.hang_up(0);
                self.devices[0] = self.copy;
            }
            Clone => {
                self.budget.restores -= 1;
                self.hang_up(1);
                self.devices[1] = self.copy;
            }
        }
    }

    fn device(&mut self, at: usize) -> &mut Device {
        self.devices[at]
            .as_mut()
            .expect("an action of a copy that there is")
    }

    fn write(&mut self, at: usize, to: impl Fn(Option<u8>) -> Option<u8>) {
        self.budget.writes -= 1;
        let device = self.device(at);
        // The two copies never write the same content.
        device.version = to(device.version).map(|version| if at == 1 { version | 8 } else { version });
    }

    fn hang_up(&mut self, at: usize) {
        self.sessions[at] = Session::Off;
        self.said[at].clear();
        self.answers[at].clear();
    }

    /// What a device would say next: statements before entries, and a withdrawal before all else.
    pub(super) fn next_said(&self, at: usize) -> Option<Said> {
        let device = self.devices[at].as_ref()?;
        if !matches!(self.sessions[at], Session::On { waits: false, .. }) {
            return None;
        }
        if device.acknowledged < device.statement {
            let number = if device.statement == WITHDRAWN {
                WITHDRAWN
            } else {
                device.acknowledged + 1
            };
            // The first statement opens the first generation, whatever came later.
            let generation = if number == GIVEN { WIDE } else { device.generation };
            return Some(Said::Statement { number, generation });
        }
        let differs = !device.is_sure || device.held.version != device.version;
        (device.statement != WITHDRAWN && differs).then(|| Said::Entry {
            generation: device.generation,
            slot: Slot {
                rev: device.held.rev + 1,
                version: device.version,
            },
        })
    }

    fn serve(&mut self, at: usize, said: Said, flaw: Flaw) {
        let answer = match said {
            Said::Hello {
                statement,
                generation,
                held,
                is_sure,
                is_ended,
            } => {
                // A newer connection fences the older one of the same vault file.
                self.hang_up(1 - at);
                self.welcome(statement, generation, is_sure.then_some(held), is_ended, flaw)
            }
            Said::Statement { number, generation } => self.state(number, generation, flaw),
            Said::Entry { generation, slot } => self.store(generation, slot, flaw),
        };
        if flaw != Flaw::AckBeforeCommit {
            self.durable = self.server;
        }
        self.answers[at].push(answer);
    }

    fn welcome(
        &mut self,
        statement: u8,
        generation: u8,
        held: Option<Slot>,
        is_ended: bool,
        flaw: Flaw,
    ) -> Answer {
        let server = &mut self.server;
        if is_ended || server.statement == WITHDRAWN {
            server.statement = WITHDRAWN;
            server.slot = Slot::default();
            return Answer::Withdrawn;
        }
        if statement > server.statement {
            return Answer::Stale(server.statement);
        }
        // Of two narrowings, the digest says which one it is; here its generation does.
        let is_another = statement == NARROWED && generation != server.generation;
        if statement < server.statement || (is_another && flaw != Flaw::StatementsAreNotCompared) {
            return Answer::Behind {
                statement: server.statement,
                generation: server.generation,
                slot: server.slot,
            };
        }
        let is_same = generation != server.generation
            || held == Some(server.slot)
            || matches!(
                flaw,
                Flaw::PositionsAreNotCompared | Flaw::RevisionsAreNotCompared
            );
        Answer::Welcome(generation, (!is_same).then_some(server.slot))
    }

    fn state(&mut self, number: u8, generation: u8, flaw: Flaw) -> Answer {
        let server = &mut self.server;
        if number == WITHDRAWN {
            *server = Server {
                statement: WITHDRAWN,
                ..Server::default()
            };
            self.ledger |= flaw != Flaw::NoLedger;
            self.promised = None;
            self.withdrawal_acknowledged = true;
            return Answer::Accepted(WITHDRAWN);
        }
        if server.statement == WITHDRAWN {
            return Answer::Withdrawn;
        }
        if number == server.statement && generation == server.generation {
            return Answer::Accepted(number);
        }
        if number != server.statement + 1 {
            return Answer::OutOfOrder;
        }
        server.statement = number;
        if generation != server.generation {
            server.generation = generation;
            if flaw != Flaw::NarrowingKeepsEntries {
                server.slot = Slot::default();
            }
            self.promised = None;
        }
        self.narrowing_acknowledged |= number == NARROWED;
        Answer::Accepted(number)
    }

    fn store(&mut self, generation: u8, slot: Slot, flaw: Flaw) -> Answer {
        let server = &mut self.server;
        let is_running = matches!(server.statement, GIVEN | NARROWED);
        if !is_running || generation != server.generation {
            return Answer::GrantOver;
        }
        if slot == server.slot {
            return Answer::Stored(generation, slot);
        }
        if slot.rev <= server.slot.rev {
            if flaw != Flaw::RevisionsAreNotCompared {
                return Answer::Rejected(generation, server.slot.rev);
            }
            self.revision_used_twice = true;
        }
        (server.slot, server.sealed) = (slot, generation);
        self.promised = Some((generation, slot));
        Answer::Stored(generation, slot)
    }

    fn hear(&mut self, at: usize, answer: Answer) {
        self.sessions[at] = Session::On {
            waits: false,
            compares: self.sessions[at].has_compared(),
        };
        let device = self.device(at);
        match answer {
            Answer::Welcome(_, None) => {}
            Answer::Welcome(of, Some(_)) if of != device.generation => {}
            Answer::Welcome(_, Some(slot)) => device.learn(slot),
            Answer::Stale(statement) => {
                // Once its statements are there again, both compare what is held.
                device.acknowledged = statement;
                device.is_sure = false;
            }
            Answer::Behind {
                statement,
                generation,
                slot,
            } => {
                device.adopt(statement, generation);
                if device.generation == generation {
                    device.learn(slot);
                }
                self.sessions[at] = Session::On {
                    waits: false,
                    compares: true,
                };
            }
            Answer::Withdrawn => {
                // It says so itself, to hold it against a server that is set back later.
                device.statement = WITHDRAWN;
                device.acknowledged = device.acknowledged.min(NARROWED);
            }
            Answer::Accepted(number) => device.acknowledged = device.acknowledged.max(number),
            Answer::Stored(of, _) | Answer::Rejected(of, _) if of != device.generation => {}
            Answer::Stored(_, slot) => device.learn(slot),
            Answer::Rejected(_, rev) => {
                device.held.rev = rev;
                device.is_sure = false;
            }
            Answer::OutOfOrder | Answer::GrantOver => self.hang_up(at),
        }
    }
}

impl Session {
    const fn has_compared(self) -> bool {
        matches!(
            self,
            Self::Greeting { compares: true } | Self::On { compares: true, .. }
        )
    }
}

impl Device {
    fn learn(&mut self, slot: Slot) {
        self.held = slot;
        self.is_sure = true;
    }

    /// Takes over what another copy said. Its generation has a key that this copy lacks, so that it
    /// narrows once more, to the same terms.
    fn adopt(&mut self, statement: u8, generation: u8) {
        let said_itself =
            self.statement > statement || self.statement == statement && self.generation == generation;
        self.acknowledged = statement;
        if said_itself {
            return;
        }
        self.statement = statement;
        self.generation = generation;
        self.held = Slot::default();
        self.is_sure = false;
    }
}
