//! What can happen, and what comes of it.

use super::{Budget, Flaw, GIVEN, NARROWED, NARROWER, Said, Session, Slot, WITHDRAWN, World};

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

    pub(super) fn hang_up(&mut self, at: usize) {
        self.sessions[at] = Session::Off;
        self.said[at].clear();
        self.answers[at].clear();
    }
}

impl Session {
    pub(super) const fn has_compared(self) -> bool {
        matches!(
            self,
            Self::Greeting { compares: true } | Self::On { compares: true, .. }
        )
    }
}
