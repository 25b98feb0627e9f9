//! One grant within a session: what is on the way, how far the walk is, and what is being compared.

mod arrivals;
mod compare;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use vault_file::Snapshot;
use vault_wire::{
    entry::Binding,
    frame::{Entries, Rejection},
    id::{GrantId, RecordId, Slot},
};

use super::{
    batch::{Batch, Packer},
    beyond::Beyond,
    held::HeldSet,
    progress::{Looked, Progress, Row},
};
use crate::{
    consent::{Exporter, grant_row},
    error::Error,
    records::last_change,
    store::Store,
};

/// A batch that was sent.
struct Sent {
    number: u64,
    rows: Vec<Row>,
    bytes: usize,
    /// How far the walk is with it.
    looked: Looked,
}

/// A batch that was acknowledged, which is still to be made durable.
struct Arrived {
    sent: Sent,
    rejected: BTreeMap<Slot, Rejection>,
}

/// What acknowledgements came to.
#[derive(Clone, Copy, Default)]
pub(super) struct Acknowledged {
    pub(super) entries: u64,
    pub(super) bytes: u64,
    pub(super) rejected: u64,
}

/// One grant within a session.
pub(super) struct Lane {
    grant: GrantId,
    /// What is durable.
    progress: Progress,
    /// How far this session has looked.
    looked: Looked,
    /// Whether the walk has reached the end of the index since the last local change.
    at_end: bool,
    /// Whether nothing may be exported now, since the last local change.
    may_not_export: bool,
    sent: VecDeque<Sent>,
    arrived: Vec<Arrived>,
    beyond: Beyond,
    /// Records to be looked at again, each with its slot.
    again: Vec<(Slot, RecordId)>,
    /// Slots that the server holds and no record has accounted for yet.
    strays: BTreeSet<Slot>,
    /// What the server was found to hold already, to be made durable.
    settled: Vec<Row>,
    comparing: Comparing,
}

/// Where the comparison with what the server holds stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Comparing {
    No,
    /// It begins once all that is known to differ is mended.
    Later,
    /// It begins.
    Begin,
    /// This is to be asked next.
    Ask(Vec<u8>),
    /// The server owes an answer.
    Asked,
}

impl Lane {
    /// A lane at the place where the last session stopped. `compare` says that the server does not hold
    /// what this device thinks.
    pub(super) fn open(
        view: &Snapshot,
        grant: GrantId,
        generation: u32,
        compare: bool,
    ) -> Result<Self, Error> {
        let progress = Progress::load(view, grant, generation)?;
        let mut looked = progress.looked;
        looked.leave_behind(last_change(view)?);
        Ok(Self {
            grant,
            progress,
            looked,
            at_end: false,
            may_not_export: false,
            sent: VecDeque::new(),
            arrived: Vec::new(),
            beyond: Beyond::default(),
            again: Vec::new(),
            strays: BTreeSet::new(),
            settled: Vec::new(),
            comparing: if compare { Comparing::Begin } else { Comparing::No },
        })
    }

    /// The generation that it carries.
    pub(super) const fn generation(&self) -> u32 {
        self.progress.generation
    }

    /// The vault changed: there may be more to send.
    pub(super) fn wake(&mut self) {
        self.at_end = false;
        self.may_not_export = false;
    }

    /// Whether all that there is to send is acknowledged, and durable here.
    pub(super) fn is_settled(&self) -> bool {
        !self.wants_to_walk()
            && matches!(self.comparing, Comparing::No | Comparing::Later)
            && self.sent.is_empty()
            && self.arrived.is_empty()
            && self.settled.is_empty()
    }

    /// Whether the walk can go on without the server.
    pub(super) fn wants_to_walk(&self) -> bool {
        self.may_send()
            && !(self.at_end
                && self.looked.gap.is_none()
                && self.again.is_empty()
                && self.strays.is_empty()
                && self.comparing != Comparing::Later)
    }

    /// While the two sides compare, both hold still.
    fn may_send(&self) -> bool {
        !self.may_not_export && matches!(self.comparing, Comparing::No | Comparing::Later)
    }

    /// Bytes that were sent and not acknowledged.
    pub(super) fn bytes_on_the_way(&self) -> usize {
        self.sent.iter().map(|sent| sent.bytes).sum()
    }

    /// How many changes are at most still to be looked at.
    pub(super) fn remaining(&self, last_change: u64) -> u64 {
        self.looked.remaining(last_change)
    }

    /// The next batch of changes that came since the session began. Nothing, if there is none now.
    pub(super) fn next_live(
        &mut self,
        store: &Store,
        view: &Snapshot,
        number: u64,
        entries_max: usize,
    ) -> Result<Option<Entries>, Error> {
        if self.at_end || !self.may_send() {
            return Ok(None);
        }
        let (from, end) = (self.looked.live, last_change(view)?);
        self.pack(store, view, number, entries_max, |packer, looked| {
            let stopped_at = packer.walk(from, end)?;
            looked.live = stopped_at.unwrap_or(end.max(from));
            Ok(stopped_at.is_none())
        })
    }

    /// The next batch of what was there before: what differs, then the gap, then what no record accounts
    /// for. Nothing, if there is none now.
    pub(super) fn next_back_fill(
        &mut self,
        store: &Store,
        view: &Snapshot,
        number: u64,
        entries_max: usize,
    ) -> Result<Option<Entries>, Error> {
        if !self.may_send() {
            return Ok(None);
        }
        let at_end = self.at_end;
        let mut again = std::mem::take(&mut self.again);
        let entries = self.pack(store, view, number, entries_max, |packer, looked| {
            if !again.is_empty() {
                packer.look_again(&mut again)?;
            } else if let Some(gap) = looked.gap {
                let stopped_at = packer.walk(gap.from, gap.to)?;
                looked.fill(stopped_at.unwrap_or(gap.to));
            } else if at_end {
                packer.take_back_strays()?;
            }
            Ok(at_end)
        })?;
        self.again.append(&mut again);
        let all_mended = self.again.is_empty() && self.strays.is_empty();
        if entries.is_none() && self.comparing == Comparing::Later && all_mended {
            self.comparing = Comparing::Begin;
        }
        Ok(entries)
    }

    /// Packs what `choose` looks at into a batch. It returns whether the walk is at its end.
    fn pack(
        &mut self,
        store: &Store,
        view: &Snapshot,
        number: u64,
        entries_max: usize,
        choose: impl FnOnce(&mut Packer<'_>, &mut Looked) -> Result<bool, Error>,
    ) -> Result<Option<Entries>, Error> {
        let row = grant_row(view, self.grant)?.ok_or(Error::NotFound("grant"))?;
        let in_force = row.extent.generation == self.generation();
        let exporter = match in_force {
            true => Exporter::of(store, view, self.grant, &row)?,
            false => None,
        };
        let Some(exporter) = exporter else {
            self.may_not_export = true;
            return Ok(None);
        };
        let mut packer = Packer {
            store,
            view,
            exporter: &exporter,
            held: HeldSet::of(view, self.grant, self.progress.generation)?,
            beyond: &self.beyond,
            entries_max,
            strays: &mut self.strays,
            batch: Batch::default(),
        };
        let mut looked = self.looked;
        self.at_end = choose(&mut packer, &mut looked)?;
        let batch = packer.batch;
        self.looked = looked;
        batch.settled.iter().for_each(|row| self.beyond.settles(row));
        self.settled.extend(batch.settled.iter().copied());
        if batch.entries.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.send(number, batch, exporter.binding())))
    }

    fn send(&mut self, number: u64, batch: Batch, binding: Binding) -> Entries {
        for row in &batch.rows {
            self.beyond.sent(number, row);
        }
        self.sent.push_back(Sent {
            number,
            rows: batch.rows,
            bytes: batch.bytes,
            looked: self.looked,
        });
        Entries {
            grant: binding.grant,
            generation: binding.generation,
            statement: binding.statement,
            number,
            entries: batch.entries,
        }
    }
}
