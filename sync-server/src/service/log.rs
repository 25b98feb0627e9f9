//! The log of a vault: every notice is a leaf, in the transaction in which it happened, and the head is
//! signed for whoever connects. The leaves stay when the notices are confirmed and gone.

use std::ops::ControlFlow;

use vault_wire::{
    Digest,
    frame::{Event, LogLeaves, LogPosition},
    id::{LogId, VaultId},
    limits,
    log::{LEAVES_MAX, LogHead, LogProof, SignedHead, leaf},
    time::Timestamp,
};

use crate::{
    Server,
    store::{
        LogRow, Rows, StoreError, Tx,
        tables::{LOG_LEAVES, LOGS, key},
    },
};

/// Where a notice came to stand.
pub(super) struct Logged {
    /// Its number.
    pub(super) number: u64,
    index: u64,
    path: Vec<Digest>,
    row: LogRow,
}

/// Takes a notice into the log of its vault.
pub(super) fn append(tx: &Tx, vault: VaultId, event: &Event) -> Result<Logged, StoreError> {
    let mut row = of(tx, vault)?;
    let (index, path) = (row.frontier.size(), row.frontier.path_of_next());
    let leaf = leaf(event);
    row.frontier.push(leaf);
    let number = row.last_number();
    tx.put(&LOG_LEAVES, &leaf_key(vault, number), &leaf)?;
    tx.put(&LOGS, vault.as_bytes(), &row)?;
    Ok(Logged {
        number,
        index,
        path,
        row,
    })
}

impl Logged {
    /// Proves that the notice is in the log.
    pub(super) fn proof(self, server: &Server, vault: VaultId, now: Timestamp) -> LogProof {
        LogProof {
            head: sign(server, vault, &self.row, now),
            index: self.index,
            path: self.path,
        }
    }
}

/// The log of a vault; an empty one if nothing was told yet.
pub(super) fn of(rows: &impl Rows, vault: VaultId) -> Result<LogRow, StoreError> {
    let row = rows.get(&LOGS, vault.as_bytes())?;
    Ok(row.unwrap_or_else(|| LogRow::begin(LogId::first_of(vault), 0)))
}

/// The head of a vault's log, and the number of its last notice.
pub(super) fn head(
    server: &Server,
    rows: &impl Rows,
    vault: VaultId,
    now: Timestamp,
) -> Result<(u64, SignedHead), StoreError> {
    let row = of(rows, vault)?;
    Ok((row.last_number(), sign(server, vault, &row, now)))
}

/// Whether the device's copy of the log is the beginning of this one. If not, this data was set back.
pub(super) fn continues(
    rows: &impl Rows,
    vault: VaultId,
    seen: u64,
    device: LogPosition,
) -> Result<bool, StoreError> {
    let row = of(rows, vault)?;
    if device.log != row.log || seen <= row.base {
        return Ok(seen <= row.last_number());
    }
    Ok(rows.get(&LOG_LEAVES, &leaf_key(vault, seen))? == Some(device.last))
}

/// Begins another log above every number that was ever told.
pub(super) fn begin_again(tx: &Tx, vault: VaultId, seen: u64, log: LogId) -> Result<(), StoreError> {
    let base = of(tx, vault)?.last_number().max(seen.min(LEAVES_MAX));
    tx.put(&LOGS, vault.as_bytes(), &LogRow::begin(log, base))
}

/// The number after which the device is told: what it has seen, or where the log begins if its own is
/// another.
pub(super) fn told_from(
    rows: &impl Rows,
    vault: VaultId,
    seen: u64,
    device: LogPosition,
) -> Result<u64, StoreError> {
    let row = of(rows, vault)?;
    Ok(if device.log == row.log {
        seen.max(row.base)
    } else {
        row.base
    })
}

/// At most one frame of leaves, from a number on and before another.
pub(crate) fn leaves(
    rows: &impl Rows,
    vault: VaultId,
    first: u64,
    before: u64,
) -> Result<LogLeaves, StoreError> {
    let mut leaves = Vec::new();
    rows.scan(
        &LOG_LEAVES,
        vault.as_bytes(),
        &first.to_be_bytes(),
        |rest, leaf| {
            let number = rest.try_into().map_or(u64::MAX, u64::from_be_bytes);
            if number >= before || leaves.len() == limits::LOG_LEAVES_MAX {
                return ControlFlow::Break(());
            }
            leaves.push(leaf);
            ControlFlow::Continue(())
        },
    )?;
    Ok(LogLeaves { first, leaves })
}

/// Forgets the log of a vault that nobody has.
pub(super) fn forget(tx: &Tx, vault: VaultId, page: usize) -> Result<(), StoreError> {
    for (number, _) in tx.rows(&LOG_LEAVES, vault.as_bytes(), page)? {
        tx.remove(&LOG_LEAVES, &key(&[vault.as_bytes(), &number]))?;
    }
    tx.remove(&LOGS, vault.as_bytes())?;
    Ok(())
}

fn sign(server: &Server, vault: VaultId, row: &LogRow, now: Timestamp) -> SignedHead {
    LogHead::of(vault, row.log, row.base, &row.frontier, now).sign(&server.keys().receipts)
}

fn leaf_key(vault: VaultId, number: u64) -> Vec<u8> {
    key(&[vault.as_bytes(), &number.to_be_bytes()])
}
