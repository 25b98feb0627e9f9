//! The vault's own keys. All of them live in the sealed file; none is ever sent.

use serde::{Deserialize, Serialize};
use vault_file::RecoveryCode;
use vault_wire::{
    certificate::{Certificate, Role, SignedCertificate},
    grant_key::CannotOpen,
    id::VaultId,
    recovery::{
        Escrow, RecoveryPublic, RecoverySecret, Revocation, SignedEscrow, SignedRevocation, VaultSecrets,
    },
    signature::SecretKey,
    time::Timestamp,
};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::entropy::Randomness;

/// Who this vault is: the owner key, which certifies the others, and this device's transport key.
pub(crate) struct Identity {
    owner: SecretKey,
    transport: SecretKey,
    /// Behind every grant's slots and content tags. It moves with the records into every copy of the
    /// vault, whatever file that is: slots that changed would look like other records to a server.
    sharing: Zeroizing<[u8; 32]>,
    vault: VaultId,
    certified_at: Timestamp,
}

/// An identity as it is stored.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct IdentitySeeds {
    owner: [u8; 32],
    transport: [u8; 32],
    sharing: [u8; 32],
    #[zeroize(skip)]
    certified_at: Timestamp,
}

/// The key pairs of a recovery code. They follow from the code alone.
pub(crate) fn recovery_secret(code: &RecoveryCode) -> RecoverySecret {
    let (signing, sealing) = (
        code.subkey("vault/recovery-signing/1"),
        code.subkey("vault/recovery-sealing/1"),
    );
    RecoverySecret::from_seeds(signing.as_bytes(), sealing.as_bytes())
}

impl IdentitySeeds {
    /// The seeds of a device that has the vault's own secrets, and a transport key of its own.
    pub(crate) fn recovered(secrets: &VaultSecrets, transport: &[u8; 32], now: Timestamp) -> Self {
        Self {
            owner: secrets.owner,
            transport: *transport,
            sharing: secrets.sharing,
            certified_at: now,
        }
    }

    /// The same vault on a device of its own.
    pub(crate) fn on_device(&self, transport: &[u8; 32], now: Timestamp) -> Self {
        Self {
            owner: self.owner,
            transport: *transport,
            sharing: self.sharing,
            certified_at: now,
        }
    }

    /// The seeds of a new vault.
    pub(crate) fn generate(now: Timestamp, randomness: &Randomness) -> Self {
        Self {
            owner: randomness.bytes(),
            transport: randomness.bytes(),
            sharing: randomness.bytes(),
            certified_at: now,
        }
    }
}

impl Identity {
    pub(crate) fn from_seeds(seeds: &IdentitySeeds) -> Self {
        let owner = SecretKey::from_seed(&seeds.owner);
        let vault = VaultId::of_owner(&owner.public().0);
        Self {
            transport: SecretKey::from_seed(&seeds.transport),
            sharing: Zeroizing::new(seeds.sharing),
            vault,
            owner,
            certified_at: seeds.certified_at,
        }
    }

    pub(crate) const fn vault(&self) -> VaultId {
        self.vault
    }

    pub(crate) fn owner_key(&self) -> vault_wire::signature::PublicKey {
        self.owner.public()
    }

    /// The secret behind every grant's slots and content tags.
    pub(crate) fn sharing(&self) -> &[u8; 32] {
        &self.sharing
    }

    pub(crate) fn transport_seed(&self) -> Zeroizing<[u8; 32]> {
        self.transport.seed()
    }

    /// The owner key's word that this device's transport key speaks for the vault.
    pub(crate) fn device_certificate(&self) -> SignedCertificate {
        Certificate::new(
            self.vault,
            self.transport.public(),
            Role::Transport,
            self.certified_at,
        )
        .sign(&self.owner)
    }

    /// What makes a device the owner's.
    pub(crate) fn secrets(&self) -> VaultSecrets {
        VaultSecrets {
            owner: *self.owner.seed(),
            sharing: *self.sharing,
        }
    }

    /// The vault's own secrets, sealed to each of these codes.
    pub(crate) fn escrow(
        &self,
        codes: &[RecoveryPublic],
        number: u64,
        now: Timestamp,
        randomness: &Randomness,
    ) -> Result<SignedEscrow, CannotOpen> {
        let (secrets, mut randomness) = (self.secrets(), randomness.clone());
        let sealed = codes
            .iter()
            .map(|code| code.seal(&secrets, self.vault, number, &mut randomness));
        let holders = sealed.collect::<Result<_, _>>()?;
        Ok(Escrow::new(self.vault, number, now, holders).sign(&self.owner))
    }

    /// The word of owner key and code that this device alone speaks for the vault.
    pub(crate) fn revoke_others(
        &self,
        code: &RecoverySecret,
        number: u64,
        now: Timestamp,
    ) -> SignedRevocation {
        Revocation::new(self.vault, number, self.transport.public(), now).sign(&self.owner, code)
    }

    /// The owner key's word for a consent key.
    pub(crate) fn certify_consent_key(
        &self,
        key: &SecretKey,
        app: vault_wire::id::AppId,
        now: Timestamp,
    ) -> SignedCertificate {
        Certificate::new(self.vault, key.public(), Role::Consent(app), now).sign(&self.owner)
    }
}
