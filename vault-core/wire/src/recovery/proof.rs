//! Proving to a server that one has a recovery code.

use serde::{Deserialize, Serialize};

use super::RecoverySecret;
use crate::{
    canonical::encode,
    labels,
    signature::{BadSignature, PublicKey, Signature},
};

/// What is signed to prove that one has a code. Only the signature travels; both sides know the rest.
/// A server cannot pass it on: to another server it names the wrong one, and on another connection the
/// wrong device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryProof {
    version: u8,
    /// What the server drew for this connection.
    pub nonce: [u8; 32],
    /// The device key that TLS authenticated.
    pub device: PublicKey,
    /// SHA-256 of the server's TLS key (`SubjectPublicKeyInfo`).
    pub server: [u8; 32],
}

impl RecoveryProof {
    /// The proof for one challenge on one connection.
    pub const fn new(nonce: [u8; 32], device: PublicKey, server: [u8; 32]) -> Self {
        Self {
            version: 1,
            nonce,
            device,
            server,
        }
    }

    /// The bytes that are signed.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Signs it.
    pub fn sign(&self, code: &RecoverySecret) -> Signature {
        code.sign(labels::RECOVERY_PROOF, &self.to_bytes())
    }

    /// Checks it against the key by which the server knows a code.
    ///
    /// # Errors
    /// [`BadSignature`] if another code signed it, or for something else.
    pub fn verify(&self, code: &PublicKey, signature: &Signature) -> Result<(), BadSignature> {
        code.verify(labels::RECOVERY_PROOF, &self.to_bytes(), signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::SecretKey;

    #[test]
    fn a_proof_holds_for_its_code_its_challenge_its_device_and_its_server_only() {
        let device = |seed: u8| SecretKey::from_seed(&[seed; 32]).public();
        let code = RecoverySecret::from_seeds(&[1; 32], &[2; 32]);
        let other = RecoverySecret::from_seeds(&[3; 32], &[2; 32]);
        let proof = RecoveryProof::new([4; 32], device(5), [6; 32]);
        let signature = proof.sign(&code);
        assert_eq!(proof.verify(&code.key(), &signature), Ok(()));
        assert!(proof.verify(&other.key(), &signature).is_err());
        for elsewhere in [
            RecoveryProof::new([9; 32], device(5), [6; 32]),
            RecoveryProof::new([4; 32], device(9), [6; 32]),
            RecoveryProof::new([4; 32], device(5), [9; 32]),
        ] {
            assert!(elsewhere.verify(&code.key(), &signature).is_err());
        }
    }
}
