//! Key certificates: the owner key says which keys speak for the vault, and in which role.

use serde::{Deserialize, Serialize};

use crate::{
    Malformed,
    canonical::{decode, encode},
    id::{AppId, VaultId},
    labels,
    signature::{BadSignature, PublicKey, SecretKey, Signature},
    time::Timestamp,
};

/// What a certified key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Authenticate one device's connection.
    Transport,
    /// Sign consent statements for one application.
    Consent(AppId),
}

/// What a certificate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    version: u8,
    /// The vault that the key speaks for.
    pub vault: VaultId,
    /// The certified key.
    pub key: PublicKey,
    /// What it may do.
    pub role: Role,
    /// When it was certified.
    pub issued_at: Timestamp,
}

/// A certificate as it travels: its exact bytes and the owner key's signature over them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedCertificate {
    /// The certificate's exact bytes.
    #[serde(with = "crate::octets")]
    pub bytes: Vec<u8>,
    /// The owner key's signature.
    pub signature: Signature,
}

/// Why a certificate is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// Its bytes are not a certificate.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The owner key did not sign it.
    #[error(transparent)]
    BadSignature(#[from] BadSignature),
    /// It speaks for another vault.
    #[error("the certificate belongs to another vault")]
    OtherVault,
}

impl Certificate {
    /// A certificate for a key, to be signed by the owner key.
    pub const fn new(vault: VaultId, key: PublicKey, role: Role, issued_at: Timestamp) -> Self {
        Self {
            version: 1,
            vault,
            key,
            role,
            issued_at,
        }
    }

    /// Signs it.
    pub fn sign(&self, owner_key: &SecretKey) -> SignedCertificate {
        let bytes = encode(self);
        SignedCertificate {
            signature: owner_key.sign(labels::CERTIFICATE, &bytes),
            bytes,
        }
    }
}

impl SignedCertificate {
    /// What it says, once the signature is the owner's and the vault is that owner's: the vault id
    /// is the hash of the owner's first public key, so whoever runs the enrolment cannot forge one.
    pub fn verify(&self, owner_key: &PublicKey) -> Result<Certificate, Rejected> {
        owner_key.verify(labels::CERTIFICATE, &self.bytes, &self.signature)?;
        let certificate: Certificate = decode(&self.bytes, "certificate")?;
        if certificate.version != 1 {
            return Err(Malformed::new("certificate").into());
        }
        if certificate.vault != VaultId::of_owner(&owner_key.0) {
            return Err(Rejected::OtherVault);
        }
        Ok(certificate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(owner: &SecretKey) -> Certificate {
        let vault = VaultId::of_owner(&owner.public().0);
        Certificate::new(
            vault,
            SecretKey::from_seed(&[2; 32]).public(),
            Role::Transport,
            Timestamp::from_unix_ms(5),
        )
    }

    #[test]
    fn a_certificate_holds_under_its_owner_and_no_other() {
        let owner = SecretKey::from_seed(&[1; 32]);
        let signed = certificate(&owner).sign(&owner);
        assert_eq!(signed.verify(&owner.public()), Ok(certificate(&owner)));
        assert!(signed.verify(&SecretKey::from_seed(&[3; 32]).public()).is_err());
    }

    #[test]
    fn nobody_can_certify_a_key_for_somebody_elses_vault() {
        let owner = SecretKey::from_seed(&[1; 32]);
        let stranger = SecretKey::from_seed(&[3; 32]);
        let forged = certificate(&owner).sign(&stranger);
        assert_eq!(forged.verify(&stranger.public()), Err(Rejected::OtherVault));
    }

    #[test]
    fn bytes_after_the_certificate_are_refused_even_when_signed() {
        let owner = SecretKey::from_seed(&[1; 32]);
        let mut signed = certificate(&owner).sign(&owner);
        signed.bytes.push(0);
        signed.signature = owner.sign(labels::CERTIFICATE, &signed.bytes);
        assert!(matches!(
            signed.verify(&owner.public()),
            Err(Rejected::Malformed(_))
        ));
    }
}
