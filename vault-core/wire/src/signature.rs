//! Ed25519 signatures (RFC 8032) under a label.

use std::fmt;

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{Digest, canonical::digest};

/// A signature that does not hold: the text was changed, or another key made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not hold: the text was changed, or another key made it")]
pub struct BadSignature;

/// The public half of a signing key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PublicKey(pub [u8; 32]);

/// A signature.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

/// The secret half of a signing key; wiped when dropped.
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// A new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *seed);
        Self::from_seed(&seed)
    }

    /// The key behind a stored seed.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The seed, to be stored sealed.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs exact bytes under a label.
    pub fn sign(&self, label: &str, bytes: &[u8]) -> Signature {
        Signature(self.0.sign(&digest(label, bytes)).to_bytes())
    }
}

impl PublicKey {
    /// Checks a signature over exact bytes under a label. Weak keys and malleable signatures are
    /// refused.
    pub fn verify(&self, label: &str, bytes: &[u8], signature: &Signature) -> Result<(), BadSignature> {
        self.verify_digest(&digest(label, bytes), signature)
    }

    fn verify_digest(&self, digest: &Digest, signature: &Signature) -> Result<(), BadSignature> {
        let key = VerifyingKey::from_bytes(&self.0).map_err(|_| BadSignature)?;
        key.verify_strict(digest, &ed25519_dalek::Signature::from_bytes(&signature.0))
            .map_err(|_| BadSignature)
    }

    /// The DER `SubjectPublicKeyInfo` of this key (RFC 8410), as TLS raw public keys carry it.
    pub fn to_spki(&self) -> [u8; 44] {
        let mut spki = [0; 44];
        spki[..12].copy_from_slice(&SPKI_PREFIX);
        spki[12..].copy_from_slice(&self.0);
        spki
    }

    /// The key inside a DER `SubjectPublicKeyInfo` (RFC 8410), if it holds an Ed25519 key.
    pub fn from_spki(spki: &[u8]) -> Option<Self> {
        spki.strip_prefix(&SPKI_PREFIX)?.try_into().ok().map(Self)
    }
}

/// SEQUENCE { SEQUENCE { OID 1.3.101.112 } BIT STRING }, up to the key's 32 bytes.
const SPKI_PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey(")?;
        self.0[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("..)")
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(..)")
    }
}

impl Serialize for Signature {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (low, high) = self.0.split_at(32);
        (
            <[u8; 32]>::try_from(low).unwrap_or_default(),
            <[u8; 32]>::try_from(high).unwrap_or_default(),
        )
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (low, high) = <([u8; 32], [u8; 32])>::deserialize(deserializer)?;
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&low);
        bytes[32..].copy_from_slice(&high);
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_label_its_bytes_and_its_key_only() {
        let key = SecretKey::from_seed(&[1; 32]);
        let signature = key.sign("role/1", b"text");
        assert_eq!(key.public().verify("role/1", b"text", &signature), Ok(()));
        assert!(key.public().verify("role/2", b"text", &signature).is_err());
        assert!(key.public().verify("role/1", b"test", &signature).is_err());
        assert!(
            SecretKey::from_seed(&[2; 32])
                .public()
                .verify("role/1", b"text", &signature)
                .is_err()
        );
    }

    #[test]
    fn a_key_reads_back_from_its_spki_and_nothing_else_does() {
        let key = SecretKey::from_seed(&[3; 32]).public();
        assert_eq!(PublicKey::from_spki(&key.to_spki()), Some(key));
        assert_eq!(PublicKey::from_spki(&key.to_spki()[..43]), None);
        assert_eq!(PublicKey::from_spki(&[0; 44]), None);
    }

    #[test]
    fn a_secret_key_does_not_print() {
        assert_eq!(format!("{:?}", SecretKey::from_seed(&[9; 32])), "SecretKey(..)");
    }
}
