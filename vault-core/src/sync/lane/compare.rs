//! Comparing with what the server holds.

use std::{collections::BTreeSet, ops::ControlFlow};

use vault_file::{Snapshot, Transaction};
use vault_wire::{
    frame::Reconcile,
    id::Slot,
    reconcile::{self, Difference, Fault, Next},
};

use super::{Comparing, Lane};
use crate::{
    error::Error,
    sync::{
        SyncError,
        by_slot::{BySlot, compared},
    },
};

/// Differences that are mended before the two sides compare again. A message names a few more.
const DIFFERENCES_MAX: usize = 32_768;

impl Lane {
    /// Whether it is time to ask the server what it holds.
    fn may_ask(&self) -> bool {
        let quiet = self.sent.is_empty() && self.arrived.is_empty() && self.settled.is_empty();
        quiet && matches!(self.comparing, Comparing::Begin | Comparing::Ask(_))
    }

    /// Whether what is held must be put in order before it is compared.
    pub(in crate::sync) fn must_put_in_place(&self) -> bool {
        self.progress.noted > 0 && self.may_ask()
    }

    /// Puts what is held in the order in which it is compared.
    pub(in crate::sync) fn put_in_place(&mut self, transaction: &Transaction) -> Result<(), Error> {
        self.progress.put_in_place(transaction, self.grant)?;
        self.progress.store(transaction, self.grant)
    }

    /// What is to be asked of the server next, if it is time to ask.
    pub(in crate::sync) fn next_question(&mut self, view: &Snapshot) -> Result<Option<Reconcile>, Error> {
        if !self.may_ask() {
            return Ok(None);
        }
        let message = match std::mem::replace(&mut self.comparing, Comparing::Asked) {
            Comparing::Ask(message) => message,
            _ => reconcile::question(&mut compared(view, self.grant, self.generation())?).map_err(fault)?,
        };
        Ok(Some(Reconcile {
            grant: self.grant,
            generation: self.generation(),
            message,
        }))
    }

    /// Takes in what the server says it holds.
    pub(in crate::sync) fn compare(&mut self, view: &Snapshot, answer: &Reconcile) -> Result<(), Error> {
        if self.comparing != Comparing::Asked || answer.generation != self.generation() {
            return Err(SyncError::Protocol("it compared what was not asked for").into());
        }
        let beyond = &mut self.beyond;
        let mut differing: BTreeSet<Slot> = BTreeSet::new();
        let mut set = compared(view, self.grant, self.progress.generation)?;
        let next = reconcile::compare(&mut set, &answer.message, |difference| {
            match difference {
                Difference::Ours(item) => {
                    beyond.found(item.slot(), None);
                    differing.insert(item.slot());
                }
                Difference::Theirs(item) => {
                    beyond.found(item.slot(), Some(item.tag()));
                    differing.insert(item.slot());
                }
            }
            match beyond.differences() < DIFFERENCES_MAX {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        });
        self.comparing = match next.map_err(fault)? {
            Next::Done => Comparing::No,
            Next::Ask(message) => Comparing::Ask(message),
            Next::Stopped => Comparing::Later,
        };
        let slots = BySlot::of(view, self.grant, self.generation())?;
        for slot in differing {
            match slots.record(slot)? {
                Some(record) => self.again.push((slot, record)),
                None => drop(self.strays.insert(slot)),
            }
        }
        Ok(())
    }
}

/// A comparison that cannot go on.
fn fault(fault: Fault<Error>) -> Error {
    match fault {
        Fault::Malformed(_) => SyncError::Protocol("its comparison cannot be read").into(),
        Fault::Set(error) => error,
    }
}
