//! What a device may say before HELLO when it has nothing but a recovery code.

use std::time::Duration;

use vault_wire::{
    frame::{Challenge, Frame, Recover, Refusal},
    recovery::{RecoveryProof, SignedRevocation},
};

use super::lane::{Lane, Over};
use crate::service::recovery;

/// How long after its proof a device is told that nothing lies here for it, so that trying takes time. One
/// connection has one try.
const REFUSED_AFTER: Duration = Duration::from_secs(1);

impl Lane {
    /// Has every other device of the vault revoked.
    pub(super) async fn revoke(&mut self, revocation: SignedRevocation) -> Result<Frame, Over> {
        let revoked = recovery::revoke(&self.server, self.device, revocation).await;
        revoked.map(Frame::Revoked).map_err(Over::Refused)
    }

    /// Challenges a device that says to have a code, and gives it what lies here for it.
    pub(super) async fn recover(&mut self, said: Recover) -> Result<(), Over> {
        let nonce = self.server.entropy().bytes();
        self.write(&Frame::Challenge(Challenge { nonce })).await?;
        let Frame::Prove(proof) = *self.next_frame().await? else {
            return Err(Over::Refused(Refusal::BadFrame));
        };
        let asked = RecoveryProof::new(nonce, self.device, self.server.tls().fingerprint());
        match recovery::recovered(&self.server, said.key, &asked, &proof.signature) {
            Ok(recovered) => self.write(&Frame::Recovered(Box::new(recovered))).await,
            Err(refusal) => {
                tokio::time::sleep(REFUSED_AFTER).await;
                Err(Over::Refused(refusal))
            }
        }
    }
}
