//! How far a file has come, and whether it was put back.

use std::sync::Arc;

use crate::anchor::{Anchor, Position};
use crate::error::{Error, Fault};
use crate::file::SealedFile;

impl SealedFile {
    /// Makes the tables themselves durable and empties the journal, after waiting for the writer. Nothing is
    /// safer afterwards than before; but a file that is then not closed opens without replaying, and an
    /// [anchor](Self::anchored) is up to date. Worth calling when nothing else is to do, and before the host
    /// goes to the background.
    ///
    /// # Errors
    ///
    /// [`Error::AnchorUnavailable`], after everything else was done; otherwise what the file reports.
    pub fn checkpoint(&self) -> Result<(), Error> {
        self.0.database.checkpoint()?;
        self.0.database.tell_anchor()
    }

    /// How many transactions the file holds durably, all that were ever made in it. The number never falls,
    /// also not when the file is rewritten.
    pub fn position(&self) -> Position {
        self.0.database.position()
    }

    /// How many of these transactions lie in the journal alone, and are folded into the tables by the next
    /// [`checkpoint`](Self::checkpoint), or when the file is closed. They are as safe as all others.
    pub fn journaled(&self) -> u64 {
        self.0.database.journaled()
    }

    /// Compares the file with what an anchor remembers of it, and from then on tells the anchor how far it has
    /// come, at each [`checkpoint`](Self::checkpoint) and when it is closed.
    ///
    /// # Errors
    ///
    /// [`Error::RolledBack`] if the file has come less far than it had before: it was put back, or its storage
    /// lost writes that it had confirmed. The handle is finished then, and what the file holds is not changed.
    /// [`Error::AnchorUnavailable`]; [`Error::InvalidInput`] if the file has an anchor already.
    pub fn anchored(self, anchor: Arc<dyn Anchor>) -> Result<Self, Error> {
        let Position { file, transactions } = self.position();
        if let Some(expected) = anchor.recall(file)?
            && expected > transactions
        {
            let fault = Fault::RolledBack {
                expected,
                found: transactions,
            };
            self.0.database.finish(fault);
            return Err(fault.into());
        }
        self.0.database.attach(anchor)?;
        self.0.database.tell_anchor()?;
        Ok(self)
    }
}
