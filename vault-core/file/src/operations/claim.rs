//! Copies, and what must happen before one is written.
//!
//! Two copies of a vault that both write go different ways under one name: a server that hears both loses or
//! mixes their changes. So a copy carries a mark in its authenticated header and refuses every transaction
//! until the layer above has begun a new incarnation in it.

use crate::engine::Transaction;
use crate::error::Error;
use crate::file::SealedFile;
use crate::header::Origin;

impl SealedFile {
    /// How the file came to be a copy, if it is one that nobody has claimed: a backup, a restored file or a
    /// salvaged one. It can be read; [`write`](Self::write) answers [`Error::Unclaimed`] until
    /// [`claim`](Self::claim).
    pub fn unclaimed(&self) -> Option<Origin> {
        self.header().origin
    }

    /// Makes a copy a vault of its own. `begin` writes what sets it apart from the vault it was copied from,
    /// such as a new incarnation, in the first transaction of the copy; from then on it can be written.
    ///
    /// If power fails in between, the copy is still unclaimed, and claiming it again begins once more.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] if the file is no unclaimed copy, those of `begin`, and what the file reports.
    pub fn claim<T, E: From<Error>>(
        &self,
        begin: impl FnOnce(&Transaction, Origin) -> Result<T, E>,
    ) -> Result<T, E> {
        let transaction = Transaction::begin(&self.0.database)?;
        let Some(origin) = self.unclaimed() else {
            return Err(Error::InvalidInput {
                what: "this file is not an unclaimed copy",
            }
            .into());
        };
        let begun = begin(&transaction, origin)?;
        transaction.commit()?;
        self.change_header(|header| {
            header.origin = None;
            Ok(())
        })?;
        Ok(begun)
    }
}
