//! Filling a new file with every table of a snapshot.

use std::ops::ControlFlow;

use super::Watch;
use super::progress::Steps;
use crate::disk::Disk;
use crate::engine::{Snapshot, Transaction};
use crate::error::Error;
use crate::file::SealedFile;
use crate::header::{FileId, Origin, Refill, Sealed, refill};
use crate::keys::{FileIdentity, Key};

/// What a copy holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The identity of the new file.
    pub file_id: FileId,
    /// How many tables were copied.
    pub tables: u64,
    /// How many rows.
    pub rows: u64,
}

impl SealedFile {
    /// Copies the newest state to an empty disk, as a file of its own that the same secrets open.
    pub(super) fn copy_to(
        &self,
        disk: impl Disk,
        origin: Origin,
        watch: &mut Watch<'_>,
    ) -> Result<(Self, Copied), Error> {
        let sealed = self.sealed_copy(origin)?;
        let (copy, (tables, rows)) = self.fill_like(disk, sealed, watch)?;
        let file_id = copy.file_id();
        Ok((
            copy,
            Copied {
                file_id,
                tables,
                rows,
            },
        ))
    }

    /// The header of a new file with the same slots and the same vault key.
    pub(super) fn sealed_copy(&self, origin: Origin) -> Result<Sealed, Error> {
        let header = self.header();
        let own = Refill {
            file: FileIdentity {
                id: FileId(self.0.entropy.array()?),
                epoch: 1,
            },
            header_seq: 1,
            origin: Some(origin),
            slots: header.slots.clone(),
            vault_key: Key::new(self.0.vault_key.as_bytes()),
        };
        refill(&header, &self.0.root_key, own, &self.0.entropy)
    }

    /// Fills a new file with every table of the newest state, under this one's randomness and options.
    pub(super) fn fill_like(
        &self,
        disk: impl Disk,
        sealed: Sealed,
        watch: &mut Watch<'_>,
    ) -> Result<(Self, (u64, u64)), Error> {
        let entropy = self.0.entropy.clone();
        let transactions = self.position().transactions;
        Self::filled(disk, sealed, entropy, &self.0.options, transactions, |new| {
            copy_tables(&self.read()?, new, watch)
        })
    }
}

/// Copies every table in one transaction, in key order, which packs the pages tightly. Returns how many tables
/// and rows.
fn copy_tables(from: &Snapshot, to: &SealedFile, watch: &mut Watch<'_>) -> Result<(u64, u64), Error> {
    let tables = from.tables()?;
    let mut rows = 0;
    for table in &tables {
        rows += from.table(table)?.len()?;
    }
    let mut steps = Steps::of(rows, watch)?;
    let transaction = Transaction::begin(&to.0.database)?;
    for table in &tables {
        let mut target = transaction.table(table)?;
        let mut end = target.append()?;
        let copied = from.table(table)?.range(..)?.visit(|key, value| {
            let step = end.push(key, value).and_then(|()| steps.advance(1));
            step.map_or_else(ControlFlow::Break, ControlFlow::Continue)
        })?;
        if let ControlFlow::Break(error) = copied {
            return Err(error);
        }
        end.close()?;
    }
    steps.finish()?;
    transaction.commit()?;
    Ok((tables.len() as u64, rows))
}
