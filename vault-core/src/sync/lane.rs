//! One grant within a session: what is on the way, and how far the walk is.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use vault_file::{Snapshot, Transaction};
use vault_wire::{
    entry::Binding,
    frame::{Entries, EntriesAck, List, Listing, Rejection},
    id::{GrantId, Slot},
};

use super::{
    SyncError,
    batch::{Batch, HeldView, OnTheWay, walk},
    progress::{self, BatchRows, Held, Progress},
};
use crate::{
    consent::{Exporter, grant_row},
    error::Error,
    records::next_change_after,
    store::Store,
};

/// A batch that was sent.
struct Sent {
    through: u64,
    rows: BatchRows,
    bytes: usize,
}

/// What an acknowledgement came to.
pub(super) struct Acknowledged {
    pub(super) entries: u64,
    pub(super) bytes: usize,
    pub(super) rejected: u64,
}

/// One grant within a session.
pub(super) struct Lane {
    grant: GrantId,
    progress: Progress,
    /// Change sequence up to which the walk has looked.
    looked: u64,
    /// Whether the walk has reached the end of the index since the last local change.
    rested: bool,
    sent: VecDeque<Sent>,
    on_the_way: OnTheWay,
    comparing: Comparing,
    /// Slots that the server holds and no record has accounted for yet.
    strays: HashSet<Slot>,
}

/// Where the comparison of what the server holds stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparing {
    No,
    /// The next page is to be asked for, after this slot.
    Ask(Option<Slot>),
    /// A page was asked for.
    Asked,
}

impl Lane {
    /// A lane whose progress the two sides agree on.
    pub(super) fn resume(grant: GrantId, progress: Progress) -> Self {
        let comparing = if progress.reconciling {
            Comparing::Ask(None)
        } else {
            Comparing::No
        };
        Self {
            grant,
            looked: progress.cursor,
            progress,
            rested: false,
            sent: VecDeque::new(),
            on_the_way: HashMap::new(),
            comparing,
            strays: HashSet::new(),
        }
    }

    /// The vault changed: there may be more to send.
    pub(super) fn wake(&mut self) {
        self.rested = false;
    }

    /// The generation whose entries it sends.
    pub(super) const fn generation(&self) -> u32 {
        self.progress.generation
    }

    /// Whether all that there is to send is acknowledged.
    pub(super) fn is_settled(&self) -> bool {
        self.rested && self.sent.is_empty() && self.comparing == Comparing::No
    }

    /// Whether the walk can go on without the server.
    pub(super) fn wants_to_walk(&self) -> bool {
        !self.rested && self.comparing == Comparing::No
    }

    /// Bytes that were sent and not acknowledged.
    pub(super) fn bytes_on_the_way(&self) -> usize {
        self.sent.iter().map(|sent| sent.bytes).sum()
    }

    /// Change sequence up to which the walk has looked.
    pub(super) const fn looked(&self) -> u64 {
        self.looked
    }

    /// The next page of what the server holds, if one is to be asked for.
    pub(super) fn next_list(&mut self) -> Option<List> {
        let Comparing::Ask(after) = self.comparing else {
            return None;
        };
        self.comparing = Comparing::Asked;
        Some(List {
            grant: self.grant,
            generation: self.generation(),
            after,
        })
    }

    /// Takes in a page of what the server holds.
    pub(super) fn adopt(&mut self, transaction: &Transaction, listing: &Listing) -> Result<(), Error> {
        self.progress.adopt(transaction, self.grant, &listing.rows)?;
        self.progress.store(transaction, self.grant)?;
        let entries = listing.rows.iter().filter(|row| !Held::listed(row).is_deletion());
        self.strays.extend(entries.map(|row| row.slot));
        self.comparing = match listing.rows.last() {
            Some(last) if !listing.complete => Comparing::Ask(Some(last.slot)),
            _ => Comparing::No,
        };
        Ok(())
    }

    /// The next batch, remembered durably before it is given out. Nothing, if there is none now;
    /// call again unless the lane is [at rest](Self::is_settled) or waits for the server.
    pub(super) fn next_batch(
        &mut self,
        store: &Store,
        view: &Snapshot,
        entries_max: usize,
    ) -> Result<Option<Entries>, Error> {
        if self.rested || self.comparing != Comparing::No {
            return Ok(None);
        }
        let row = grant_row(view, self.grant)?.ok_or(Error::NotFound("grant"))?;
        let Some(exporter) = Exporter::of(store, view, self.grant, &row)? else {
            self.rested = true;
            return Ok(None);
        };
        let held = HeldView::of(view, self.grant, &self.on_the_way)?;
        let step = walk(
            store,
            view,
            &exporter,
            &held,
            self.looked,
            entries_max,
            &mut self.strays,
        )?;
        self.looked = step.looked;
        let batch = if step.at_end && step.batch.entries.is_empty() {
            Batch::of_strays(&self.strays, &held, entries_max)?
        } else {
            step.batch
        };
        if batch.entries.is_empty() {
            self.rested = step.at_end;
            self.rest(store)?;
            return Ok(None);
        }
        self.send(store, batch, &exporter)
    }

    fn send(&mut self, store: &Store, batch: Batch, exporter: &Exporter) -> Result<Option<Entries>, Error> {
        let after = self.sent.back().map_or(self.progress.acked, |sent| sent.through);
        let remembered = store.update(|transaction| {
            // Only a batch of strays ends where the one before did; it takes a sequence of its own.
            let through = match self.looked > after {
                true => Some(self.looked),
                false => next_change_after(transaction, self.looked)?,
            };
            if let Some(through) = through {
                progress::remember_batch(transaction, self.grant, through, &batch.rows)?;
            }
            Ok(through)
        })?;
        let Some(through) = remembered else {
            return Ok(None);
        };
        self.looked = through;
        for (slot, _) in &batch.rows {
            self.strays.remove(slot);
        }
        self.on_the_way.extend(
            batch
                .rows
                .iter()
                .map(|(slot, becomes)| (*slot, (through, *becomes))),
        );
        self.sent.push_back(Sent {
            through,
            rows: batch.rows,
            bytes: batch.bytes,
        });
        let Binding {
            grant,
            generation,
            statement,
        } = exporter.binding();
        Ok(Some(Entries {
            grant,
            generation,
            statement,
            after,
            through,
            entries: batch.entries,
        }))
    }

    /// Takes in what the server says of the oldest batch on the way.
    pub(super) fn acknowledge(
        &mut self,
        transaction: &Transaction,
        ack: &EntriesAck,
    ) -> Result<Acknowledged, Error> {
        let expected = self.sent.pop_front().filter(|sent| sent.through == ack.through);
        let sent = expected.ok_or(SyncError::Protocol("it acknowledged a batch that was not sent"))?;
        let rejected: BTreeMap<Slot, Rejection> = ack.rejected.iter().copied().collect();
        self.progress
            .confirm(transaction, self.grant, sent.through, &sent.rows, &rejected)?;
        for (slot, _) in &sent.rows {
            // A later batch may be changing the same slot.
            if self
                .on_the_way
                .get(slot)
                .is_some_and(|(through, _)| *through == sent.through)
            {
                self.on_the_way.remove(slot);
            }
        }
        self.note_rest();
        self.progress.store(transaction, self.grant)?;
        let count = sent.rows.len() as u64;
        Ok(Acknowledged {
            entries: count - rejected.len() as u64,
            bytes: sent.bytes,
            rejected: rejected.len() as u64,
        })
    }

    /// All is sent and acknowledged: the next session starts here.
    fn note_rest(&mut self) {
        if self.rested && self.sent.is_empty() {
            self.progress.cursor = self.looked;
            self.progress.reconciling = false;
        }
    }

    /// Remembers a rest, if that spares the next session a long walk or a comparison.
    fn rest(&mut self, store: &Store) -> Result<(), Error> {
        let before = self.progress;
        self.note_rest();
        let worth_it = before.reconciling != self.progress.reconciling
            || self.progress.cursor - before.cursor > CURSOR_LAG_MAX;
        if worth_it {
            store.update(|transaction| self.progress.store(transaction, self.grant))?;
        }
        Ok(())
    }
}

/// Changes that a next session may have to look at again for nothing; a durable write costs more.
const CURSOR_LAG_MAX: u64 = 1_000;
