//! The key store of a platform, as the host brings it.

use super::Key;

/// The most bytes that a key store may make of 32: TPM and DPAPI blobs fit.
pub const PLATFORM_BLOB_BYTES_MAX: usize = 278;

/// A key store of the platform: Keychain with the Secure Enclave, Android Keystore, DPAPI, a TPM.
///
/// Its slot is a convenience and never the only one: such keys vanish when a fingerprint is added, a phone
/// is replaced or a backup is restored on another device. When the store fails, the host asks for the
/// passphrase or the recovery code; the vault is unharmed.
pub trait PlatformKeyStore {
    /// Wraps a key so that only this store can unwrap it, in at most [`PLATFORM_BLOB_BYTES_MAX`] bytes. A
    /// store that needs more keeps them itself and returns a reference.
    ///
    /// # Errors
    ///
    /// Why the store could not.
    fn wrap(&self, key: &Key) -> Result<Vec<u8>, KeyStoreError>;

    /// Unwraps what [`wrap`](Self::wrap) returned. The bytes come from a file that is not yet
    /// authenticated.
    ///
    /// # Errors
    ///
    /// Why the store could not.
    fn unwrap(&self, wrapped: &[u8]) -> Result<Key, KeyStoreError>;
}

/// Why a key store did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyStoreError {
    /// The store cannot be reached now: the device is locked, or the host runs in the background.
    #[error("it cannot be reached now")]
    Unavailable,
    /// The owner said no, or failed the biometric check.
    #[error("its owner refused")]
    Refused,
    /// The store has lost the key, or never had it: another device, a new fingerprint. Remove the slot.
    #[error("it no longer has the key")]
    KeyLost,
}
