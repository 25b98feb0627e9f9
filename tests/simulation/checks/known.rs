//! What the owner must know: what they did, why a grant ended, who read, and of no contradiction in the log
//! of a server that kept all its data.

use std::collections::BTreeSet;

use vault_core::{
    GrantState, Timestamp,
    wire::{frame::Event, terms::Duration},
};

use super::super::{owner::Word, world::World};

impl World {
    /// What the device says of itself is what the owner did, and what became of it has a reason.
    pub(super) fn check_the_owner_knows(&mut self, owner: usize) {
        let this = &self.owners[owner];
        if let Some(difference) = this.differs_from(&this.holds) {
            self.wrong(&format!(
                "a vault lost or changed something of its own: {difference}"
            ));
        }
        for grant in this.vault.grants().unwrap() {
            let consent = &self.consents[&grant.id];
            let may_end = matches!(grant.terms.duration, Duration::TimeBound(_));
            // To refuse on one copy what was agreed to on another takes it back; and what another grant took the
            // place of on one copy is named as ended, so that a server which was set back tells the others that
            // it is withdrawn (PROTOCOL, section 9), and they say so too.
            let is_replaced = consent.is_amended && self.had_two_lives();
            let is_taken_back = consent.is_withdrawn || is_replaced || self.refused.contains(&grant.request);
            let has_reason = match grant.state {
                GrantState::Active | GrantState::Paused => {
                    let paused = matches!(
                        this.holds.grants.get(&grant.id),
                        Some(Word::Agreed { is_paused: true, .. })
                    );
                    let as_said = paused == (grant.state == GrantState::Paused);
                    !grant.undelivered && (as_said || self.had_two_lives() || self.clocks_jumped())
                }
                GrantState::Superseded => consent.is_amended,
                GrantState::Erased => {
                    // Data set back to before the grant was ever there have nothing to erase.
                    let is_erased = self.promises.is_erased(grant.id) || self.had_two_lives();
                    is_taken_back && is_erased
                }
                GrantState::Withdrawn => is_taken_back,
                // A copy that only hears that its statement comes too late cannot know what it came too late for.
                GrantState::Expired => may_end || is_replaced || self.clocks_jumped(),
                GrantState::NotAccepted(_) => {
                    consent.is_withdrawn
                        || self.had_two_lives()
                        || self.clocks_jumped()
                        || self.may_have_lapsed()
                        // A later amendment may have closed the request meanwhile.
                        || grant.amends.is_some()
                }
                GrantState::Refused => false,
            };
            if !has_reason {
                self.wrong(&format!("{} is {:?} without a reason", grant.id, grant.state));
            }
        }
    }

    /// Whether so much time has passed that a decision may have come too late.
    fn may_have_lapsed(&self) -> bool {
        let beginning: Timestamp = "2026-11-21T08:00:00Z".parse().unwrap();
        self.server_now().ms_since(beginning) > 86_400_000
    }

    /// Only a server whose data were set back contradicts what it signed.
    pub(crate) fn check_the_log_agrees(&self, owner: usize) {
        let log = self.owners[owner].vault.log().unwrap();
        let faults: Vec<_> = log.faults.iter().map(|fault| fault.kind).collect();
        if !faults.is_empty() && !self.server_was_set_back() {
            self.wrong(&format!("the server contradicts its log: {faults:?}"));
        }
    }

    /// Every read that was answered is told to the owner.
    pub(super) fn check_reads_are_told(&self) {
        if self.had_two_lives() {
            return;
        }
        let mut told = BTreeSet::new();
        for activity in self.owners[0].vault.activity(usize::MAX).unwrap() {
            if let Event::Read(receipt) = activity.event {
                told.insert(receipt.id);
            }
        }
        let untold = self.answered.difference(&told).count();
        if untold > 0 {
            self.wrong(&format!("{untold} reads were never told to the owner"));
        }
    }
}
