//! What can be told about a key slot.

use std::fmt;

use crate::kdf::KdfParams;
use crate::keys::{NewSlot, Secret};

/// What opens a key slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SlotKind {
    /// A passphrase.
    Passphrase,
    /// 32 random bytes that a machine keeps.
    RawKey,
    /// The key store of the platform.
    Platform,
    /// A recovery code.
    Recovery,
    /// A kind that this version does not know.
    Unknown(u16),
}

impl SlotKind {
    /// Whether a person holds the secret: it does not vanish with a device.
    pub fn is_human(self) -> bool {
        matches!(self, Self::Passphrase | Self::Recovery)
    }

    pub(crate) fn from_number(number: u16) -> Self {
        match number {
            1 => Self::Passphrase,
            2 => Self::RawKey,
            3 => Self::Platform,
            4 => Self::Recovery,
            number => Self::Unknown(number),
        }
    }

    pub(crate) fn number(self) -> u16 {
        match self {
            Self::Passphrase => 1,
            Self::RawKey => 2,
            Self::Platform => 3,
            Self::Recovery => 4,
            Self::Unknown(number) => number,
        }
    }

    /// The kind of slot that a secret opens.
    pub(crate) fn of_secret(secret: Secret<'_>) -> Self {
        match secret {
            Secret::Passphrase(_) => Self::Passphrase,
            Secret::RawKey(_) => Self::RawKey,
            Secret::Platform(_) => Self::Platform,
            Secret::Recovery(_) => Self::Recovery,
        }
    }

    pub(crate) fn of_new(new: NewSlot<'_>) -> Self {
        match new {
            NewSlot::Passphrase(_) => Self::Passphrase,
            NewSlot::RawKey(_) => Self::RawKey,
            NewSlot::Platform(_) => Self::Platform,
            NewSlot::Recovery { .. } => Self::Recovery,
        }
    }
}

impl fmt::Display for SlotKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passphrase => f.write_str("passphrase"),
            Self::RawKey => f.write_str("raw-key"),
            Self::Platform => f.write_str("platform"),
            Self::Recovery => f.write_str("recovery"),
            Self::Unknown(number) => write!(f, "unknown (number {number})"),
        }
    }
}

/// The identity of a key slot: 8 random bytes, drawn when it is made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotId(pub [u8; 8]);

impl fmt::Display for SlotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SlotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SlotId({self})")
    }
}

/// What an open file tells about one of its key slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotInfo {
    /// The identity of the slot.
    pub id: SlotId,
    /// What opens it.
    pub kind: SlotKind,
    /// The work that its passphrase takes; `None` for other kinds.
    pub kdf: Option<KdfParams>,
    /// What its recovery code vouches for; `None` for other kinds.
    pub identity: Option<[u8; 32]>,
}
