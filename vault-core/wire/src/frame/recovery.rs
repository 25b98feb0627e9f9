//! What travels so that a recovery code alone can take a vault back.

use serde::{Deserialize, Serialize};

use crate::{
    recovery::SignedEscrow,
    signature::{PublicKey, Signature},
};

/// Device, before HELLO: I have a recovery code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recover {
    /// The key by which servers know the code.
    pub key: PublicKey,
}

/// Server: prove it. Every key is challenged, whether it is known or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// Drawn for this connection.
    pub nonce: [u8; 32],
}

/// Device: the proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prove {
    /// Signature of a [`RecoveryProof`](crate::recovery::RecoveryProof).
    pub signature: Signature,
}

/// Server: what lies here for the code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovered {
    /// The vault's secrets, sealed to its codes.
    pub escrow: SignedEscrow,
    /// Number of the last revocation; 0 if there was none.
    pub revocation: u64,
}

/// Server: only the device that the revocation names is admitted from here on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// Number of the revocation.
    pub number: u64,
}

/// Server: what became of an escrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EscrowKept {
    /// The highest number that the server has ever kept.
    pub number: u64,
    /// Whether the escrow is kept, durably; if not, that number belongs to a later one.
    pub kept: bool,
}
