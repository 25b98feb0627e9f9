//! Keys: how they are held, derived and used. No other module names a cryptographic crate.
//!
//! ```text
//! secret ──Argon2id / HKDF / HPKE──▶ slot key ──unwraps──▶ vault key ──▶ header MAC key
//!                                                          ├─unwraps──▶ file key ──▶ keys of pages, page table, commit slots, journal
//!                                                          └─unwraps──▶ root key ──▶ keys for the layers above
//! ```

pub(crate) mod cipher;
pub(crate) mod derive;
pub(crate) mod mac;
mod platform;
pub(crate) mod recovery;
mod recovery_code;
mod secret;
mod stretch;

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

pub(crate) use derive::{
    CommitSlotKey, FileIdentity, JournalKey, PageKey, PageTableKey, file_key_wrapping, header_mac_key,
    root_key_wrapping, slot_keys, subkey,
};
pub use platform::{KeyStoreError, PLATFORM_BLOB_BYTES_MAX, PlatformKeyStore};
pub use recovery_code::{CodeProblem, RecoveryCode, RevealedCode};
pub use secret::{NewSlot, Passphrase, RawKey, Secret};
pub(crate) use stretch::stretch;

use crate::entropy::Entropy;
use crate::error::Fault;

/// Bytes in every symmetric key.
pub(crate) const KEY_BYTES: usize = 32;

/// A key of 32 bytes. It lives on the heap, so that moving it leaves no copy behind, and is wiped when
/// dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Key(Box<[u8; KEY_BYTES]>);

impl Key {
    /// Copies 32 bytes. Wipe the original.
    pub fn new(bytes: &[u8; KEY_BYTES]) -> Self {
        let mut key = Self::zeroed();
        key.as_mut_bytes().copy_from_slice(bytes);
        key
    }

    /// The key itself. Keep copies in memory that is wiped.
    pub fn as_bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    pub(crate) fn zeroed() -> Self {
        Self(Box::new([0; KEY_BYTES]))
    }

    pub(crate) fn random(entropy: &Entropy) -> Result<Self, Fault> {
        let mut key = Self::zeroed();
        entropy.fill(key.as_mut_bytes())?;
        Ok(key)
    }

    pub(crate) fn as_mut_bytes(&mut self) -> &mut [u8; KEY_BYTES] {
        &mut self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}
