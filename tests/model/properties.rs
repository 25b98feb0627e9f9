//! What must hold in every state (invariants I1, I5 and I7), and what must be possible at all.

use stateright::Property;

use super::{Device, GIVEN, NARROWED, Protocol, Session, Slot, WIDE, WITHDRAWN, World};

pub(super) fn all() -> Vec<Property<Protocol>> {
    vec![
        Property::always(
            "nothing is readable that was not consented to",
            |_, world: &World| {
                world.readable().is_none()
                    || world
                        .devices
                        .iter()
                        .flatten()
                        .any(|device| device.statement >= GIVEN)
            },
        ),
        Property::always(
            "after an acknowledged withdrawal nothing is readable, whatever is set back",
            |_, world: &World| !world.withdrawal_acknowledged || world.readable().is_none(),
        ),
        Property::always("what is acknowledged is held", |_, world: &World| {
            match world.promised {
                Some((generation, slot)) => {
                    let server = world.server;
                    server.generation != generation || server.slot.rev >= slot.rev
                }
                None => true,
            }
        }),
        Property::always("no revision is used twice", |_, world: &World| {
            !world.revision_used_twice
        }),
        Property::always(
            "after an acknowledged narrowing nothing of the wider extent is readable",
            |_, world: &World| {
                !world.narrowing_acknowledged
                    || world.readable().is_none_or(|(generation, _)| generation != WIDE)
            },
        ),
        Property::always(
            "a device that is settled leaves just what it holds",
            |_, world: &World| (0..2).all(|at| !world.is_settled(at) || world.is_just_what(at)),
        ),
        Property::sometimes(
            "possible: a device settles after a narrowing",
            |_, world: &World| {
                (0..2).any(|at| {
                    world.is_settled(at)
                        && world.devices[at].is_some_and(|device| device.acknowledged == NARROWED)
                })
            },
        ),
        Property::sometimes("possible: two copies meet", |_, world: &World| {
            world.devices[1].is_some_and(|device| device.acknowledged >= GIVEN) && world.is_settled(1)
        }),
    ]
}

impl World {
    /// What a developer can read now, and of which generation.
    pub(crate) fn readable(&self) -> Option<(u8, u8)> {
        let server = self.server;
        let is_running = matches!(server.statement, GIVEN | NARROWED) && !self.ledger;
        let version = server.slot.version.filter(|_| is_running);
        version.map(|version| (server.sealed, version))
    }

    /// Whether both sides have said everything, as far as a device knows, in a session whose HELLO and
    /// WELCOME compared what both hold.
    pub(crate) fn is_settled(&self, at: usize) -> bool {
        self.sessions[at]
            == (Session::On {
                waits: false,
                compares: true,
            })
            && self.said[at].is_empty()
            && self.answers[at].is_empty()
            && self.next_said(at).is_none()
    }

    fn is_just_what(&self, at: usize) -> bool {
        match self.devices[at] {
            Some(Device {
                statement: WITHDRAWN, ..
            }) => self.readable().is_none(),
            Some(device) => {
                let Slot { version, .. } = self.server.slot;
                self.server.statement == device.statement
                    && self.server.generation == device.generation
                    && version == device.version
            }
            None => true,
        }
    }
}
