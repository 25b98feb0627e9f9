//! The limit: as many entries of the same size, durably in a plain redb, a batch a commit.

use std::path::Path;

use redb::{Database, TableDefinition};

use crate::stopwatch::{Took, timed};

/// Entries of one batch, as the protocol sends them.
const PER_BATCH: usize = 512;
/// Bytes of a stored entry of about 300 bytes of payload.
const ENTRY_BYTES: usize = 400;
const LIMIT: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("entries");

pub(super) fn write_plainly(path: &Path, count: usize) -> anyhow::Result<Took> {
    let database = Database::create(path)?;
    let body = [7u8; ENTRY_BYTES];
    let write = || {
        for start in (0..count).step_by(PER_BATCH) {
            let transaction = database.begin_write()?;
            let mut table = transaction.open_table(LIMIT)?;
            for number in start..count.min(start + PER_BATCH) {
                // Slots are hashes: they arrive in no order.
                let slot = (number as u128)
                    .wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)
                    .to_be_bytes();
                table.insert(slot.as_slice(), body.as_slice())?;
            }
            drop(table);
            transaction.commit()?;
        }
        Ok(())
    };
    Ok(timed(write)?.1)
}
