//! A key sealed under another key: nonce 24 | ciphertext 32 | tag 16.

use crate::entropy::Entropy;
use crate::error::Fault;
use crate::keys::cipher::{Cipher, NONCE_BYTES, TAG_BYTES, Unauthentic};
use crate::keys::{KEY_BYTES, Key};

/// Bytes of a sealed key.
pub(crate) const SEALED_KEY_BYTES: usize = NONCE_BYTES + KEY_BYTES + TAG_BYTES;

/// A key sealed under another key.
#[derive(Clone)]
pub(crate) struct SealedKey {
    nonce: [u8; NONCE_BYTES],
    ciphertext: [u8; KEY_BYTES],
    tag: [u8; TAG_BYTES],
}

impl SealedKey {
    pub(crate) fn seal(key: &Key, wrapping: Key, aad: &[u8], entropy: &Entropy) -> Result<Self, Fault> {
        let nonce = entropy.array()?;
        let mut ciphertext = *key.as_bytes();
        let tag = Cipher::new(wrapping).seal(&nonce, aad, &mut ciphertext)?;
        Ok(Self {
            nonce,
            ciphertext,
            tag,
        })
    }

    pub(crate) fn open(&self, wrapping: Key, aad: &[u8]) -> Result<Key, Unauthentic> {
        let mut key = Key::zeroed();
        key.as_mut_bytes().copy_from_slice(&self.ciphertext);
        Cipher::new(wrapping).open(&self.nonce, aad, key.as_mut_bytes(), &self.tag)?;
        Ok(key)
    }

    pub(crate) fn to_bytes(&self) -> [u8; SEALED_KEY_BYTES] {
        let mut bytes = [0; SEALED_KEY_BYTES];
        let (nonce, rest) = bytes.split_at_mut(NONCE_BYTES);
        let (ciphertext, tag) = rest.split_at_mut(KEY_BYTES);
        nonce.copy_from_slice(&self.nonce);
        ciphertext.copy_from_slice(&self.ciphertext);
        tag.copy_from_slice(&self.tag);
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8; SEALED_KEY_BYTES]) -> Self {
        let mut sealed = Self {
            nonce: [0; NONCE_BYTES],
            ciphertext: [0; KEY_BYTES],
            tag: [0; TAG_BYTES],
        };
        let (nonce, rest) = bytes.split_at(NONCE_BYTES);
        let (ciphertext, tag) = rest.split_at(KEY_BYTES);
        sealed.nonce.copy_from_slice(nonce);
        sealed.ciphertext.copy_from_slice(ciphertext);
        sealed.tag.copy_from_slice(tag);
        sealed
    }
}
