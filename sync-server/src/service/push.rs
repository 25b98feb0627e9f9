//! Storing sealed entries of a grant. Each that the server can open is opened and checked against what
//! is granted, so that a faulty device cannot share too much unnoticed. Of those that only the
//! application can open, it sees category and size.

use vault_wire::{
    entry::{Binding, Body, Entry},
    frame::{Entries, EntriesAck, Rejection},
    id::VaultId,
    terms::Terms,
    time::Timestamp,
};

use super::{grant_rules::takes_entries, held::Holding, time_span::may_lie_within};
use crate::{
    Server,
    live::Session,
    store::{
        GrantRow, HeldKey, Rows, StoreError, Tx,
        tables::{GRANTS, key},
    },
};

/// Why a batch was not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PushError {
    /// A newer connection of the device took over: what this one had queued does not count.
    TakenOver,
    /// The server cannot serve now.
    Unavailable,
}

/// Queues a batch, at once and in the order of the calls. What the answer says is durable, counted
/// and fingerprinted in one transaction; a batch that comes again changes nothing.
pub(crate) fn push(
    server: &Server,
    session: &Session,
    batch: Entries,
) -> impl Future<Output = Result<EntriesAck, PushError>> + Send + 'static {
    let mut checked = Checked::new(batch);
    // Opening entries is work for many processors; only what changes meanwhile is left to the writer.
    let looked = server
        .store()
        .view()
        .and_then(|view| view.get(&GRANTS, &checked.grant_key(session.vault)))
        .and_then(|row| checked.check(server, row.as_ref()));
    let (service, connection, now) = (server.clone(), session.clone(), server.now());
    let stored = looked.map(|()| {
        server.store().write(move |tx| {
            if !connection.is_current() {
                return Ok(Err(PushError::TakenOver));
            }
            store(&service, tx, connection.vault, checked, now).map(Ok)
        })
    });
    async move {
        let stored = stored.map_err(|_| PushError::Unavailable)?;
        stored.await.map_err(|_| PushError::Unavailable)?
    }
}

/// A batch, each entry with why it cannot be stored, as of one statement of its grant.
struct Checked {
    batch: Entries,
    as_of: u64,
    verdicts: Vec<Result<(), Rejection>>,
}

impl Checked {
    fn new(batch: Entries) -> Self {
        Self {
            batch,
            as_of: 0,
            verdicts: Vec::new(),
        }
    }

    fn grant_key(&self, vault: VaultId) -> Vec<u8> {
        key(&[vault.as_bytes(), self.batch.grant.as_bytes()])
    }

    fn check(&mut self, server: &Server, row: Option<&GrantRow>) -> Result<(), StoreError> {
        self.verdicts.clear();
        self.as_of = row.map_or(0, |row| row.number);
        let Some(row) = row.filter(|row| row.generation == self.batch.generation) else {
            return Ok(());
        };
        let held = server.grant_keys().get(self.batch.grant, self.batch.generation)?;
        let Some(held) = held else { return Ok(()) };
        let binding = Binding {
            grant: self.batch.grant,
            generation: self.batch.generation,
            statement: self.batch.statement,
        };
        self.verdicts = self
            .batch
            .entries
            .iter()
            .map(|entry| examine(entry, &held, binding, &row.terms))
            .collect();
        Ok(())
    }

    /// The answer that nothing was stored.
    fn refused(&self) -> EntriesAck {
        let over = |entry: &Entry| (entry.slot, Rejection::GrantOver);
        EntriesAck {
            grant: self.batch.grant,
            generation: self.batch.generation,
            number: self.batch.number,
            rejected: self.batch.entries.iter().map(over).collect(),
        }
    }
}

fn examine(entry: &Entry, held: &HeldKey, binding: Binding, terms: &Terms) -> Result<(), Rejection> {
    if !entry.within_limits() {
        return Err(Rejection::TooLarge);
    }
    let Body::Put { category, .. } = &entry.body else {
        return Ok(());
    };
    let HeldKey::Open(key) = held else {
        let granted = terms.detail(*category).map(drop);
        return granted.ok_or(Rejection::OutsideGrant);
    };
    let payload = entry.open(key, binding).map_err(|_| Rejection::NotAuthentic)?;
    let detail = terms.detail(*category).ok_or(Rejection::OutsideGrant)?;
    let granted = payload.within(detail) && may_lie_within(&payload, detail);
    granted.then_some(()).ok_or(Rejection::OutsideGrant)
}

fn store(
    server: &Server,
    tx: &Tx,
    vault: VaultId,
    mut checked: Checked,
    now: Timestamp,
) -> Result<EntriesAck, StoreError> {
    let at = checked.grant_key(vault);
    let row = tx.get(&GRANTS, &at)?;
    if row.as_ref().map_or(0, |row| row.number) != checked.as_of {
        // A statement came between the look and the transaction.
        checked.check(server, row.as_ref())?;
    }
    let Some(row) = row else {
        return Ok(checked.refused());
    };
    if !takes_entries(&row, now) {
        return Ok(checked.refused());
    }
    let mut row = row;
    let Checked { batch, verdicts, .. } = &checked;
    let in_force = batch.generation == row.generation
        && (row.extent_number..=row.number).contains(&batch.statement)
        && verdicts.len() == batch.entries.len();
    if !in_force {
        return Ok(checked.refused());
    }
    let mut rejected = Vec::new();
    let mut held = Holding::of(server, tx, &at, &row)?;
    let Checked { batch, verdicts, .. } = checked;
    for (entry, verdict) in batch.entries.into_iter().zip(verdicts) {
        let slot = entry.slot;
        let stored = match verdict {
            Ok(()) => held.put(&mut row, entry, batch.statement, now)?,
            Err(rejection) => Err(rejection),
        };
        rejected.extend(stored.err().map(|rejection| (slot, rejection)));
    }
    held.finish(&row, now)?;
    tx.put(&GRANTS, &at, &row)?;
    Ok(EntriesAck {
        grant: batch.grant,
        generation: batch.generation,
        number: batch.number,
        rejected,
    })
}
