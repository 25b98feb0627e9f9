//! Sealing the vault key to a recovery code's public half (HPKE, RFC 9180: DHKEM X25519-HKDF-SHA256,
//! HKDF-SHA256, ChaCha20-Poly1305, base mode).
//!
//! A key pair instead of a wrapping key, because a new vault key must reach the slot while the code lies in
//! a drawer. HPKE instead of an X25519 construction of our own, because it is specified with its test
//! vectors and it is what the wire seals grant keys with.
//!
//! The key pair follows from the code alone, so that the same public half can stand in other places too.

use std::convert::Infallible;

use hpke::{
    Deserializable, Kem as _, OpModeR, OpModeS, Serializable, aead::ChaCha20Poly1305, kdf::HkdfSha256,
    kem::X25519HkdfSha256,
};
use rand_core::{TryCryptoRng, TryRng};
use zeroize::Zeroizing;

use super::{KEY_BYTES, Key, RecoveryCode, derive};
use crate::entropy::Entropy;
use crate::error::{Fault, Part};
use crate::header::Lineage;
use crate::keys::cipher::{TAG_BYTES, Unauthentic};

type Kem = X25519HkdfSha256;
type PrivateKey = <Kem as hpke::Kem>::PrivateKey;
type PublicKey = <Kem as hpke::Kem>::PublicKey;
type EncappedKey = <Kem as hpke::Kem>::EncappedKey;

/// Bytes of a sealed key and its tag.
pub(crate) const CIPHERTEXT_BYTES: usize = KEY_BYTES + TAG_BYTES;

/// The public half of a recovery code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecoveryPublicKey(pub(crate) [u8; 32]);

/// A vault key sealed to a public half.
pub(crate) struct SealedToRecovery {
    /// HPKE's encapsulated key.
    pub(crate) enc: [u8; 32],
    pub(crate) ciphertext: [u8; CIPHERTEXT_BYTES],
}

impl RecoveryPublicKey {
    pub(crate) fn of(code: &RecoveryCode) -> Self {
        let (_, public) = key_pair(code);
        let mut bytes = [0; 32];
        public.write_exact(&mut bytes);
        Self(bytes)
    }

    /// Seals a vault key, bound to the lineage and to `aad`.
    pub(crate) fn seal(
        &self,
        vault_key: &Key,
        lineage: Lineage,
        aad: &[u8],
        entropy: &Entropy,
    ) -> Result<SealedToRecovery, Fault> {
        // The public half is authenticated by the header MAC, so one that cannot be used is not damage.
        let refused = Fault::Tampered(Part::Header);
        let public = PublicKey::from_bytes(&self.0).map_err(|_| refused)?;
        let mut rng = Drawn {
            entropy,
            failed: None,
        };
        let sealed = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, Kem>(
            &OpModeS::Base,
            &public,
            &derive::recovery_info(lineage),
            vault_key.as_bytes(),
            aad,
            &mut rng,
        );
        if let Some(fault) = rng.failed {
            return Err(fault);
        }
        let (enc, ciphertext) = sealed.map_err(|_| refused)?;
        let mut bytes = [0; 32];
        enc.write_exact(&mut bytes);
        let ciphertext = ciphertext.try_into().map_err(|_| refused)?;
        Ok(SealedToRecovery {
            enc: bytes,
            ciphertext,
        })
    }
}

impl SealedToRecovery {
    pub(crate) fn open(&self, code: &RecoveryCode, lineage: Lineage, aad: &[u8]) -> Result<Key, Unauthentic> {
        let (private, _) = key_pair(code);
        let enc = EncappedKey::from_bytes(&self.enc).map_err(|_| Unauthentic)?;
        let opened = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, Kem>(
            &OpModeR::Base,
            &private,
            &enc,
            &derive::recovery_info(lineage),
            &self.ciphertext,
            aad,
        );
        let opened = Zeroizing::new(opened.map_err(|_| Unauthentic)?);
        let mut key = Key::zeroed();
        if opened.len() != KEY_BYTES {
            return Err(Unauthentic);
        }
        key.as_mut_bytes().copy_from_slice(&opened);
        Ok(key)
    }
}

fn key_pair(code: &RecoveryCode) -> (PrivateKey, PublicKey) {
    Kem::derive_keypair(derive::recovery_seed(code).as_bytes())
}

/// Our source of randomness as HPKE wants it, unable to fail: a failure is kept, and what was sealed with
/// it is thrown away.
struct Drawn<'a> {
    entropy: &'a Entropy,
    failed: Option<Fault>,
}

impl TryRng for Drawn<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        if let Err(fault) = self.entropy.fill(bytes) {
            self.failed = Some(fault);
        }
        Ok(())
    }
}

impl TryCryptoRng for Drawn<'_> {}
