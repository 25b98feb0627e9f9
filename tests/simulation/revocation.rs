//! Who speaks for the vault: which escrow the server keeps, and which device it said to be the only one. Learnt
//! from the frames on the wire alone, as the promises about grants are.

use std::collections::BTreeSet;

use vault_core::wire::{
    recovery::{SignedEscrow, SignedRevocation},
    signature::PublicKey,
};

/// What the server has said of escrows and revocations.
#[derive(Clone, Debug, Default)]
pub(crate) struct Speakers {
    /// Number and transport key of the revocation that it answered last.
    alone: Option<(u64, PublicKey)>,
    /// The escrow that it keeps: its number, and the recovery keys in it.
    kept: Option<(u64, Vec<PublicKey>)>,
}

/// What devices have said of them, whether it arrived or not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Claims {
    /// The devices that had others revoked.
    stays: BTreeSet<[u8; 32]>,
    /// The highest number of an escrow.
    escrow: u64,
}

impl Speakers {
    /// The server answered a revocation.
    pub(crate) fn revoked(&mut self, number: u64, stays: PublicKey) {
        if self.alone.is_none_or(|(last, _)| last <= number) {
            self.alone = Some((number, stays));
        }
    }

    /// Whether another device was said to be the only one.
    pub(crate) fn have_revoked(&self, device: PublicKey) -> bool {
        self.alone.is_some_and(|(_, stays)| stays != device)
    }

    /// The server keeps an escrow.
    pub(crate) fn kept(&mut self, escrow: &SignedEscrow) {
        let escrow = escrow.verify().expect("a vault signs its escrow");
        let keys = escrow.holders.iter().map(|holder| holder.key).collect();
        if self
            .kept
            .as_ref()
            .is_none_or(|(number, _)| *number <= escrow.number)
        {
            self.kept = Some((escrow.number, keys));
        }
    }

    /// Whether a code must bring the vault back: the escrow that was kept last is sealed to it, and none that is
    /// later was ever said.
    pub(crate) fn must_know(&self, key: PublicKey, claims: &Claims) -> bool {
        let kept = self.kept.as_ref();
        kept.is_some_and(|(number, keys)| *number == claims.escrow && keys.contains(&key))
    }

    /// The data were set back to what they were when `then` held, with the ledger of erasures or without it. Of
    /// revocations the later one counts, wherever it stands; the escrow is in the data alone.
    pub(crate) fn set_back(&mut self, then: &Self, with_ledger: bool) {
        let before = std::mem::replace(self, then.clone());
        if let Some((number, stays)) = before.alone.filter(|_| !with_ledger) {
            self.revoked(number, stays);
        }
    }
}

impl Claims {
    /// A device says that it alone speaks for the vault.
    pub(crate) fn revokes(&mut self, revocation: &SignedRevocation, device: PublicKey) {
        assert!(revocation.claimed_vault().is_some(), "a vault says which it is");
        self.stays.insert(device.0);
    }

    /// A device sends an escrow. Returns its number.
    pub(crate) fn escrows(&mut self, escrow: &SignedEscrow) -> u64 {
        let escrow = escrow.verify().expect("a vault signs its escrow");
        self.escrow = self.escrow.max(escrow.number);
        escrow.number
    }

    /// Whether another device may have had this one revoked.
    pub(crate) fn may_revoke(&self, device: PublicKey) -> bool {
        self.stays.iter().any(|stays| *stays != device.0)
    }
}
