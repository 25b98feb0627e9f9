//! A key slot: the vault key, sealed under one secret.
//!
//! ```text
//!   0  kind u16 (0 = empty) | flags u16 0 | KDF: memory KiB u32 | passes u32 | lanes u32
//!  16  slot id 8 | zero 8
//!  32  salt 32
//!  64  commitment 32
//!  96  sealed vault key: nonce 24 | ciphertext 32 | tag 16      AAD = label, lineage, bytes 0..64 and 168..448
//! 168  platform: length u16 | what the key store made of the slot secret; else zero, up to 448
//! ```
//!
//! A recovery slot divides the bytes from 32 on in its own way: see [`recovery_slot`](super::recovery_slot).

use super::sealed_key::SealedKey;
use super::{Lineage, SlotId, SlotInfo, SlotKind};
use crate::entropy::Entropy;
use crate::error::{Error, Part};
use crate::kdf::KdfParams;
use crate::keys::cipher::Unauthentic;
use crate::keys::{
    Key, NewSlot, PLATFORM_BLOB_BYTES_MAX, PlatformKeyStore, Secret, derive, mac, slot_keys, stretch,
};

/// The most slots that a header holds.
pub(crate) const SLOTS_MAX: usize = 8;
/// Bytes of one slot.
pub(crate) const SLOT_BYTES: usize = 448;

const PARAMS_AT: usize = 4;
const ID_AT: usize = 16;
const SALT_AT: usize = 32;
const COMMITMENT_AT: usize = 64;
const SEALED_KEY_AT: usize = 96;
const BLOB_LEN_AT: usize = 168;
const BLOB_AT: usize = 170;
const _: () = assert!(BLOB_AT + PLATFORM_BLOB_BYTES_MAX == SLOT_BYTES);

/// One slot, as the bytes of the file.
#[derive(Clone)]
pub(crate) struct KeySlot(pub(super) [u8; SLOT_BYTES]);

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
        lineage: Lineage,
        kdf: KdfParams,
        entropy: &Entropy,
    ) -> Result<Self, Error> {
        let id = SlotId(entropy.array()?);
        match new {
            NewSlot::Passphrase(passphrase) => {
                let mut slot = Self::blank(SlotKind::Passphrase, id);
                slot.put_params(kdf);
                let salt = slot.draw_salt(entropy)?;
                slot.seal_under(&stretch(passphrase, &salt, kdf)?, vault_key, lineage, entropy)
            }
            NewSlot::RawKey(key) => {
                let mut slot = Self::blank(SlotKind::RawKey, id);
                slot.draw_salt(entropy)?;
                slot.seal_under(key.key(), vault_key, lineage, entropy)
            }
            NewSlot::Platform(store) => Self::seal_to_platform(store, id, vault_key, lineage, entropy),
            NewSlot::Recovery { code, identity } => {
                Self::seal_to_recovery(code, identity, id, vault_key, lineage, entropy)
            }
        }
    }

    /// The slot secret is drawn here and only the key store can give it back.
    fn seal_to_platform(
        store: &dyn PlatformKeyStore,
        id: SlotId,
        vault_key: &Key,
        lineage: Lineage,
        entropy: &Entropy,
    ) -> Result<Self, Error> {
        let mut slot = Self::blank(SlotKind::Platform, id);
        slot.draw_salt(entropy)?;
        let secret = Key::random(entropy)?;
        let blob = store.wrap(&secret)?;
        let len = match u16::try_from(blob.len()) {
            Ok(len) if blob.len() <= PLATFORM_BLOB_BYTES_MAX => len,
            _ => {
                return Err(Error::TooLarge {
                    what: "what the key store made of the key",
                    bytes: blob.len() as u64,
                    limit: PLATFORM_BLOB_BYTES_MAX as u64,
                });
            }
        };
        slot.put(BLOB_LEN_AT, &len.to_le_bytes());
        slot.put(BLOB_AT, &blob);
        slot.seal_under(&secret, vault_key, lineage, entropy)
    }

    /// Opens the slot. `None`: it is another secret's slot.
    pub(crate) fn open(&self, secret: Secret<'_>, lineage: Lineage) -> Result<Option<Key>, Error> {
        match secret {
            Secret::Passphrase(passphrase) => {
                let stretched = stretch(passphrase, &self.salt(), self.params())?;
                self.open_under(&stretched, lineage)
            }
            Secret::RawKey(key) => self.open_under(key.key(), lineage),
            Secret::Platform(store) => self.open_under(&store.unwrap(self.blob()?)?, lineage),
            Secret::Recovery(code) => self.open_with_recovery(code, lineage),
        }
    }

    pub(crate) fn kind(&self) -> SlotKind {
        SlotKind::from_number(self.u16(0))
    }

    pub(crate) fn id(&self) -> SlotId {
        SlotId(self.array(ID_AT))
    }

    pub(crate) fn info(&self) -> SlotInfo {
        let kind = self.kind();
        SlotInfo {
            id: self.id(),
            kind,
            kdf: (kind == SlotKind::Passphrase).then(|| self.params()),
            identity: (kind == SlotKind::Recovery).then(|| self.recovery_identity()),
        }
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

    pub(crate) fn as_bytes(&self) -> &[u8; SLOT_BYTES] {
        &self.0
    }

    pub(super) fn blank(kind: SlotKind, id: SlotId) -> Self {
        let mut slot = Self([0; SLOT_BYTES]);
        slot.put(0, &kind.number().to_le_bytes());
        slot.put(ID_AT, &id.0);
        slot
    }

    /// Finishes a slot whose other fields are set.
    fn seal_under(
        mut self,
        secret: &Key,
        vault_key: &Key,
        lineage: Lineage,
        entropy: &Entropy,
    ) -> Result<Self, Error> {
        let keys = slot_keys(self.kind(), secret, &self.salt(), lineage);
        self.put(COMMITMENT_AT, &keys.commitment);
        let sealed = SealedKey::seal(vault_key, keys.wrapping, &self.aad(lineage), entropy)?;
        self.put(SEALED_KEY_AT, &sealed.to_bytes());
        Ok(self)
    }

    fn open_under(&self, secret: &Key, lineage: Lineage) -> Result<Option<Key>, Error> {
        let keys = slot_keys(self.kind(), secret, &self.salt(), lineage);
        if !mac::equal(&keys.commitment, &self.array(COMMITMENT_AT)) {
            return Ok(None);
        }
        SealedKey::from_bytes(&self.array(SEALED_KEY_AT))
            .open(keys.wrapping, &self.aad(lineage))
            .map(Some)
            .map_err(|Unauthentic| Error::Tampered { what: Part::Header })
    }

    fn draw_salt(&mut self, entropy: &Entropy) -> Result<[u8; 32], Error> {
        let salt = entropy.array()?;
        self.put(SALT_AT, &salt);
        Ok(salt)
    }

    fn salt(&self) -> [u8; 32] {
        self.array(SALT_AT)
    }

    fn params(&self) -> KdfParams {
        KdfParams {
            memory_kib: self.u32(PARAMS_AT),
            passes: self.u32(PARAMS_AT + 4),
            lanes: self.u32(PARAMS_AT + 8),
        }
    }

    fn put_params(&mut self, params: KdfParams) {
        let KdfParams {
            memory_kib,
            passes,
            lanes,
        } = params;
        for (index, value) in [memory_kib, passes, lanes].into_iter().enumerate() {
            self.put(PARAMS_AT + 4 * index, &value.to_le_bytes());
        }
    }

    fn blob(&self) -> Result<&[u8], Error> {
        let len = usize::from(self.u16(BLOB_LEN_AT));
        self.0[BLOB_AT..]
            .get(..len)
            .ok_or(Error::Tampered { what: Part::Header })
    }

    /// Binds the sealed key to the vault and to everything in its slot that is not derived from the secret.
    fn aad(&self, lineage: Lineage) -> Vec<u8> {
        let (fields, rest) = (&self.0[..COMMITMENT_AT], &self.0[BLOB_LEN_AT..]);
        [derive::SEALED_VAULT_KEY, &lineage.0, fields, rest].concat()
    }

    pub(super) fn put(&mut self, at: usize, bytes: &[u8]) {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }

    pub(super) fn array<const N: usize>(&self, at: usize) -> [u8; N] {
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
