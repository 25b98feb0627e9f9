//! What must hold once the vault was taken back: the server hears nothing more from any other device.

use vault_core::{
    GrantId,
    wire::{frame::Refusal, signature::PublicKey},
};

use super::super::{line::Asked, world::World};

impl World {
    /// The server answers what a device said. Of a device that was revoked it answers nothing that came later.
    pub(crate) fn check_it_may_answer(&self, number: usize, asked: Asked) {
        let line = &self.lines[&number];
        if !line.may_be_answered(asked) {
            self.wrong(&format!(
                "{} is answered {asked:?} after it was revoked",
                line.owner
            ));
        }
    }

    /// A device sends entries. Who took the vault back sends none under what a lost device left, before its owner
    /// says how that goes on.
    pub(crate) fn check_it_may_send(&self, device: PublicKey, grant: GrantId) {
        // The server's clock tells what was there before; and a revocation that was lost with the ledger lets the
        // lost device speak on.
        let may_be = ["ServerClockJumps", "SetServerAndLedgerBack"];
        let is_known = !may_be.iter().any(|deed| self.counts.contains_key(*deed));
        if is_known && self.stays == Some(device) && !self.let_go_on.contains(&grant) {
            self.wrong(&format!(
                "{grant} goes on after the vault was taken back, and nobody said so"
            ));
        }
    }

    /// The server sends a device away. Revoked is only who was.
    pub(crate) fn check_refusal(&self, number: usize, refusal: Refusal) {
        let device = self.lines[&number].device;
        if refusal == Refusal::Revoked && !self.claims.may_revoke(device) {
            self.wrong("a device is revoked, and no other one took the vault back");
        }
    }

    /// The server answered a revocation: what any other device says from here on is not heard.
    pub(crate) fn alone_speaks(&mut self, number: u64, stays: PublicKey) {
        self.speakers.revoked(number, stays);
        for line in self.lines.values_mut() {
            if self.speakers.have_revoked(line.device) {
                line.revoke();
            }
        }
    }

    /// Whether a ledger that was put back may hold a revocation of a device whose answer was lost.
    pub(super) fn may_be_revoked_unanswered(&self, device: PublicKey) -> bool {
        self.counts.contains_key("SetServerAndLedgerBack") && self.claims.may_revoke(device)
    }

    /// Whether the server takes what a device says.
    pub(super) fn is_listened_to(&mut self, owner: usize) -> bool {
        self.connect(owner);
        self.run(owner);
        let is_listened_to = self.owners[owner].talk.is_some();
        self.hang_up_all();
        is_listened_to
    }

    /// A device that was revoked is sent away, and keeps what is its own.
    pub(super) fn check_it_is_sent_away(&mut self, owner: usize) {
        if self.is_listened_to(owner) {
            self.wrong(&format!("{owner} was revoked and is listened to"));
        }
        // What another copy had agreed to, it may have heard of before.
        self.owners[owner].adopt_grants();
        let this = &self.owners[owner];
        if let Some(difference) = this.differs_from(&this.holds) {
            self.wrong(&format!(
                "a lost device lost or changed something of its own: {difference}"
            ));
        }
        self.count("lost device sent away");
    }
}
