//! How far a grant's entries are with the server: what it holds, and which batches are on the way.
//!
//! A batch is written here before it is sent. A newer connection fences the older one at the server,
//! so what the server says at the start of a session is exact: batches up to there are held, later
//! ones never will be.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vault_file::{Snapshot, Transaction};
use vault_wire::{
    entry::{ContentTag, Fingerprint},
    frame::{ListingRow, Rejection},
    id::{GrantId, Slot},
};

use crate::{
    error::Error,
    store::{
        decode, encode, grant_key,
        tables::{HELD, INFLIGHT, PROGRESS, REJECTED},
        u64_key, u64_of,
    },
};

/// How far one grant is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// Generation of the grant that this is about.
    pub(super) generation: u32,
    /// Change sequence that the server acknowledged.
    pub(super) acked: u64,
    /// Change sequence up to which there is nothing more to send; at least `acked`.
    pub(super) cursor: u64,
    /// How many entries the server holds.
    pub(super) count: u64,
    /// Their fingerprint.
    pub(super) fingerprint: Fingerprint,
    /// Whether what the server holds is being compared; not over until it is done once whole.
    pub(super) reconciling: bool,
}

/// What the server has in a slot: an entry, or the deletion of one, which whatever comes next must exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    pub(super) rev: u64,
    pub(super) tag: ContentTag,
}

/// The tag of a deletion.
const DELETED: ContentTag = ContentTag([0; 16]);

impl Held {
    pub(super) const fn deletion(rev: u64) -> Self {
        Self { rev, tag: DELETED }
    }

    pub(super) fn listed(row: &ListingRow) -> Self {
        Self {
            rev: row.rev,
            tag: row.tag,
        }
    }

    pub(super) fn is_deletion(&self) -> bool {
        self.tag == DELETED
    }
}

/// What a batch on its way does to each slot.
pub(super) type BatchRows = Vec<(Slot, Option<Held>)>;

impl Progress {
    /// How far one generation of a grant is. One that nothing was sent of yet is at the beginning.
    pub(super) fn load(view: &Snapshot, grant: GrantId, generation: u32) -> Result<Self, Error> {
        let row = view.table(&PROGRESS)?.get(grant.as_bytes())?;
        let known = row
            .map(|row| decode::<Self>(&row, "a grant's progress"))
            .transpose()?;
        Ok(known
            .filter(|progress| progress.generation == generation)
            .unwrap_or(Self {
                generation,
                ..Self::default()
            }))
    }

    /// Whether anything is written down of this generation.
    pub(super) fn is_begun(view: &Snapshot, grant: GrantId, generation: u32) -> Result<bool, Error> {
        let row = view.table(&PROGRESS)?.get(grant.as_bytes())?;
        let row = row.map(|row| decode::<Self>(&row, "a grant's progress"));
        Ok(row
            .transpose()?
            .is_some_and(|known| known.generation == generation))
    }

    /// Begins a generation: nothing is held, and what was sent before is forgotten.
    pub(super) fn begin(transaction: &Transaction, grant: GrantId, generation: u32) -> Result<Self, Error> {
        forget(transaction, grant)?;
        let fresh = Self {
            generation,
            ..Self::default()
        };
        fresh.store(transaction, grant)?;
        Ok(fresh)
    }

    pub(super) fn store(&self, transaction: &Transaction, grant: GrantId) -> Result<(), Error> {
        transaction
            .table(&PROGRESS)?
            .insert(grant.as_bytes(), &encode(self))?;
        Ok(())
    }

    /// The server holds a batch, but for the slots that it rejected.
    pub(super) fn confirm(
        &mut self,
        transaction: &Transaction,
        grant: GrantId,
        through: u64,
        rows: &BatchRows,
        rejected: &BTreeMap<Slot, Rejection>,
    ) -> Result<(), Error> {
        let mut held = transaction.table(&HELD)?;
        let mut refusals = transaction.table(&REJECTED)?;
        for (slot, becomes) in rows {
            let key = grant_key(grant, slot.as_bytes());
            if let Some(why) = rejected.get(slot) {
                refusals.insert(&key, &encode(why))?;
                continue;
            }
            refusals.remove(&key)?;
            if let Some(row) = held.get(&key)? {
                let before: Held = decode(&row, "a held entry")?;
                if !before.is_deletion() {
                    self.fingerprint.toggle(*slot, before.rev, before.tag);
                    self.count = self.count.saturating_sub(1);
                }
            }
            match becomes {
                Some(now) => {
                    held.insert(&key, &encode(now))?;
                    self.count(*slot, now);
                }
                None => {
                    held.remove(&key)?;
                }
            }
        }
        transaction
            .table(&INFLIGHT)?
            .remove(&grant_key(grant, &u64_key(through)))?;
        self.acked = through;
        self.cursor = self.cursor.max(through);
        Ok(())
    }

    /// Starts a comparison: what the server holds is unknown until it lists it.
    pub(super) fn start_reconciling(
        transaction: &Transaction,
        grant: GrantId,
        generation: u32,
    ) -> Result<Self, Error> {
        forget(transaction, grant)?;
        let fresh = Self {
            generation,
            reconciling: true,
            ..Self::default()
        };
        fresh.store(transaction, grant)?;
        Ok(fresh)
    }

    /// Takes over what the server says it holds.
    pub(super) fn adopt(
        &mut self,
        transaction: &Transaction,
        grant: GrantId,
        rows: &[ListingRow],
    ) -> Result<(), Error> {
        let mut held = transaction.table(&HELD)?;
        for row in rows {
            let now = Held::listed(row);
            held.insert(&grant_key(grant, row.slot.as_bytes()), &encode(&now))?;
            self.count(row.slot, &now);
        }
        Ok(())
    }

    fn count(&mut self, slot: Slot, now: &Held) {
        if !now.is_deletion() {
            self.fingerprint.toggle(slot, now.rev, now.tag);
            self.count += 1;
        }
    }
}

/// Remembers a batch before it is sent.
pub(super) fn remember_batch(
    transaction: &Transaction,
    grant: GrantId,
    through: u64,
    rows: &BatchRows,
) -> Result<(), Error> {
    transaction
        .table(&INFLIGHT)?
        .insert(&grant_key(grant, &u64_key(through)), &encode(rows))?;
    Ok(())
}

/// Batches that were sent and not acknowledged, oldest first.
pub(super) fn batches_on_the_way(view: &Snapshot, grant: GrantId) -> Result<Vec<(u64, BatchRows)>, Error> {
    let rows = view.table(&INFLIGHT)?.prefix(grant.as_bytes())?;
    rows.map(|row| {
        let (key, value) = row?;
        Ok((u64_of(&key)?, decode(&value, "a batch on its way")?))
    })
    .collect()
}

/// Forgets batches that the server never got.
pub(super) fn drop_batches(transaction: &Transaction, grant: GrantId) -> Result<(), Error> {
    remove_all(transaction, &INFLIGHT, grant)
}

/// Forgets all that is known of what the server holds of a grant.
pub(super) fn forget(transaction: &Transaction, grant: GrantId) -> Result<(), Error> {
    transaction.table(&PROGRESS)?.remove(grant.as_bytes())?;
    for table in [&HELD, &INFLIGHT, &REJECTED] {
        remove_all(transaction, table, grant)?;
    }
    Ok(())
}

fn remove_all(transaction: &Transaction, table: &vault_file::Table, grant: GrantId) -> Result<(), Error> {
    let mut table = transaction.table(table)?;
    let keys: Vec<_> = table
        .prefix(grant.as_bytes())?
        .map(|row| Ok(row?.0))
        .collect::<Result<_, Error>>()?;
    for key in keys {
        table.remove(&key)?;
    }
    Ok(())
}
