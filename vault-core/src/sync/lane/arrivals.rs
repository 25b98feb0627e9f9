//! What the server says of batches, and what of it is written down.

use std::collections::BTreeMap;

use vault_file::Transaction;
use vault_wire::{
    frame::{EntriesAck, Rejection},
    id::Slot,
    time::Timestamp,
};

use super::{Acknowledged, Arrived, Lane, Sent};
use crate::{
    error::Error,
    sync::{
        SyncError,
        progress::{Progress, Row},
    },
};

/// Changes that a next session may have to look at again for nothing; a durable write costs more.
const LAG_MAX: u64 = 1_000;
/// Changes of what is held that are put in their places by slot though more are to come: they take about
/// 12 MiB of memory then.
const NOTED_MAX: u64 = 65_536;
/// Changes that are put in their places when there is nothing else to do; fewer, before they are compared.
const NOTED_AT_REST_MAX: u64 = 4_096;

impl Lane {
    /// Takes in what the server says of the oldest batch on the way.
    pub(in crate::sync) fn acknowledge(&mut self, ack: EntriesAck) -> Result<(), Error> {
        let oldest = self.sent.pop_front().filter(|sent| sent.number == ack.number);
        let sent = oldest.ok_or(SyncError::Protocol("it acknowledged a batch that was not sent"))?;
        let rejected: BTreeMap<Slot, Rejection> = ack.rejected.into_iter().collect();
        let (mut rows, stale) = (Vec::new(), |row: &Row| match rejected.get(&row.slot) {
            Some(Rejection::Stale(rev)) => Some(*rev),
            _ => None,
        });
        for row in sent.rows {
            match stale(&row) {
                Some(rev) if self.tries_again(sent.number, &row, rev) => {}
                _ => rows.push(row),
            }
        }
        self.arrived.push(Arrived {
            sent: Sent { rows, ..sent },
            rejected,
        });
        Ok(())
    }

    /// The server is further with a slot than this device thought: its record is looked at again, unless a
    /// later batch that changes the slot is on the way.
    fn tries_again(&mut self, batch: u64, row: &Row, rev: u64) -> bool {
        let is_last = self.beyond.arrived(batch, row.slot);
        let again = self.beyond.stale(row.slot, rev);
        match row.record {
            Some(record) if again && is_last => self.again.push((row.slot, record)),
            None if again && is_last => drop(self.strays.insert(row.slot)),
            _ => {}
        }
        again
    }

    /// Entries that the server holds and that are not yet written down here.
    pub(in crate::sync) fn arrived(&self) -> u64 {
        let of = |arrived: &Arrived| arrived.sent.rows.len().saturating_sub(arrived.rejected.len());
        self.arrived.iter().map(|arrived| of(arrived) as u64).sum()
    }

    /// Rows that are acknowledged and still to be made durable.
    pub(in crate::sync) fn rows_to_keep(&self) -> usize {
        self.settled.len()
            + self
                .arrived
                .iter()
                .map(|arrived| arrived.sent.rows.len())
                .sum::<usize>()
    }

    /// Whether nothing is on the way of which more could be learnt before it is made durable.
    pub(in crate::sync) fn is_quiet(&self) -> bool {
        self.sent.is_empty()
    }

    /// Whether a rest is worth remembering, because it spares the next session a long walk.
    pub(in crate::sync) fn has_rest_to_keep(&self) -> bool {
        self.is_quiet()
            && !self.beyond.any_stale()
            && (self.looked.gap != self.progress.looked.gap
                || self.looked.live - self.progress.looked.live > LAG_MAX)
    }

    /// Makes durable what was acknowledged.
    pub(in crate::sync) fn keep(
        &mut self,
        transaction: &Transaction,
        now: Timestamp,
    ) -> Result<Acknowledged, Error> {
        let mut done = Acknowledged::default();
        let mut keeping = self.progress.keep(transaction, self.grant, now)?;
        let settled = std::mem::take(&mut self.settled);
        for row in &settled {
            keeping.row(row, None)?;
            self.beyond.is_settled(row);
        }
        let mut looked = None;
        for Arrived { sent, rejected } in std::mem::take(&mut self.arrived) {
            for row in &sent.rows {
                let why = rejected.get(&row.slot);
                keeping.row(row, why)?;
                self.beyond.arrived(sent.number, row.slot);
                match why {
                    Some(_) => done.rejected += 1,
                    None => {
                        self.beyond.is_settled(row);
                        done.entries += 1;
                    }
                }
            }
            done.bytes += sent.bytes as u64;
            looked = Some(sent.looked);
        }
        let kept = keeping.finish()?;
        let acked_at = if looked.is_some() {
            Some(now)
        } else {
            self.progress.acked_at
        };
        // Nothing on the way: all that was looked at is settled, also what needed no batch.
        let looked = if self.sent.is_empty() {
            Some(self.looked)
        } else {
            looked
        };
        // A record that is to be looked at again would be forgotten if this session ended now, unless the next
        // one finds by comparing that it differs.
        let looked = looked.filter(|_| !self.beyond.any_stale());
        self.progress = Progress {
            acked_at,
            looked: looked.unwrap_or(self.progress.looked),
            ..kept
        };
        let is_at_rest = self.is_quiet() && !self.wants_to_walk();
        if self.progress.noted >= if is_at_rest { NOTED_AT_REST_MAX } else { NOTED_MAX } {
            self.progress.put_in_place(transaction, self.grant)?;
        }
        self.progress.store(transaction, self.grant)?;
        Ok(done)
    }
}
