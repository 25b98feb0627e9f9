//! Doing again what the journal says was done.

use std::sync::Arc;

use redb::{Durability, WriteTransaction};

use super::{Database, Table, Transaction, WriteTable};
use crate::error::{Error, Part};
use crate::journal::{Op, Ops};
use crate::layout::JournalMark;

impl Database {
    /// Applies journaled transactions in memory. They are durable where they are, and the first transaction of
    /// this session folds them; until then nothing is written, so that a file opens on a full disk too.
    pub(crate) fn replay(self: &Arc<Self>, transactions: &[Vec<u8>], mark: JournalMark) -> Result<(), Error> {
        if transactions.is_empty() {
            return Ok(());
        }
        let transaction = Transaction::begin(self)?;
        for ops in transactions {
            transaction.repeat(ops)?;
        }
        self.store.carry_mark(mark);
        let mut writing = transaction.into_writing();
        writing.run_mut(|writing| writing.set_durability(Durability::None))?;
        writing.finish(WriteTransaction::commit)
    }
}

impl Transaction {
    /// Does what another transaction did.
    pub(crate) fn repeat(&self, ops: &[u8]) -> Result<(), Error> {
        let mut names: Vec<Table> = Vec::new();
        let mut open: Option<(usize, WriteTable<'_>)> = None;
        for op in Ops::of(ops) {
            match op.map_err(|_| malformed())? {
                Op::Table(name) => {
                    open = None;
                    let table = Table::named(name);
                    drop(self.table(&table)?);
                    names.push(table);
                }
                Op::RemoveTable(name) => {
                    open = None;
                    self.remove_table(&Table::named(name))?;
                }
                Op::Insert { table, key, value } => {
                    self.opened(&mut open, &names, table)?.insert(key, value)?;
                }
                Op::Remove { table, key } => {
                    self.opened(&mut open, &names, table)?.remove(key)?;
                }
            }
        }
        Ok(())
    }

    /// The table with a number. The last one stays open, because rows of a table come together.
    fn opened<'o, 't>(
        &'t self,
        open: &'o mut Option<(usize, WriteTable<'t>)>,
        names: &[Table],
        number: usize,
    ) -> Result<&'o mut WriteTable<'t>, Error> {
        if open.as_ref().is_none_or(|(open, _)| *open != number) {
            *open = None;
            let name = names.get(number).ok_or_else(malformed)?;
            *open = Some((number, self.table(name)?));
        }
        open.as_mut().map(|(_, table)| table).ok_or_else(malformed)
    }
}

/// It authenticates, so somebody with the key wrote it, but not this software.
fn malformed() -> Error {
    Error::Tampered { what: Part::Journal }
}
