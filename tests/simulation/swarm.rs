//! What can happen in one simulated world. Each world may do only some of it, so that rare things meet
//! often, and calm worlds show what must hold when nothing goes wrong.

use harness::Dice;

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Deed {
    Put,
    Import,
    Edit,
    Delete,
    Ask,
    Agree,
    Refuse,
    Withdraw,
    Pause,
    Resume,
    Narrow,
    Renew,
    Amend,
    Read,
    FinishReading,
    Connect,
    Say,
    Bring,
    Commit,
    Hear,
    Talk,
    Sweep,
    Cut,
    Partition,
    ServerCrash,
    ServerPowerFailsSoon,
    DeviceCrash,
    DevicePowerFailsSoon,
    CopyServer,
    SetServerBack,
    SetServerAndLedgerBack,
    CopyDevice,
    SetDeviceBack,
    CloneDevice,
    WriteCode,
    TakeBack,
    ServerClockJumps,
    DeviceClockJumps,
    TimePasses,
}

use Deed::*;

/// What always can happen, and how often.
const LIFE: &[(Deed, usize)] = &[
    (Put, 24),
    (Import, 2),
    (Edit, 14),
    (Delete, 7),
    (Ask, 10),
    (Agree, 14),
    (Refuse, 1),
    (Withdraw, 5),
    (Pause, 4),
    (Resume, 5),
    (Narrow, 5),
    (Renew, 2),
    (Amend, 3),
    (Read, 16),
    (FinishReading, 8),
    (Connect, 22),
    (Say, 44),
    (Bring, 40),
    (Commit, 40),
    (Hear, 40),
    (Talk, 40),
    (Sweep, 2),
    (TimePasses, 4),
];

/// What may go wrong, and how often if it does in this world.
const TROUBLE: &[(&[(Deed, usize)], usize)] = &[
    (&[(Cut, 10)], 80),
    (&[(Partition, 3)], 40),
    (&[(ServerCrash, 3)], 45),
    (&[(ServerPowerFailsSoon, 5)], 45),
    (&[(DeviceCrash, 3)], 45),
    (&[(DevicePowerFailsSoon, 5)], 45),
    (&[(CopyServer, 4), (SetServerBack, 2)], 20),
    (&[(CopyServer, 4), (SetServerAndLedgerBack, 2)], 15),
    (&[(CopyDevice, 4), (SetDeviceBack, 2)], 25),
    (&[(CloneDevice, 2)], 20),
    (&[(ServerClockJumps, 2)], 15),
    (&[(DeviceClockJumps, 2)], 15),
];

/// How many worlds of a hundred have an owner who loses every device and takes the vault back.
const TAKING_BACK: usize = 20;

/// The deeds of one world.
#[derive(Clone, Debug)]
pub(crate) struct Swarm(Vec<(Deed, usize)>);

impl Swarm {
    /// Any.
    pub(crate) fn any(dice: &mut Dice) -> Self {
        let mut deeds = LIFE.to_vec();
        for (group, likely) in TROUBLE {
            if dice.percent(*likely) {
                deeds.extend_from_slice(group);
            }
        }
        Self(deeds)
    }

    /// What may happen besides in the world of a seed. It has dice of its own, so that the worlds in which it does
    /// not happen are what they were before it could.
    #[must_use]
    pub(crate) fn and_taking_back(self, seed: u64) -> Self {
        match Dice::silent(!seed).percent(TAKING_BACK) {
            true => self.and(&[(WriteCode, 6), (TakeBack, 3)]),
            false => self,
        }
    }

    /// These deeds too.
    #[must_use]
    pub(crate) fn and(mut self, deeds: &[(Deed, usize)]) -> Self {
        self.0.extend_from_slice(deeds);
        self
    }

    /// The next deed.
    pub(crate) fn next(&self, dice: &mut Dice) -> Deed {
        let all: usize = self.0.iter().map(|(_, weight)| weight).sum();
        let mut at = dice.below(all);
        for (deed, weight) in &self.0 {
            match at.checked_sub(*weight) {
                Some(rest) => at = rest,
                None => return *deed,
            }
        }
        Read
    }
}
