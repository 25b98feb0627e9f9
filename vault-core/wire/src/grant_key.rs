//! Grant keys: one random 256-bit key for each grant and generation, sealed to whoever may open
//! the entries (HPKE, RFC 9180: DHKEM X25519-HKDF-SHA256, HKDF-SHA256, ChaCha20-Poly1305, base mode).

use std::fmt;

use hpke::{
    Deserializable, Kem as _, OpModeR, OpModeS, Serializable, aead::ChaCha20Poly1305, kdf::HkdfSha256,
    kem::X25519HkdfSha256,
};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{Digest, canonical::digest, id::GrantId, labels};

type Kem = X25519HkdfSha256;

/// The key that seals the entries of one grant generation; wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct GrantKey([u8; 32]);

/// What the owner's statement says of the key of a generation: it fits one key only, and does not tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyCommitment(pub Digest);

/// An X25519 public key to which grant keys are sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealingPublicKey(pub [u8; 32]);

/// The secret half of a [`SealingPublicKey`]; wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SealingSecretKey([u8; 32]);

/// A grant key sealed to one holder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedGrantKey {
    /// HPKE encapsulated key.
    pub enc: [u8; 32],
    /// Sealed key and tag, 48 bytes.
    #[serde(with = "crate::octets")]
    pub ciphertext: Vec<u8>,
}

/// A key that cannot be sealed or opened: the other key is wrong or the bytes were changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this cannot be opened: it is sealed to another key, for another use, or was changed")]
pub struct CannotOpen;

impl GrantKey {
    /// A new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut key = Self([0; 32]);
        rng.fill_bytes(&mut key.0);
        key
    }

    /// The key behind stored bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes, to be stored sealed.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What a statement says of it.
    pub fn commitment(&self, grant: GrantId, generation: u32) -> KeyCommitment {
        let committed = Zeroizing::new([grant.as_bytes(), &generation.to_le_bytes()[..], &self.0].concat());
        KeyCommitment(digest(labels::KEY_COMMITMENT, &committed))
    }

    /// Seals it to a holder, bound to its grant and generation.
    pub fn seal_to(
        &self,
        holder: &SealingPublicKey,
        grant: GrantId,
        generation: u32,
        rng: &mut impl CryptoRng,
    ) -> Result<SealedGrantKey, CannotOpen> {
        let (enc, ciphertext) = holder.seal(&info(grant, generation), &self.0, rng)?;
        Ok(SealedGrantKey { enc, ciphertext })
    }
}

impl SealedGrantKey {
    /// Length of [`ciphertext`](Self::ciphertext): the key and its tag.
    pub const CIPHERTEXT_BYTES: usize = 48;

    /// Opens it for its holder.
    pub fn open(
        &self,
        holder: &SealingSecretKey,
        grant: GrantId,
        generation: u32,
    ) -> Result<GrantKey, CannotOpen> {
        let opened = holder.open(&info(grant, generation), &self.enc, &self.ciphertext)?;
        opened.as_slice().try_into().map(GrantKey).map_err(|_| CannotOpen)
    }
}

impl SealingPublicKey {
    /// Seals to the holder of this key: the encapsulated key and the ciphertext.
    pub(crate) fn seal(
        &self,
        info: &[u8],
        plaintext: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<([u8; 32], Vec<u8>), CannotOpen> {
        let holder = <Kem as hpke::Kem>::PublicKey::from_bytes(&self.0).map_err(|_| CannotOpen)?;
        let (enc, ciphertext) = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, Kem>(
            &OpModeS::Base,
            &holder,
            info,
            plaintext,
            &[],
            rng,
        )
        .map_err(|_| CannotOpen)?;
        let enc = enc.to_bytes().as_slice().try_into().map_err(|_| CannotOpen)?;
        Ok((enc, ciphertext))
    }
}

impl SealingSecretKey {
    /// Opens what was sealed to this key.
    pub(crate) fn open(
        &self,
        info: &[u8],
        enc: &[u8; 32],
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CannotOpen> {
        let secret = <Kem as hpke::Kem>::PrivateKey::from_bytes(&self.0).map_err(|_| CannotOpen)?;
        let enc = <Kem as hpke::Kem>::EncappedKey::from_bytes(enc).map_err(|_| CannotOpen)?;
        hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, Kem>(
            &OpModeR::Base,
            &secret,
            &enc,
            info,
            ciphertext,
            &[],
        )
        .map(Zeroizing::new)
        .map_err(|_| CannotOpen)
    }

    /// A new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *seed);
        Self::from_seed(&seed)
    }

    /// The key behind a stored seed (RFC 9180 `DeriveKeyPair`).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let (secret, _) = Kem::derive_keypair(seed);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(secret.to_bytes().as_slice());
        Self(bytes)
    }

    /// The key behind a stored X25519 scalar (RFC 7748).
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its scalar, to be stored where only its holder reads it.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Its public half.
    pub fn public(&self) -> SealingPublicKey {
        let mut public = [0; 32];
        if let Ok(secret) = <Kem as hpke::Kem>::PrivateKey::from_bytes(&self.0) {
            public.copy_from_slice(Kem::sk_to_pk(&secret).to_bytes().as_slice());
        }
        SealingPublicKey(public)
    }
}

fn info(grant: GrantId, generation: u32) -> Vec<u8> {
    [
        labels::GRANT_KEY.as_bytes(),
        &[0],
        grant.as_bytes(),
        &generation.to_le_bytes(),
    ]
    .concat()
}

impl fmt::Debug for GrantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GrantKey(..)")
    }
}

impl fmt::Debug for SealingSecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingSecretKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    use super::*;

    #[test]
    fn a_grant_key_opens_for_its_holder_its_grant_and_its_generation_only() {
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        let (holder, other) = (
            SealingSecretKey::generate(&mut rng),
            SealingSecretKey::generate(&mut rng),
        );
        let (grant, key) = (GrantId([7; 16]), GrantKey::generate(&mut rng));
        let sealed = key.seal_to(&holder.public(), grant, 1, &mut rng).unwrap();
        assert_eq!(sealed.open(&holder, grant, 1).unwrap().as_bytes(), key.as_bytes());
        assert!(sealed.open(&other, grant, 1).is_err());
        assert!(sealed.open(&holder, GrantId([8; 16]), 1).is_err());
        assert!(sealed.open(&holder, grant, 2).is_err());
    }

    #[test]
    fn a_commitment_fits_one_key_of_one_grant_and_generation() {
        let (grant, key) = (GrantId([7; 16]), GrantKey::from_bytes([1; 32]));
        let commitment = key.commitment(grant, 1);
        assert_eq!(commitment, GrantKey::from_bytes([1; 32]).commitment(grant, 1));
        assert_ne!(commitment, GrantKey::from_bytes([2; 32]).commitment(grant, 1));
        assert_ne!(commitment, key.commitment(GrantId([8; 16]), 1));
        assert_ne!(commitment, key.commitment(grant, 2));
    }

    #[test]
    fn a_worthless_public_key_is_an_error() {
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        let key = GrantKey::generate(&mut rng);
        assert!(
            key.seal_to(&SealingPublicKey([0; 32]), GrantId([7; 16]), 1, &mut rng)
                .is_err()
        );
    }
}
