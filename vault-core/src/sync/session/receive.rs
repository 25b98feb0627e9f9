//! Taking in what the server says.

use std::collections::BTreeMap;

use vault_file::{Snapshot, Transaction};
use vault_wire::{
    frame::{EntriesAck, Frame, Reconcile, Rejection, Standing, Welcome},
    id::GrantId,
    limits::{BATCH_ENTRIES_MAX, CREDIT_BYTES},
    log::leaf,
};

use super::{Session, Told, Until, Welcomed};
use crate::{
    consent::{caught_up, end_forgotten, grant_row, is_held_back, keep_notice},
    error::Error,
    records::last_change,
    sync::{
        SyncError, SyncEvent,
        lane::Lane,
        server::{connected_server, set_server},
        standing, takeover,
    },
};

impl Session {
    /// Takes in a frame.
    pub(crate) fn receive(&mut self, frame: Frame) -> Result<(), Error> {
        match frame {
            Frame::Registered(_) if self.welcomed.is_none() => Ok(()),
            Frame::Revoked(_) => self.revoked(),
            Frame::Welcome(welcome) if self.welcomed.is_none() => self.welcome(&welcome),
            Frame::Refused(refused) => {
                takeover::refused(&self.store, refused.refusal)?;
                Err(SyncError::Refused(refused.refusal).into())
            }
            _ if self.welcomed.is_none() => Err(SyncError::Protocol("it spoke before its welcome").into()),
            Frame::StatementAck(ack) => self.statement_ack(*ack),
            Frame::Kept(kept) => self.statement_kept(&kept),
            Frame::EscrowKept(answer) => self.escrow_kept(answer),
            Frame::EntriesAck(ack) => self.entries_ack(ack),
            Frame::Notice(notice) => {
                self.inbox.push(Told::Notice(notice));
                Ok(())
            }
            Frame::LogLeaves(leaves) => {
                self.inbox.push(Told::Leaves(leaves));
                Ok(())
            }
            Frame::LogHead(head) => {
                self.inbox.push(Told::Head(head));
                Ok(())
            }
            Frame::Reconciled(answer) => self.compare(&answer),
            Frame::LinkCode(code) => {
                self.link_code = Some(code);
                Ok(())
            }
            _ => Err(SyncError::Protocol("it sent a frame that only a device sends").into()),
        }
    }

    fn welcome(&mut self, welcome: &Welcome) -> Result<(), Error> {
        let store = self.store.clone();
        let view = store.view()?;
        let mut server = connected_server(&view)?;
        if server.keys.is_some_and(|pinned| pinned != welcome.keys) {
            return Err(SyncError::ServerKeysChanged.into());
        }
        let is_known = server.keys == Some(welcome.keys) && server.state == Some(welcome.state);
        server.keys = Some(welcome.keys);
        server.state = Some(welcome.state);
        let standings: BTreeMap<GrantId, Standing> = welcome.standings.iter().copied().collect();
        for (grant, standing) in &standings {
            if let Standing::Behind(number) = standing {
                self.behind.insert(*grant, Until::Number(*number));
            }
        }
        let mut cut_off = standing::cut_off(&view)?;
        cut_off.retain(|grant| !self.behind.contains_key(grant));
        let settle_all = |transaction: &Transaction| {
            let mut lanes = BTreeMap::new();
            for position in standing::positions(&view)? {
                let said = standings.get(&position.grant).copied();
                if let Some(lane) = standing::settle(&store, transaction, &view, &position, said)? {
                    lanes.insert(position.grant, lane);
                }
            }
            for grant in standing::ended(&view)? {
                if let Some(said) = standings.get(&grant) {
                    end_forgotten(transaction, grant, *said != Standing::Unknown)?;
                }
            }
            for grant in &cut_off {
                caught_up(&store, transaction, *grant)?;
            }
            Ok(lanes)
        };
        self.lanes = if is_known && standings.is_empty() && cut_off.is_empty() {
            self.go_on(&view)?
        } else {
            store.update(|transaction| {
                set_server(transaction, &server)?;
                settle_all(transaction)
            })?
        };
        self.welcomed = Some(Welcomed {
            keys: welcome.keys,
            entries_max: usize::try_from(welcome.limits.batch_entries)
                .unwrap_or(BATCH_ENTRIES_MAX)
                .clamp(1, BATCH_ENTRIES_MAX),
            credit_bytes: welcome.limits.credit_bytes.clamp(1, CREDIT_BYTES),
        });
        let now = self.store.now();
        self.log.head(welcome.log.clone(), &welcome.keys.receipts, now)?;
        self.notices_announced = self.log.announced();
        // What the server does not have to tell again is confirmed.
        self.notices_confirmed = self.log.number();
        self.events.push_back(SyncEvent::Connected);
        self.after_welcome(welcome.time, welcome.escrow)
    }

    /// The lanes, where all stands as this device said: nothing is to be written down.
    fn go_on(&self, view: &Snapshot) -> Result<BTreeMap<GrantId, Lane>, Error> {
        let mut lanes = BTreeMap::new();
        for position in standing::positions(view)? {
            if !grant_row(view, position.grant)?.is_some_and(|row| row.keyless) {
                let lane = Lane::open(view, position.grant, position.generation, false)?;
                lanes.insert(position.grant, lane);
            }
        }
        Ok(lanes)
    }

    fn compare(&mut self, answer: &Reconcile) -> Result<(), Error> {
        let view = self.store.view()?;
        let lane = self.lanes.get_mut(&answer.grant);
        match lane.filter(|lane| lane.generation() == answer.generation) {
            Some(lane) => lane.compare(&view, answer),
            // It was withdrawn, or narrowed, while the answer was on its way.
            None => Ok(()),
        }
    }

    fn entries_ack(&mut self, ack: EntriesAck) -> Result<(), Error> {
        // A lane that is gone was withdrawn or narrowed while its last batches were on the way.
        let Some(lane) = self.lanes.get_mut(&ack.grant) else {
            return Ok(());
        };
        if lane.generation() != ack.generation {
            return Ok(());
        }
        if ack.rejected.iter().any(|(_, why)| *why == Rejection::GrantOver) {
            // Nothing of the batch was stored. The next session's WELCOME says where the grant stands.
            self.lanes.remove(&ack.grant);
            return Ok(());
        }
        lane.acknowledge(ack)?;
        self.tell_progress()
    }

    /// Whether what came in is to be made durable now: notices at once, acknowledgements once there are
    /// many or no more are to come.
    pub(super) fn is_time_to_keep(&self) -> bool {
        let rows = self.rows_to_keep();
        let all_quiet = self.lanes.values().all(Lane::is_quiet);
        let has_rest = self.lanes.values().any(Lane::has_rest_to_keep);
        !self.inbox.is_empty()
            || self.log.is_changed()
            || rows >= ROWS_TO_KEEP
            || (all_quiet && (rows > 0 || (has_rest && !self.has_more_to_look_at())))
    }

    fn rows_to_keep(&self) -> usize {
        self.lanes.values().map(Lane::rows_to_keep).sum()
    }

    /// Makes durable what came in, in one transaction.
    pub(super) fn keep_incoming(&mut self) -> Result<(), Error> {
        let rows = self.rows_to_keep();
        let incoming = std::mem::take(&mut self.inbox);
        let (store, now) = (self.store.clone(), self.store.now());
        let server = self.welcomed.as_ref().map(|welcomed| welcomed.keys.receipts);
        let (lanes, report, log) = (&mut self.lanes, &mut self.report, &mut self.log);
        let faults = self.store.update(|transaction| {
            for lane in lanes.values_mut() {
                if lane.rows_to_keep() > 0 || lane.has_rest_to_keep() {
                    let done = lane.keep(transaction, now)?;
                    report.entries += done.entries;
                    report.entry_bytes += done.bytes;
                    report.rejected += done.rejected;
                }
            }
            for told in &incoming {
                match (told, &server) {
                    (Told::Notice(notice), _) => {
                        if log.leaf(notice.number, leaf(&notice.event), now)? {
                            keep_notice(&store, transaction, &notice.event)?;
                            report.notices += 1;
                        }
                    }
                    (Told::Leaves(gone), _) => {
                        for (number, leaf) in (gone.first..).zip(&gone.leaves) {
                            log.leaf(number, *leaf, now)?;
                        }
                    }
                    (Told::Head(head), Some(server)) => log.head(head.clone(), server, now)?,
                    (Told::Head(_), None) => {}
                }
            }
            log.keep(transaction)
        })?;
        let contradictions = faults
            .into_iter()
            .map(|fault| SyncEvent::LogContradicted(fault.kind));
        self.events.extend(contradictions);
        self.tell_of(incoming, rows > 0)
    }

    fn tell_of(&mut self, told: Vec<Told>, acknowledged: bool) -> Result<(), Error> {
        let view = self.store.view()?;
        for told in told {
            if let Told::Notice(notice) = told
                && !is_held_back(&view, &notice.event)?
            {
                self.events.push_back(SyncEvent::Notice(Box::new(notice.event)));
            }
        }
        if acknowledged {
            self.tell_progress()?;
        }
        Ok(())
    }

    fn tell_progress(&mut self) -> Result<(), Error> {
        let last = last_change(&self.store.view()?)?;
        let arrived: u64 = self.lanes.values().map(Lane::arrived).sum();
        self.events.push_back(SyncEvent::Progress {
            acknowledged: self.report.entries + arrived,
            remaining: self.lanes.values().map(|lane| lane.remaining(last)).sum(),
        });
        Ok(())
    }
}

/// Acknowledged rows that are made durable at once, though more are to come.
const ROWS_TO_KEEP: usize = 32_768;
