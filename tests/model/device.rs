//! What a device says, and what it makes of an answer.

use super::{Answer, Device, GIVEN, NARROWED, Said, Session, Slot, WIDE, WITHDRAWN, World};

impl World {
    pub(super) fn device(&mut self, at: usize) -> &mut Device {
        self.devices[at]
            .as_mut()
            .expect("an action of a copy that there is")
    }

    pub(super) fn write(&mut self, at: usize, to: impl Fn(Option<u8>) -> Option<u8>) {
        self.budget.writes -= 1;
        let device = self.device(at);
        // The two copies never write the same content.
        device.version = to(device.version).map(|version| if at == 1 { version | 8 } else { version });
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

    pub(super) fn hear(&mut self, at: usize, answer: Answer) {
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
