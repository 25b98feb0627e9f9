//! The key pairs of a recovery code, and what is sealed to them.

use std::fmt;

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::EscrowHolder;
use crate::{
    grant_key::{CannotOpen, SealingPublicKey, SealingSecretKey},
    id::VaultId,
    labels,
    signature::{BadSignature, PublicKey, SecretKey, Signature},
};

/// Bytes of [`VaultSecrets`] as they are sealed: version, owner key, sharing secret.
const SECRETS_BYTES: usize = 1 + 32 + 32;

/// What makes a device the owner's: everything that follows from nothing else.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct VaultSecrets {
    /// Seed of the owner key.
    pub owner: [u8; 32],
    /// The secret behind slots and content tags.
    pub sharing: [u8; 32],
}

/// The secret halves of a code's key pairs.
pub struct RecoverySecret {
    signing: SecretKey,
    sealing: SealingSecretKey,
}

/// The public halves of a code's key pairs, and the code's word for the vault that it belongs to. A vault
/// keeps them, so that it can seal its secrets anew without asking for the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryPublic {
    /// Checks the code's signatures. Servers know a code by this key.
    pub key: PublicKey,
    /// Receives the vault's secrets.
    pub sealing: SealingPublicKey,
    /// The code's word for the vault and its owner key: without it, whoever knows the public halves
    /// could put another vault in the place of this one.
    pub voucher: Signature,
}

impl RecoverySecret {
    /// The key pairs behind the two seeds that a code gives.
    pub fn from_seeds(signing: &[u8; 32], sealing: &[u8; 32]) -> Self {
        Self {
            signing: SecretKey::from_seed(signing),
            sealing: SealingSecretKey::from_seed(sealing),
        }
    }

    /// The key by which servers know the code.
    pub fn key(&self) -> PublicKey {
        self.signing.public()
    }

    /// The public halves, for the vault of an owner key.
    pub fn public(&self, owner_key: &PublicKey) -> RecoveryPublic {
        RecoveryPublic {
            key: self.signing.public(),
            sealing: self.sealing.public(),
            voucher: self.signing.sign(labels::RECOVERY_VOUCHER, &vouched(owner_key)),
        }
    }

    /// Signs with the key by which servers know the code.
    pub(super) fn sign(&self, label: &str, bytes: &[u8]) -> Signature {
        self.signing.sign(label, bytes)
    }

    /// Opens what an escrow holds for this code.
    ///
    /// # Errors
    /// [`CannotOpen`] if it is sealed to another code, or for another vault or number.
    pub fn open(
        &self,
        holder: &EscrowHolder,
        vault: VaultId,
        number: u64,
    ) -> Result<VaultSecrets, CannotOpen> {
        let info = info(vault, number, &self.key());
        let opened = self.sealing.open(&info, &holder.enc, &holder.ciphertext)?;
        VaultSecrets::from_bytes(&opened).ok_or(CannotOpen)
    }
}

impl RecoveryPublic {
    /// Seals the vault's secrets, bound to the vault and to the number of the escrow.
    ///
    /// # Errors
    /// [`CannotOpen`] if nothing can be sealed to this key.
    pub fn seal(
        &self,
        secrets: &VaultSecrets,
        vault: VaultId,
        number: u64,
        rng: &mut impl CryptoRng,
    ) -> Result<EscrowHolder, CannotOpen> {
        let info = info(vault, number, &self.key);
        let plaintext = zeroize::Zeroizing::new(secrets.to_bytes());
        let (enc, ciphertext) = self.sealing.seal(&info, &*plaintext, rng)?;
        Ok(EscrowHolder {
            key: self.key,
            voucher: self.voucher,
            enc,
            ciphertext,
        })
    }
}

impl EscrowHolder {
    /// Length of [`ciphertext`](Self::ciphertext): the secrets and their tag.
    pub const CIPHERTEXT_BYTES: usize = SECRETS_BYTES + 16;

    /// Whether the code vouches for the vault of an owner key.
    pub(super) fn vouches_for(&self, owner_key: &PublicKey) -> Result<(), BadSignature> {
        self.key
            .verify(labels::RECOVERY_VOUCHER, &vouched(owner_key), &self.voucher)
    }
}

impl VaultSecrets {
    fn to_bytes(&self) -> [u8; SECRETS_BYTES] {
        let mut bytes = [1; SECRETS_BYTES];
        bytes[1..33].copy_from_slice(&self.owner);
        bytes[33..].copy_from_slice(&self.sharing);
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; SECRETS_BYTES] = bytes.try_into().ok()?;
        let mut secrets = Self {
            owner: [0; 32],
            sharing: [0; 32],
        };
        secrets.owner.copy_from_slice(&bytes[1..33]);
        secrets.sharing.copy_from_slice(&bytes[33..]);
        (bytes[0] == 1).then_some(secrets)
    }
}

fn vouched(owner_key: &PublicKey) -> Vec<u8> {
    [
        VaultId::of_owner(&owner_key.0).as_bytes().as_slice(),
        &owner_key.0,
    ]
    .concat()
}

fn info(vault: VaultId, number: u64, key: &PublicKey) -> Vec<u8> {
    [
        labels::ESCROW_SEAL.as_bytes(),
        &[0],
        vault.as_bytes(),
        &number.to_le_bytes(),
        &key.0,
    ]
    .concat()
}

impl fmt::Debug for RecoverySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoverySecret(..)")
    }
}

impl fmt::Debug for VaultSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultSecrets(..)")
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    use super::*;

    #[test]
    fn the_secrets_open_for_their_code_their_vault_and_their_number_only() {
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        let owner = SecretKey::from_seed(&[2; 32]).public();
        let code = RecoverySecret::from_seeds(&[3; 32], &[4; 32]);
        let secrets = VaultSecrets {
            owner: [5; 32],
            sharing: [6; 32],
        };
        let vault = VaultId::of_owner(&owner.0);
        let sealed = code.public(&owner).seal(&secrets, vault, 7, &mut rng).unwrap();
        assert_eq!(sealed.ciphertext.len(), EscrowHolder::CIPHERTEXT_BYTES);
        let opened = code.open(&sealed, vault, 7).unwrap();
        assert_eq!((opened.owner, opened.sharing), ([5; 32], [6; 32]));
        assert!(code.open(&sealed, vault, 8).is_err());
        assert!(code.open(&sealed, VaultId([9; 16]), 7).is_err());
        for (signing, sealing) in [([3; 32], [8; 32]), ([8; 32], [4; 32])] {
            let other = RecoverySecret::from_seeds(&signing, &sealing);
            assert!(other.open(&sealed, vault, 7).is_err());
        }
    }

    #[test]
    fn secrets_do_not_print() {
        let code = RecoverySecret::from_seeds(&[3; 32], &[4; 32]);
        let secrets = VaultSecrets {
            owner: [5; 32],
            sharing: [6; 32],
        };
        assert_eq!(
            format!("{code:?} {secrets:?}"),
            "RecoverySecret(..) VaultSecrets(..)"
        );
    }
}
