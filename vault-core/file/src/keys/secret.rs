//! What opens a file.

use std::fmt;

use zeroize::Zeroizing;

use super::{Key, PlatformKeyStore, RecoveryCode};
use crate::error::Error;

/// A passphrase that a person remembers. It is wiped when dropped and never printed.
///
/// The bytes are used as they are: a host that accepts typed text should normalise it (Unicode NFC) first,
/// so that two keyboards give the same bytes.
pub struct Passphrase(Zeroizing<Vec<u8>>);

impl Passphrase {
    /// Takes over a passphrase.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] if it is empty.
    pub fn new(passphrase: impl Into<Vec<u8>>) -> Result<Self, Error> {
        let passphrase = Zeroizing::new(passphrase.into());
        if passphrase.is_empty() {
            return Err(Error::InvalidInput {
                what: "an empty passphrase",
            });
        }
        Ok(Self(passphrase))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

/// 32 random bytes that a machine keeps. They open a file without any stretching, so they must be random.
pub struct RawKey(Key);

impl RawKey {
    /// Copies a key. Wipe the original.
    pub fn new(bytes: &[u8; 32]) -> Self {
        let mut key = Key::zeroed();
        key.as_mut_bytes().copy_from_slice(bytes);
        Self(key)
    }

    pub(crate) fn key(&self) -> &Key {
        &self.0
    }
}

impl fmt::Debug for RawKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RawKey(..)")
    }
}

/// A key slot to create.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum NewSlot<'a> {
    /// Opened by a passphrase, stretched with [`Options::kdf`](crate::Options::kdf).
    Passphrase(&'a Passphrase),
    /// Opened by a raw key.
    RawKey(&'a RawKey),
    /// Opened by the key store of the platform. Never the only slot.
    Platform(&'a dyn PlatformKeyStore),
    /// Opened by a recovery code.
    Recovery {
        /// The code, drawn for this slot.
        code: &'a RecoveryCode,
        /// What the code shall vouch for, such as the hash of the owner's public key: whoever opens the file
        /// with the code finds it in [`SlotInfo::identity`](crate::SlotInfo::identity), and nobody without
        /// the code can have put another there. Zeros if there is nothing to vouch for.
        identity: [u8; 32],
    },
}

impl fmt::Debug for NewSlot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passphrase(_) => f.write_str("Passphrase(..)"),
            Self::RawKey(_) => f.write_str("RawKey(..)"),
            Self::Platform(_) => f.write_str("Platform(..)"),
            Self::Recovery { .. } => f.write_str("Recovery(..)"),
        }
    }
}

/// A secret to open a file with.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Secret<'a> {
    /// Tried on every passphrase slot.
    Passphrase(&'a Passphrase),
    /// Tried on every raw-key slot.
    RawKey(&'a RawKey),
    /// Tried on every platform slot.
    Platform(&'a dyn PlatformKeyStore),
    /// Tried on every recovery slot.
    Recovery(&'a RecoveryCode),
}

impl fmt::Debug for Secret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passphrase(_) => f.write_str("Passphrase(..)"),
            Self::RawKey(_) => f.write_str("RawKey(..)"),
            Self::Platform(_) => f.write_str("Platform(..)"),
            Self::Recovery(_) => f.write_str("Recovery(..)"),
        }
    }
}
