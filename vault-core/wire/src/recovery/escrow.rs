//! Escrows: the vault's own secrets, sealed to its recovery codes, for a server to keep.

use serde::{Deserialize, Serialize};

use super::Rejected;
use crate::{
    Malformed,
    canonical::{decode, encode},
    id::VaultId,
    labels,
    limits::RECOVERY_CODES_MAX,
    signature::{PublicKey, SecretKey, Signature},
    time::Timestamp,
};

/// The vault's secrets, sealed to each of its recovery codes. The one with the highest number counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escrow {
    version: u8,
    /// The vault.
    pub vault: VaultId,
    /// Counts the escrows of a vault from 1.
    pub number: u64,
    /// When it was made.
    pub made_at: Timestamp,
    /// One for each code that recovers the vault, keys rising. None means that no code does.
    pub holders: Vec<EscrowHolder>,
}

/// The vault's secrets, sealed to one code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EscrowHolder {
    /// The key by which servers know the code.
    pub key: PublicKey,
    /// The code's word for the vault.
    pub voucher: Signature,
    /// HPKE encapsulated key.
    pub enc: [u8; 32],
    /// Sealed secrets and tag, 81 bytes.
    #[serde(with = "crate::octets")]
    pub ciphertext: Vec<u8>,
}

/// An escrow as it travels and is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedEscrow {
    /// The escrow's exact bytes.
    #[serde(with = "crate::octets")]
    pub bytes: Vec<u8>,
    /// The owner key.
    pub key: PublicKey,
    /// Its signature.
    pub signature: Signature,
}

impl Escrow {
    /// An escrow, to be signed by the owner key.
    pub fn new(vault: VaultId, number: u64, made_at: Timestamp, mut holders: Vec<EscrowHolder>) -> Self {
        holders.sort_unstable_by_key(|holder| holder.key.0);
        Self {
            version: 1,
            vault,
            number,
            made_at,
            holders,
        }
    }

    /// Signs it.
    pub fn sign(&self, owner_key: &SecretKey) -> SignedEscrow {
        let bytes = encode(self);
        SignedEscrow {
            signature: owner_key.sign(labels::ESCROW, &bytes),
            key: owner_key.public(),
            bytes,
        }
    }

    /// What it holds for a code.
    pub fn holder(&self, key: &PublicKey) -> Option<&EscrowHolder> {
        self.holders.iter().find(|holder| holder.key == *key)
    }

    fn is_sound(&self) -> bool {
        self.version == 1
            && self.number > 0
            && self.holders.len() <= RECOVERY_CODES_MAX
            && self.holders.is_sorted_by(|a, b| a.key.0 < b.key.0)
            && self
                .holders
                .iter()
                .all(|holder| holder.ciphertext.len() == EscrowHolder::CIPHERTEXT_BYTES)
    }
}

impl SignedEscrow {
    /// What it says, once the named owner key signed it, the vault is that owner's, and each code vouches
    /// for it.
    ///
    /// # Errors
    /// [`Rejected`] says what does not hold.
    pub fn verify(&self) -> Result<Escrow, Rejected> {
        self.key.verify(labels::ESCROW, &self.bytes, &self.signature)?;
        let escrow: Escrow = decode(&self.bytes, "escrow")?;
        if !escrow.is_sound() {
            return Err(Malformed::new("escrow").into());
        }
        if escrow.vault != VaultId::of_owner(&self.key.0) {
            return Err(Rejected::OtherVault);
        }
        for holder in &escrow.holders {
            holder.vouches_for(&self.key)?;
        }
        Ok(escrow)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    use super::{super::RecoverySecret, *};
    use crate::recovery::VaultSecrets;

    fn owner() -> SecretKey {
        SecretKey::from_seed(&[1; 32])
    }

    fn escrow(codes: &[u8]) -> Escrow {
        let (owner, mut rng) = (owner().public(), ChaCha20Rng::from_seed([2; 32]));
        let vault = VaultId::of_owner(&owner.0);
        let secrets = VaultSecrets {
            owner: [1; 32],
            sharing: [9; 32],
        };
        let seal = |code: &u8| {
            let code = RecoverySecret::from_seeds(&[*code; 32], &[*code; 32]).public(&owner);
            code.seal(&secrets, vault, 3, &mut rng).unwrap()
        };
        let holders = codes.iter().map(seal).collect();
        Escrow::new(vault, 3, Timestamp::from_unix_ms(5), holders)
    }

    #[test]
    fn an_escrow_holds_under_its_owner_for_all_its_codes() {
        for codes in [&[][..], &[7], &[7, 8, 9, 10, 11, 12, 13, 14]] {
            let escrow = escrow(codes);
            assert_eq!(escrow.sign(&owner()).verify(), Ok(escrow));
        }
        let stranger = SecretKey::from_seed(&[3; 32]);
        assert_eq!(escrow(&[7]).sign(&stranger).verify(), Err(Rejected::OtherVault));
    }

    #[test]
    fn a_code_that_does_not_vouch_for_the_vault_is_noticed() {
        let mut escrow = escrow(&[7]);
        let foreign = RecoverySecret::from_seeds(&[7; 32], &[7; 32]);
        let foreign = foreign.public(&SecretKey::from_seed(&[3; 32]).public());
        escrow.holders[0].voucher = foreign.voucher;
        assert!(matches!(
            escrow.sign(&owner()).verify(),
            Err(Rejected::BadSignature(_))
        ));
    }

    #[test]
    fn too_many_codes_a_code_twice_and_number_zero_are_refused() {
        let nine: Vec<u8> = (20..29).collect();
        let mut zero = escrow(&[7]);
        zero.number = 0;
        let mut short = escrow(&[7]);
        short.holders[0].ciphertext.pop();
        for unsound in [escrow(&nine), escrow(&[7, 7]), zero, short] {
            let refused = unsound.sign(&owner()).verify();
            assert!(matches!(refused, Err(Rejected::Malformed(_))), "{refused:?}");
        }
    }

    proptest! {
        #[test]
        fn any_changed_byte_is_noticed(at in any::<prop::sample::Index>(), flip in 1u8..) {
            let mut changed = escrow(&[7, 8]).sign(&owner());
            let at = at.index(changed.bytes.len());
            changed.bytes[at] ^= flip;
            prop_assert!(changed.verify().is_err(), "byte {at}");
        }

        #[test]
        fn any_bytes_under_the_owners_signature_are_an_escrow_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let signature = owner().sign(labels::ESCROW, &bytes);
            let signed = SignedEscrow { bytes, key: owner().public(), signature };
            if let Ok(escrow) = signed.verify() {
                prop_assert_eq!(encode(&escrow), signed.bytes);
            }
        }
    }
}
