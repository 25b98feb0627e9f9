//! Asking a server for what lies there for a recovery code, without a socket: what is said before there is a
//! vault that could begin a session.

use vault_wire::{
    frame::{Challenge, Frame, Prove, Recover, Recovered},
    id::VaultId,
    recovery::{Escrow, RecoveryProof, RecoverySecret, VaultSecrets},
    signature::{PublicKey, SecretKey},
};

use super::{ServerKeyPin, SyncError};
use crate::error::Error;

/// What lay at the server for a recovery code.
pub(crate) struct Found {
    /// What makes a device the owner's.
    pub(crate) secrets: VaultSecrets,
    pub(super) escrow: Escrow,
    /// Number of the last revocation.
    pub(super) revocation: u64,
}

impl Found {
    /// The vault that the code belongs to.
    pub(crate) const fn vault(&self) -> VaultId {
        self.escrow.vault
    }
}

/// One exchange with a server, in which a device proves to have a code.
pub(crate) struct Asking {
    code: RecoverySecret,
    device: PublicKey,
    pin: ServerKeyPin,
    to_say: Option<Frame>,
    is_proven: bool,
}

impl Asking {
    /// Asks as the device of a transport key, which the connection has to show.
    pub(crate) fn begin(code: RecoverySecret, transport_seed: &[u8; 32], pin: ServerKeyPin) -> Self {
        Self {
            to_say: Some(Frame::Recover(Recover { key: code.key() })),
            device: SecretKey::from_seed(transport_seed).public(),
            code,
            pin,
            is_proven: false,
        }
    }

    /// The transport key of the device.
    pub(crate) const fn device(&self) -> PublicKey {
        self.device
    }

    /// The next frame to send.
    pub(crate) const fn say(&mut self) -> Option<Frame> {
        self.to_say.take()
    }

    /// Takes in what the server says. Returns what it found, once it did.
    ///
    /// # Errors
    /// [`SyncError::Refused`] with `NothingToRecover`, and [`SyncError::Protocol`] for an answer that is none, or is
    /// not what the code vouches for.
    pub(crate) fn hear(&mut self, frame: Frame) -> Result<Option<Found>, Error> {
        match frame {
            Frame::Challenge(challenge) if !self.is_proven => {
                self.prove(challenge);
                Ok(None)
            }
            Frame::Recovered(recovered) if self.is_proven => self.open(*recovered).map(Some),
            Frame::Refused(refused) => Err(SyncError::Refused(refused.refusal).into()),
            _ => Err(SyncError::Protocol("it did not answer a recovery").into()),
        }
    }

    fn prove(&mut self, challenge: Challenge) {
        let proof = RecoveryProof::new(challenge.nonce, self.device, self.pin.0);
        let signature = proof.sign(&self.code);
        self.is_proven = true;
        self.to_say = Some(Frame::Prove(Prove { signature }));
    }

    /// Only what the code's voucher names, and only the owner that signed it, is the vault that the code belongs to.
    fn open(&self, recovered: Recovered) -> Result<Found, Error> {
        let Recovered { escrow, revocation } = recovered;
        let owner_key = escrow.key;
        let said = escrow.verify().map_err(|_| FOREIGN)?;
        let holder = said.holder(&self.code.key()).ok_or(FOREIGN)?;
        let secrets = self.code.open(holder, said.vault, said.number);
        let secrets = secrets.map_err(|_| FOREIGN)?;
        if SecretKey::from_seed(&secrets.owner).public() != owner_key {
            return Err(FOREIGN.into());
        }
        Ok(Found {
            secrets,
            escrow: said,
            revocation,
        })
    }
}

const FOREIGN: SyncError =
    SyncError::Protocol("what it keeps for this code is not what the code vouches for");
