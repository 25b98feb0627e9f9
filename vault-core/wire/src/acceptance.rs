//! Acceptances: a server's word that a statement is in force. The device keeps them, and a server
//! whose data was set back to before a consent restores the grant from its own signature.

use serde::{Deserialize, Serialize};

use crate::{
    Digest, Malformed,
    canonical::{decode, encode},
    id::{StateId, VaultId},
    labels,
    receipt::Invalid,
    signature::{PublicKey, SecretKey, Signature},
    time::Timestamp,
};

/// What a server says of a statement that it accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    version: u8,
    /// The vault that made the statement.
    pub vault: VaultId,
    /// Digest of the consent request that the statement is about.
    pub request: Digest,
    /// Digest of the statement.
    pub statement: Digest,
    /// When it came into force, by the server's clock.
    pub accepted_at: Timestamp,
    /// The server data it came into force in.
    pub state: StateId,
}

/// An acceptance as it travels and is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedAcceptance {
    /// The acceptance's exact bytes.
    #[serde(with = "crate::octets")]
    pub bytes: Vec<u8>,
    /// The server's receipt key.
    pub key: PublicKey,
    /// The signature.
    pub signature: Signature,
}

/// What lets a server restore a statement that it accepted and lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The exact bytes of the consent request that the grant answers.
    #[serde(with = "crate::octets")]
    pub request: Vec<u8>,
    /// The application's signature over the request, if it came with one.
    pub request_signature: Option<Signature>,
    /// The server's own word for the statement.
    pub acceptance: SignedAcceptance,
}

impl Acceptance {
    /// The word for a statement that is durable and in force.
    pub const fn new(
        vault: VaultId,
        request: Digest,
        statement: Digest,
        accepted_at: Timestamp,
        state: StateId,
    ) -> Self {
        Self {
            version: 1,
            vault,
            request,
            statement,
            accepted_at,
            state,
        }
    }

    /// Signs it.
    pub fn sign(&self, receipt_key: &SecretKey) -> SignedAcceptance {
        let bytes = encode(self);
        SignedAcceptance {
            signature: receipt_key.sign(labels::ACCEPTANCE, &bytes),
            key: receipt_key.public(),
            bytes,
        }
    }
}

impl SignedAcceptance {
    /// What it says, once the named server's key signed it.
    ///
    /// # Errors
    /// [`Invalid`] if another key signed it, the signature does not hold, or it is no acceptance.
    pub fn verify(&self, server: &PublicKey) -> Result<Acceptance, Invalid> {
        if self.key != *server {
            return Err(Invalid::OtherServer);
        }
        self.key
            .verify(labels::ACCEPTANCE, &self.bytes, &self.signature)?;
        let acceptance: Acceptance = decode(&self.bytes, "acceptance")?;
        if acceptance.version == 1 {
            Ok(acceptance)
        } else {
            Err(Malformed::new("acceptance").into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acceptance() -> Acceptance {
        let at = Timestamp::from_unix_ms(7);
        Acceptance::new(VaultId([1; 16]), [2; 32], [3; 32], at, StateId([4; 16]))
    }

    #[test]
    fn an_acceptance_holds_under_the_key_of_its_server_and_no_other() {
        let (server, other) = (SecretKey::from_seed(&[1; 32]), SecretKey::from_seed(&[2; 32]));
        let signed = acceptance().sign(&server);
        assert_eq!(signed.verify(&server.public()), Ok(acceptance()));
        assert_eq!(signed.verify(&other.public()), Err(Invalid::OtherServer));
        let renamed = SignedAcceptance {
            key: other.public(),
            ..signed
        };
        assert!(renamed.verify(&other.public()).is_err());
    }

    #[test]
    fn any_changed_byte_is_noticed() {
        let server = SecretKey::from_seed(&[1; 32]);
        let signed = acceptance().sign(&server);
        for at in 0..signed.bytes.len() {
            let mut changed = signed.clone();
            changed.bytes[at] ^= 1;
            assert!(changed.verify(&server.public()).is_err(), "byte {at}");
        }
    }
}
