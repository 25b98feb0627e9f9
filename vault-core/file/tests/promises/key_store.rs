//! A key store in memory, as a host would bring one.

use std::cell::Cell;

use vault_file::{Key, KeyStoreError, PlatformKeyStore};

/// Wraps by exclusive or with its own key: enough to be the only one that can unwrap.
pub(crate) struct MemoryKeyStore {
    pub(crate) mask: u8,
    /// How long its blobs are.
    pub(crate) blob_bytes: usize,
    /// What it answers instead of doing its work.
    pub(crate) failure: Cell<Option<KeyStoreError>>,
}

impl MemoryKeyStore {
    pub(crate) fn new(mask: u8) -> Self {
        Self {
            mask,
            blob_bytes: 60,
            failure: Cell::new(None),
        }
    }

    fn check(&self) -> Result<(), KeyStoreError> {
        self.failure.get().map_or(Ok(()), Err)
    }
}

impl PlatformKeyStore for MemoryKeyStore {
    fn wrap(&self, key: &Key) -> Result<Vec<u8>, KeyStoreError> {
        self.check()?;
        let mut blob: Vec<u8> = key.as_bytes().iter().map(|byte| byte ^ self.mask).collect();
        blob.resize(self.blob_bytes, self.mask);
        Ok(blob)
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Key, KeyStoreError> {
        self.check()?;
        let sealed = wrapped.first_chunk::<32>().ok_or(KeyStoreError::KeyLost)?;
        if wrapped[32..].iter().any(|byte| *byte != self.mask) {
            return Err(KeyStoreError::KeyLost);
        }
        Ok(Key::new(&sealed.map(|byte| byte ^ self.mask)))
    }
}
