//! The recovery slot: the vault key, sealed to the public half of a code.
//!
//! ```text
//!  32  public half 32
//!  64  MAC 32          HMAC-SHA-256 over label, lineage, public half, identity, keyed from the code
//!  96  sealed vault key: ciphertext 32 | tag 16     HPKE; AAD = label, lineage, bytes 0..96 and 200..232
//! 168  HPKE's encapsulated key 32
//! 200  identity 32
//! ```
//!
//! Anybody can seal to a public half. The MAC shows the owner of the code that this slot, and what it vouches
//! for, were made by somebody who had the code; it serves as the commitment, too.

use super::{KeySlot, Lineage, SlotId, SlotKind};
use crate::entropy::Entropy;
use crate::error::{Error, Fault, Part};
use crate::keys::cipher::Unauthentic;
use crate::keys::recovery::{CIPHERTEXT_BYTES, RecoveryPublicKey, SealedToRecovery};
use crate::keys::{Key, RecoveryCode, derive, mac};

const PUBLIC_AT: usize = 32;
const MAC_AT: usize = 64;
const CIPHERTEXT_AT: usize = 96;
const ENC_AT: usize = 168;
const IDENTITY_AT: usize = 200;
const IDENTITY_END: usize = 232;
const _: () = assert!(CIPHERTEXT_AT + CIPHERTEXT_BYTES <= ENC_AT);

impl KeySlot {
    pub(super) fn seal_to_recovery(
        code: &RecoveryCode,
        identity: [u8; 32],
        id: SlotId,
        vault_key: &Key,
        lineage: Lineage,
        entropy: &Entropy,
    ) -> Result<Self, Error> {
        let mut slot = Self::blank(SlotKind::Recovery, id);
        slot.put(PUBLIC_AT, &RecoveryPublicKey::of(code).0);
        slot.put(IDENTITY_AT, &identity);
        slot.put(MAC_AT, &slot.recovery_mac(code, lineage));
        Ok(slot.reseal_to_recovery(vault_key, lineage, entropy)?)
    }

    /// The same slot for another vault key: its public half is enough.
    pub(crate) fn reseal_to_recovery(
        mut self,
        vault_key: &Key,
        lineage: Lineage,
        entropy: &Entropy,
    ) -> Result<Self, Fault> {
        let public = RecoveryPublicKey(self.array(PUBLIC_AT));
        let sealed = public.seal(vault_key, lineage, &self.recovery_aad(lineage), entropy)?;
        self.put(CIPHERTEXT_AT, &sealed.ciphertext);
        self.put(ENC_AT, &sealed.enc);
        Ok(self)
    }

    pub(super) fn open_with_recovery(
        &self,
        code: &RecoveryCode,
        lineage: Lineage,
    ) -> Result<Option<Key>, Error> {
        let tampered = Error::Tampered { what: Part::Header };
        if !mac::equal(&self.recovery_mac(code, lineage), &self.array(MAC_AT)) {
            let is_its_code = RecoveryPublicKey::of(code).0 == self.array(PUBLIC_AT);
            return if is_its_code { Err(tampered) } else { Ok(None) };
        }
        let sealed = SealedToRecovery {
            enc: self.array(ENC_AT),
            ciphertext: self.array(CIPHERTEXT_AT),
        };
        sealed
            .open(code, lineage, &self.recovery_aad(lineage))
            .map(Some)
            .map_err(|Unauthentic| tampered)
    }

    pub(super) fn recovery_identity(&self) -> [u8; 32] {
        self.array(IDENTITY_AT)
    }

    fn recovery_mac(&self, code: &RecoveryCode, lineage: Lineage) -> [u8; 32] {
        let (public, identity) = (self.array(PUBLIC_AT), self.recovery_identity());
        let message = derive::recovery_mac_message(lineage, &public, &identity);
        mac::authenticate(&derive::recovery_mac_key(code), &message)
    }

    fn recovery_aad(&self, lineage: Lineage) -> Vec<u8> {
        let (fields, identity) = (&self.0[..CIPHERTEXT_AT], &self.0[IDENTITY_AT..IDENTITY_END]);
        [derive::SEALED_VAULT_KEY, &lineage.0, fields, identity].concat()
    }
}
