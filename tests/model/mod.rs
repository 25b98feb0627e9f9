//! A formal model of one record under one grant: a device, its restored copy, and a server. Small enough to be
//! explored whole, with every order of writing, sending, answering, crashing, restoring and taking back.
//!
//! It says what the protocol promises (PROTOCOL.md, sections 8 to 10), not how it is written.

mod device;
mod explored;
mod properties;
mod server;
mod steps;

use stateright::{Model, Property};

pub(crate) use steps::Action;

/// How often each thing may happen, so that there is an end to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Budget {
    pub(crate) writes: u8,
    pub(crate) cuts: u8,
    pub(crate) crashes: u8,
    pub(crate) rollbacks: u8,
    pub(crate) restores: u8,
    pub(crate) connects: u8,
}

/// A mistake that is built into the model, to prove that its properties would find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    None,
    /// The server answers a batch before it is durable.
    AckBeforeCommit,
    /// A server welcomes a device without comparing what both think is held.
    PositionsAreNotCompared,
    /// A server takes the number of a statement for the statement.
    StatementsAreNotCompared,
    /// A server takes a revision that was used before, from a device with which it did not compare.
    RevisionsAreNotCompared,
    /// The withdrawal is in the data alone, which a rollback brings back.
    NoLedger,
    /// A narrowing leaves what the old generation held.
    NarrowingKeepsEntries,
}

/// The model, and what is wrong in it.
pub(crate) struct Protocol {
    pub(crate) budget: Budget,
    pub(crate) flaw: Flaw,
}

/// Numbers of the statements: given, narrowed, withdrawn.
pub(crate) const GIVEN: u8 = 1;
pub(crate) const NARROWED: u8 = 2;
pub(crate) const WITHDRAWN: u8 = 3;

/// The generation that a grant begins with, and above which narrowed ones are numbered: no two narrowings
/// share a key.
pub(crate) const WIDE: u8 = 1;
pub(crate) const NARROWER: u8 = 1;

/// What stands in the slot: the version of the record at a revision; none once it is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Slot {
    pub(crate) rev: u8,
    pub(crate) version: Option<u8>,
}

/// What a copy of the vault keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Device {
    pub(crate) version: Option<u8>,
    pub(crate) statement: u8,
    pub(crate) acknowledged: u8,
    pub(crate) generation: u8,
    /// What it knows to be held; nothing is known of the content after a rejection.
    pub(crate) held: Slot,
    pub(crate) is_sure: bool,
}

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Session {
    Off,
    /// HELLO is said, and with it the two sides compare what is held, or not: it names only grants that the
    /// server is known to have accepted.
    Greeting {
        compares: bool,
    },
    On {
        waits: bool,
        compares: bool,
    },
}

/// What the server keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Server {
    pub(crate) statement: u8,
    pub(crate) generation: u8,
    pub(crate) slot: Slot,
    /// The generation that what stands in the slot was sealed in.
    pub(crate) sealed: u8,
}

/// What a device says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Said {
    Hello {
        statement: u8,
        generation: u8,
        held: Slot,
        is_sure: bool,
        is_ended: bool,
    },
    Statement {
        number: u8,
        generation: u8,
    },
    Entry {
        generation: u8,
        slot: Slot,
    },
}

/// What the server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Answer {
    /// Of a generation: all stands as the device said, or this is in the slot.
    Welcome(u8, Option<Slot>),
    Stale(u8),
    /// It has statements that the device did not name, and this is in the slot.
    Behind {
        statement: u8,
        generation: u8,
        slot: Slot,
    },
    Withdrawn,
    Accepted(u8),
    OutOfOrder,
    /// Of a generation: this is in the slot.
    Stored(u8, Slot),
    /// Of a generation: the slot is at this revision.
    Rejected(u8, u8),
    GrantOver,
}

/// Two copies of the vault, one server, and what was promised.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) devices: [Option<Device>; 2],
    pub(crate) sessions: [Session; 2],
    pub(crate) said: [Vec<Said>; 2],
    pub(crate) answers: [Vec<Answer>; 2],
    pub(crate) server: Server,
    /// What is durable of it: all, unless the flaw is in.
    pub(crate) durable: Server,
    pub(crate) ledger: bool,
    pub(crate) backup: Option<Server>,
    pub(crate) copy: Option<Device>,
    pub(crate) budget: Budget,
    /// What the server has acknowledged and not lost by a rollback.
    pub(crate) promised: Option<(u8, Slot)>,
    pub(crate) narrowing_acknowledged: bool,
    pub(crate) withdrawal_acknowledged: bool,
    pub(crate) revision_used_twice: bool,
    /// How many generations were made by narrowings.
    pub(crate) generations: u8,
}

impl Model for Protocol {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let device = Device {
            version: Some(0),
            statement: GIVEN,
            acknowledged: 0,
            generation: WIDE,
            held: Slot::default(),
            is_sure: true,
        };
        vec![World {
            devices: [Some(device), None],
            sessions: [Session::Off; 2],
            said: [Vec::new(), Vec::new()],
            answers: [Vec::new(), Vec::new()],
            server: Server::default(),
            durable: Server::default(),
            ledger: false,
            backup: None,
            copy: None,
            budget: self.budget,
            promised: None,
            narrowing_acknowledged: false,
            withdrawal_acknowledged: false,
            revision_used_twice: false,
            generations: 0,
        }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        world.possible(actions);
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        next.step(action, self.flaw);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}
