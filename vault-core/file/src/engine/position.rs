//! How far the database has come, and who is told.

use std::sync::Arc;

use super::Database;
use crate::anchor::{Anchor, Position};
use crate::error::{Error, Fault};

impl Database {
    /// What is durable.
    pub(crate) fn position(&self) -> Position {
        Position {
            file: self.file,
            transactions: self.journal.durable(),
        }
    }

    /// How many transactions are durable in the journal alone.
    pub(crate) fn journaled(&self) -> u64 {
        let folded = self.store.journal_mark().applied;
        self.journal.durable().saturating_sub(folded)
    }

    /// Ends the handle.
    pub(crate) fn finish(&self, fault: Fault) {
        self.health().record(fault);
    }

    pub(crate) fn attach(&self, anchor: Arc<dyn Anchor>) -> Result<(), Error> {
        self.anchor.set(anchor).map_err(|_| Error::InvalidInput {
            what: "the file has an anchor already",
        })
    }

    /// Tells the anchor, if there is one, how far the database has come.
    pub(crate) fn tell_anchor(&self) -> Result<(), Error> {
        match self.anchor.get() {
            Some(anchor) => Ok(anchor.remember(self.position())?),
            None => Ok(()),
        }
    }
}
