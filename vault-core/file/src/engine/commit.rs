//! Two ways to be durable: in the journal, or folded.

use redb::{Durability, WriteTransaction};

use super::Database;
use super::fence::Fence;
use crate::error::Error;
use crate::journal::Recorder;

impl Database {
    /// Makes a transaction durable. `did` is what it did.
    pub(super) fn commit(&self, writing: Fence<WriteTransaction>, did: Recorder) -> Result<(), Error> {
        match did.into_ops() {
            Some(ops) if ops.is_empty() => {
                drop(writing);
                Ok(self.journal.wait_for_all()?)
            }
            Some(ops) => self.journal_or_fold(writing, ops),
            None => self.fold(writing, 1),
        }
    }

    /// Makes redb's own state durable, so that the journal is empty.
    pub(crate) fn checkpoint(&self) -> Result<(), Error> {
        let writing = self.begin_write()?;
        if self.journal.needs_fold() {
            self.fold(writing, 0)
        } else {
            Ok(())
        }
    }

    fn journal_or_fold(&self, mut writing: Fence<WriteTransaction>, ops: Vec<u8>) -> Result<(), Error> {
        self.begin_session()?;
        let Some(mark) = self.journal.enter(ops) else {
            return self.fold(writing, 1);
        };
        // Should redb make this state durable by itself, as it does when it closes, it says what it contains.
        self.store.carry_mark(mark);
        writing.run_mut(|writing| writing.set_durability(Durability::None))?;
        writing.finish(WriteTransaction::commit)?;
        Ok(self.journal.wait_for(mark.applied)?)
    }

    /// Commits as redb does by itself: this transaction, and all that were only journaled.
    fn fold(&self, writing: Fence<WriteTransaction>, transactions: u64) -> Result<(), Error> {
        self.begin_session()?;
        let fold = self.journal.fold(transactions)?;
        self.store.carry_mark(fold.mark());
        writing.finish(WriteTransaction::commit)?;
        fold.done();
        Ok(())
    }

    /// Before the first write: from now on the journal counts, whichever commit slot is read.
    fn begin_session(&self) -> Result<(), Error> {
        if let Some(mark) = self.journal.first_mark() {
            self.store.write_mark(mark)?;
            self.journal.begin(mark);
        }
        Ok(())
    }
}
