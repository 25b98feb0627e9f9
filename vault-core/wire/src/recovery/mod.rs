//! Recovery: what a recovery code alone can do on a new device.
//!
//! A code gives two key pairs. The vault's own secrets lie sealed to the one in an [`Escrow`] at the
//! server; with the other a new device proves to the server that it has the code, and says with a
//! [`Revocation`] that it alone speaks for the vault from then on.

mod escrow;
mod keys;
mod proof;
mod revocation;

pub use escrow::{Escrow, EscrowHolder, SignedEscrow};
pub use keys::{RecoveryPublic, RecoverySecret, VaultSecrets};
pub use proof::RecoveryProof;
pub use revocation::{Revocation, SignedRevocation};

use crate::{Malformed, signature::BadSignature};

/// Why a document about recovery is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// Its bytes are not what they claim to be.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The owner key or the recovery key did not sign it.
    #[error(transparent)]
    BadSignature(#[from] BadSignature),
    /// It speaks of another vault.
    #[error("it belongs to another vault")]
    OtherVault,
}
