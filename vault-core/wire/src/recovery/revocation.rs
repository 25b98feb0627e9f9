//! Revocations: from here on one device alone speaks for the vault.

use serde::{Deserialize, Serialize};

use super::{RecoverySecret, Rejected};
use crate::{
    Malformed,
    canonical::{decode, encode},
    id::VaultId,
    labels,
    signature::{PublicKey, SecretKey, Signature},
    time::Timestamp,
};

/// Every transport key of a vault but one is revoked, and no other is admitted. The one with the highest
/// number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    version: u8,
    /// The vault.
    pub vault: VaultId,
    /// Counts the revocations of a vault from 1.
    pub number: u64,
    /// The transport key that stays.
    pub stays: PublicKey,
    /// When it was made.
    pub at: Timestamp,
}

/// A revocation as it travels. The owner key alone cannot make one, because a lost device has it too; nor
/// can a recovery key alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedRevocation {
    /// The revocation's exact bytes.
    #[serde(with = "crate::octets")]
    pub bytes: Vec<u8>,
    /// The owner key's signature.
    pub owner: Signature,
    /// The key by which servers know the code.
    pub key: PublicKey,
    /// Its signature.
    pub signature: Signature,
}

impl Revocation {
    /// A revocation, to be signed.
    pub const fn new(vault: VaultId, number: u64, stays: PublicKey, at: Timestamp) -> Self {
        Self {
            version: 1,
            vault,
            number,
            stays,
            at,
        }
    }

    /// Signs it with the owner key and with a recovery code.
    pub fn sign(&self, owner_key: &SecretKey, code: &RecoverySecret) -> SignedRevocation {
        let bytes = encode(self);
        SignedRevocation {
            owner: owner_key.sign(labels::REVOCATION, &bytes),
            key: code.key(),
            signature: code.sign(labels::REVOCATION, &bytes),
            bytes,
        }
    }
}

impl SignedRevocation {
    /// The vault that it claims to speak of; nothing is believed of it yet.
    pub fn claimed_vault(&self) -> Option<VaultId> {
        let claimed: Revocation = decode(&self.bytes, "revocation").ok()?;
        Some(claimed.vault)
    }

    /// What it says, once the owner key and the named recovery key signed it and the vault is that owner's.
    /// Whether the recovery key belongs to a code of the vault is for the caller to know.
    ///
    /// # Errors
    /// [`Rejected`] says what does not hold.
    pub fn verify(&self, owner_key: &PublicKey) -> Result<Revocation, Rejected> {
        owner_key.verify(labels::REVOCATION, &self.bytes, &self.owner)?;
        self.key
            .verify(labels::REVOCATION, &self.bytes, &self.signature)?;
        let revocation: Revocation = decode(&self.bytes, "revocation")?;
        if revocation.version != 1 || revocation.number == 0 {
            return Err(Malformed::new("revocation").into());
        }
        if revocation.vault != VaultId::of_owner(&owner_key.0) {
            return Err(Rejected::OtherVault);
        }
        Ok(revocation)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn owner() -> SecretKey {
        SecretKey::from_seed(&[1; 32])
    }

    fn code() -> RecoverySecret {
        RecoverySecret::from_seeds(&[2; 32], &[3; 32])
    }

    fn revocation(number: u64) -> Revocation {
        let vault = VaultId::of_owner(&owner().public().0);
        let stays = SecretKey::from_seed(&[4; 32]).public();
        Revocation::new(vault, number, stays, Timestamp::from_unix_ms(5))
    }

    #[test]
    fn a_revocation_holds_under_its_owner_and_a_recovery_key() {
        let signed = revocation(1).sign(&owner(), &code());
        assert_eq!(signed.verify(&owner().public()), Ok(revocation(1)));
        assert_eq!(signed.claimed_vault(), Some(revocation(1).vault));
        let stranger = SecretKey::from_seed(&[9; 32]);
        assert!(signed.verify(&stranger.public()).is_err());
        let of_stranger = revocation(1).sign(&stranger, &code());
        assert_eq!(of_stranger.verify(&stranger.public()), Err(Rejected::OtherVault));
    }

    #[test]
    fn neither_signature_stands_in_for_the_other() {
        let signed = revocation(1).sign(&owner(), &code());
        let without_code = SignedRevocation {
            signature: signed.owner,
            ..signed.clone()
        };
        let without_owner = SignedRevocation {
            owner: signed.signature,
            ..signed
        };
        assert!(without_code.verify(&owner().public()).is_err());
        assert!(without_owner.verify(&owner().public()).is_err());
    }

    #[test]
    fn number_zero_is_refused() {
        let signed = revocation(0).sign(&owner(), &code());
        assert!(matches!(
            signed.verify(&owner().public()),
            Err(Rejected::Malformed(_))
        ));
    }

    proptest! {
        #[test]
        fn any_changed_byte_is_noticed(at in any::<prop::sample::Index>(), flip in 1u8..) {
            let mut changed = revocation(300).sign(&owner(), &code());
            let at = at.index(changed.bytes.len());
            changed.bytes[at] ^= flip;
            prop_assert!(changed.verify(&owner().public()).is_err(), "byte {at}");
        }
    }
}
