//! What a session owes besides consent and data: a revocation, and an escrow.

use vault_wire::{
    frame::{EscrowKept, Frame},
    recovery::SignedRevocation,
    time::Timestamp,
};

use super::Session;
use crate::{
    error::Error,
    sync::{SyncError, SyncEvent, escrow, takeover},
};

/// What the server still owes an answer for.
#[derive(Default)]
pub(super) struct Owed {
    /// A revocation.
    revocation: bool,
    /// A revocation that is to be said once the escrow is kept.
    revocation_later: Option<SignedRevocation>,
    /// How often an escrow was sent, until the server answers.
    escrow: Option<u32>,
}

/// Escrows that one session sends at most: more would mean that two copies of the vault outbid each other.
const ESCROWS_MAX: u32 = 3;

impl Owed {
    pub(super) const fn is_nothing(&self) -> bool {
        !self.revocation && self.revocation_later.is_none() && self.escrow.is_none()
    }
}

impl Session {
    /// What is to be said before HELLO.
    pub(super) fn before_hello(&mut self) -> Result<Option<Frame>, Error> {
        let pending = takeover::pending_revocation(&self.store.view()?)?;
        Ok(match pending {
            Some(pending) if pending.after_escrow => {
                self.owed.revocation_later = Some(pending.revocation);
                None
            }
            Some(pending) => Some(self.revoke(pending.revocation)),
            None => None,
        })
    }

    fn revoke(&mut self, revocation: SignedRevocation) -> Frame {
        self.owed.revocation = true;
        Frame::Revoke(Box::new(revocation))
    }

    /// What is to be said after WELCOME, which names the server's time and the escrow that it keeps.
    pub(super) fn after_welcome(&mut self, now: Timestamp, escrow_held: u64) -> Result<(), Error> {
        takeover::welcomed(&self.store, now)?;
        if let Some(escrow) = escrow::due(&self.store, escrow_held)? {
            self.owed.escrow = Some(1);
            self.outbox.push_back(Frame::Escrow(Box::new(escrow)));
        }
        self.go_on_with_takeover()
    }

    /// What needs the escrow to be kept.
    fn go_on_with_takeover(&mut self) -> Result<(), Error> {
        if self.owed.escrow.is_some() || self.owed.revocation {
            return Ok(());
        }
        if let Some(revocation) = self.owed.revocation_later.take() {
            let frame = self.revoke(revocation);
            self.outbox.push_back(frame);
        }
        Ok(())
    }

    /// No other device speaks for the vault any more.
    pub(super) fn revoked(&mut self) -> Result<(), Error> {
        if !std::mem::take(&mut self.owed.revocation) {
            return Err(SyncError::Protocol("it answered a revocation that was not sent").into());
        }
        self.store.update(takeover::revoked)?;
        self.events.push_back(SyncEvent::OthersRevoked);
        match self.welcomed {
            Some(_) => self.go_on_with_takeover(),
            None => Ok(()),
        }
    }

    pub(super) fn escrow_kept(&mut self, answer: EscrowKept) -> Result<(), Error> {
        let sent = self.owed.escrow.take();
        let sent = sent.ok_or(SyncError::Protocol("it answered an escrow that was not sent"))?;
        let again = escrow::answered(&self.store, answer.number, answer.kept)?;
        if let Some(escrow) = again.filter(|_| sent < ESCROWS_MAX) {
            self.owed.escrow = Some(sent + 1);
            self.outbox.push_back(Frame::Escrow(Box::new(escrow)));
        }
        self.go_on_with_takeover()
    }
}
