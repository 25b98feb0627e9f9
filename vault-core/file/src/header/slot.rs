//! A key slot: the vault key, sealed under one secret.
//!
//! ```text
//!   0  kind u16 (0 = empty) | flags u16 0 | KDF: memory KiB u32 | passes u32 | lanes u32 | zero 16
//!  32  salt 32
//!  64  commitment 32
//!  96  sealed vault key: nonce 24 | ciphertext 32 | tag 16      AAD = label, file id, bytes 0..64
//! 168  zero 88
//! ```

use super::{FileId, SlotKind};
use crate::entropy::Entropy;
use crate::error::{Error, Fault, Part};
use crate::keys::cipher::{Cipher, NONCE_BYTES, TAG_BYTES, Unauthentic};
use crate::keys::{KEY_BYTES, Key, NewSlot, Secret, derive, mac, slot_keys, stretch};
use crate::options::KdfParams;

/// The most slots that a header holds.
pub(crate) const SLOTS_MAX: usize = 8;
/// Bytes of one slot.
pub(crate) const SLOT_BYTES: usize = 256;

const SALT_AT: usize = 32;
const COMMITMENT_AT: usize = 64;
const SEALED_KEY_AT: usize = 96;

/// One slot, as the bytes of the file.
pub(crate) struct KeySlot([u8; SLOT_BYTES]);

impl KeySlot {
    /// Takes a slot from a header; `None` if the entry is empty.
    pub(crate) fn from_bytes(bytes: &[u8; SLOT_BYTES]) -> Option<Self> {
        let slot = Self(*bytes);
        (slot.u16(0) != 0).then_some(slot)
    }

    /// Seals the vault key for a new slot.
    pub(crate) fn seal(
        new: NewSlot<'_>,
        vault_key: &Key,
        file: FileId,
        kdf: KdfParams,
        entropy: &Entropy,
    ) -> Result<Self, Error> {
        let mut slot = Self([0; SLOT_BYTES]);
        let (secret, params) = match new {
            NewSlot::Passphrase(passphrase) => (Secret::Passphrase(passphrase), Some(kdf)),
            NewSlot::RawKey(key) => (Secret::RawKey(key), None),
        };
        slot.put(0, &secret_kind(secret).number().to_le_bytes());
        if let Some(KdfParams {
            memory_kib,
            passes,
            lanes,
        }) = params
        {
            slot.put(4, &memory_kib.to_le_bytes());
            slot.put(8, &passes.to_le_bytes());
            slot.put(12, &lanes.to_le_bytes());
        }
        slot.put(SALT_AT, &entropy.array::<32>()?);
        let keys = slot.keys(secret, file)?;
        slot.put(COMMITMENT_AT, &keys.commitment);
        let sealed = SealedKey::seal(vault_key, keys.wrapping, &slot.aad(file), entropy)?;
        slot.put(SEALED_KEY_AT, &sealed.to_bytes());
        Ok(slot)
    }

    pub(crate) fn kind(&self) -> SlotKind {
        SlotKind::from_number(self.u16(0))
    }

    /// Whether this secret is of the kind that the slot wants.
    pub(crate) fn takes(&self, secret: Secret<'_>) -> bool {
        self.kind() == secret_kind(secret)
    }

    /// Refuses work outside the limits, before any is done.
    pub(crate) fn check_work(&self, ceilings: [KdfParams; 2]) -> Result<(), Error> {
        match self.kind() {
            SlotKind::Passphrase => ceilings
                .into_iter()
                .try_for_each(|ceiling| self.params().check(ceiling)),
            _ => Ok(()),
        }
    }

    /// Opens the slot. `None`: it is another secret's slot.
    pub(crate) fn open(&self, secret: Secret<'_>, file: FileId) -> Result<Option<Key>, Error> {
        let keys = self.keys(secret, file)?;
        if !mac::equal(&keys.commitment, &self.array(COMMITMENT_AT)) {
            return Ok(None);
        }
        SealedKey::from_bytes(&self.array(SEALED_KEY_AT))
            .open(keys.wrapping, &self.aad(file))
            .map(Some)
            .map_err(|Unauthentic| Error::Tampered { what: Part::Header })
    }

    pub(crate) fn as_bytes(&self) -> &[u8; SLOT_BYTES] {
        &self.0
    }

    fn keys(&self, secret: Secret<'_>, file: FileId) -> Result<crate::keys::SlotKeys, Error> {
        let salt = self.array(SALT_AT);
        Ok(match secret {
            Secret::Passphrase(passphrase) => {
                let stretched = stretch(passphrase, &salt, self.params())?;
                slot_keys(SlotKind::Passphrase, &stretched, &salt, file)
            }
            Secret::RawKey(key) => slot_keys(SlotKind::RawKey, key.key(), &salt, file),
        })
    }

    fn params(&self) -> KdfParams {
        KdfParams {
            memory_kib: self.u32(4),
            passes: self.u32(8),
            lanes: self.u32(12),
        }
    }

    /// Binds the sealed key to the file and to the kind, parameters and salt of its slot.
    fn aad(&self, file: FileId) -> Vec<u8> {
        [derive::SEALED_VAULT_KEY, &file.0, &self.0[..COMMITMENT_AT]].concat()
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut array = [0; N];
        array.copy_from_slice(&self.0[at..at + N]);
        array
    }

    fn u16(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.array(at))
    }

    fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.array(at))
    }
}

/// The kind of slot that a secret opens.
pub(crate) fn secret_kind(secret: Secret<'_>) -> SlotKind {
    match secret {
        Secret::Passphrase(_) => SlotKind::Passphrase,
        Secret::RawKey(_) => SlotKind::RawKey,
    }
}

/// Bytes of a sealed key.
pub(crate) const SEALED_KEY_BYTES: usize = NONCE_BYTES + KEY_BYTES + TAG_BYTES;

/// A key sealed under another key.
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
