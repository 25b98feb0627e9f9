//! The sync session: the protocol as a state machine, without sockets or clock. Frames go in, frames
//! come out; what must be durable is durable before it is said.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use vault_wire::{
    frame::{
        EntriesAck, EventsSeen, Frame, Hello, LinkCode, LinkOpen, Listing, MINOR, Notice, Register,
        Rejection, ServerKeys, Standing, StatementAck, StatementOutcome, Welcome,
    },
    id::{GrantId, Incarnation},
    limits::{BATCH_ENTRIES_MAX, CREDIT_BYTES},
};

use super::{
    SyncError, SyncEvent, SyncReport,
    lane::Lane,
    progress,
    server::{connected_server, set_server},
    standing,
};
use crate::{
    consent::{
        GrantState, accepted, erased, grant_row, keep_notice, last_notice, not_accepted, pending_statements,
        submission,
    },
    error::Error,
    records::last_change,
    store::{
        SharedStore, decode,
        tables::{META, meta},
    },
};

/// One session with the server, from HELLO to the end of the connection.
pub(crate) struct Session {
    store: SharedStore,
    /// Set once the server has welcomed us.
    welcomed: Option<Welcomed>,
    lanes: BTreeMap<GrantId, Lane>,
    outbox: VecDeque<Frame>,
    /// Statements that are on their way.
    submitted: BTreeSet<(GrantId, u64)>,
    /// Frames that were taken in and are not yet durable.
    inbox: Vec<Incoming>,
    notices_kept: u64,
    notices_confirmed: u64,
    link_code: Option<LinkCode>,
    events: VecDeque<SyncEvent>,
    report: SyncReport,
}

/// What the server said in its WELCOME and this session keeps to.
struct Welcomed {
    keys: ServerKeys,
    entries_max: usize,
    credit_bytes: u64,
}

/// What waits to be made durable, many in one transaction.
enum Incoming {
    Entries(EntriesAck),
    Notice(Notice),
}

impl Session {
    /// A session that begins with HELLO; for a vault that the server does not know yet, with
    /// REGISTER before it.
    pub(crate) fn begin(store: SharedStore, enrol: Option<Option<String>>) -> Result<Self, Error> {
        let view = store.view()?;
        let incarnation: Incarnation = decode(
            &view.table(&META)?.get(meta::INCARNATION)?.unwrap_or_default(),
            "its incarnation",
        )?;
        let notices_kept = last_notice(&view)?;
        let hello = Hello {
            minor: MINOR,
            features: 0,
            vault: store.identity.vault(),
            device: store.identity.device_certificate(),
            incarnation,
            events_seen: notices_kept,
            grants: standing::positions(&view)?,
        };
        let register = enrol.map(|invite| {
            let (owner_key, device) = (store.identity.owner_key(), store.identity.device_certificate());
            Frame::Register(Register {
                owner_key,
                device,
                invite,
            })
        });
        Ok(Self {
            store,
            welcomed: None,
            lanes: BTreeMap::new(),
            outbox: register.into_iter().chain([Frame::Hello(hello)]).collect(),
            submitted: BTreeSet::new(),
            inbox: Vec::new(),
            notices_kept,
            notices_confirmed: notices_kept,
            link_code: None,
            events: VecDeque::new(),
            report: SyncReport::default(),
        })
    }

    /// Takes in a frame.
    pub(crate) fn receive(&mut self, frame: Frame) -> Result<(), Error> {
        match frame {
            Frame::Registered(_) if self.welcomed.is_none() => Ok(()),
            Frame::Welcome(welcome) if self.welcomed.is_none() => self.welcome(&welcome),
            Frame::Refused(refused) => Err(SyncError::Refused(refused.refusal).into()),
            _ if self.welcomed.is_none() => Err(SyncError::Protocol("it spoke before its welcome").into()),
            Frame::StatementAck(ack) => self.statement_ack(*ack),
            Frame::EntriesAck(ack) => {
                self.inbox.push(Incoming::Entries(ack));
                Ok(())
            }
            Frame::Notice(notice) => {
                self.inbox.push(Incoming::Notice(*notice));
                Ok(())
            }
            Frame::Listing(listing) => self.listing(&listing),
            Frame::LinkCode(code) => {
                self.link_code = Some(code);
                Ok(())
            }
            _ => Err(SyncError::Protocol("it sent a frame that only a device sends").into()),
        }
    }

    /// The vault changed: there may be more to send.
    pub(crate) fn wake(&mut self) {
        self.lanes.values_mut().for_each(Lane::wake);
    }

    /// Asks for a link code.
    pub(crate) fn ask_for_link_code(&mut self) {
        self.outbox.push_back(Frame::LinkOpen(LinkOpen {}));
    }

    /// Whether the link code came.
    pub(crate) const fn has_link_code(&self) -> bool {
        self.link_code.is_some()
    }

    /// The link code, once it came.
    pub(crate) fn take_link_code(&mut self) -> Option<LinkCode> {
        self.link_code.take()
    }

    /// The next thing to tell the host.
    pub(crate) fn take_event(&mut self) -> Option<SyncEvent> {
        self.events.pop_front()
    }

    /// What this session did so far.
    pub(crate) const fn report(&self) -> SyncReport {
        self.report
    }

    /// Whether everything is said and acknowledged on both sides, as far as this side knows.
    pub(crate) fn is_settled(&self) -> bool {
        self.welcomed.is_some()
            && self.outbox.is_empty()
            && self.inbox.is_empty()
            && self.submitted.is_empty()
            && self.notices_confirmed == self.notices_kept
            && self.lanes.values().all(Lane::is_settled)
    }

    /// Whether the server owes an answer.
    pub(crate) fn awaits_answer(&self) -> bool {
        self.welcomed.is_none() || !self.is_settled()
    }

    /// The next frame to send. What came in is made durable first, in one transaction.
    pub(crate) fn next_frame(&mut self) -> Result<Option<Frame>, Error> {
        self.keep_incoming()?;
        if let Some(frame) = self.outbox.pop_front() {
            return Ok(Some(frame));
        }
        let Some(welcomed) = &self.welcomed else {
            return Ok(None);
        };
        let (keys, entries_max, credit) = (welcomed.keys, welcomed.entries_max, welcomed.credit_bytes);
        if let Some(frame) = self.next_statement(&keys)? {
            return Ok(Some(frame));
        }
        if self.notices_confirmed < self.notices_kept {
            self.notices_confirmed = self.notices_kept;
            return Ok(Some(Frame::EventsSeen(EventsSeen {
                through: self.notices_kept,
            })));
        }
        self.next_of_a_lane(entries_max, credit)
    }

    fn next_statement(&mut self, keys: &ServerKeys) -> Result<Option<Frame>, Error> {
        let view = self.store.view()?;
        for (grant, number) in pending_statements(&view)? {
            if self.submitted.insert((grant, number)) {
                let submission = submission(&self.store, &view, grant, number, &keys.sealing)?;
                return Ok(Some(Frame::Statement(Box::new(submission))));
            }
        }
        Ok(None)
    }

    fn next_of_a_lane(&mut self, entries_max: usize, credit: u64) -> Result<Option<Frame>, Error> {
        let view = self.store.view()?;
        let on_the_way: usize = self.lanes.values().map(Lane::bytes_on_the_way).sum();
        for (grant, lane) in &mut self.lanes {
            let generation = grant_row(&view, *grant)?.map_or(0, |row| row.extent.generation);
            if let Some(list) = lane.next_list(generation) {
                return Ok(Some(Frame::List(list)));
            }
            if (on_the_way as u64) < credit {
                if let Some(entries) = lane.next_batch(&self.store, &view, entries_max)? {
                    return Ok(Some(Frame::Entries(entries)));
                }
            }
        }
        Ok(None)
    }

    /// Whether a lane stopped in the middle of its walk only to let the session breathe.
    pub(crate) fn has_more_to_look_at(&self) -> bool {
        let on_the_way: usize = self.lanes.values().map(Lane::bytes_on_the_way).sum();
        let credit = self.welcomed.as_ref().map_or(0, |welcomed| welcomed.credit_bytes);
        (on_the_way as u64) < credit && self.lanes.values().any(Lane::wants_to_walk)
    }

    fn welcome(&mut self, welcome: &Welcome) -> Result<(), Error> {
        let store = self.store.clone();
        let view = store.view()?;
        let mut server = connected_server(&view)?;
        if server.keys.is_some_and(|pinned| pinned != welcome.keys) {
            return Err(SyncError::ServerKeysChanged.into());
        }
        let set_back = server.state.is_some_and(|state| state != welcome.state);
        server.keys = Some(welcome.keys);
        server.state = Some(welcome.state);
        let standings: BTreeMap<GrantId, Standing> = welcome.standings.iter().copied().collect();
        self.lanes = store.update(|transaction| {
            set_server(transaction, &server)?;
            let mut lanes = BTreeMap::new();
            for position in standing::positions(&view)? {
                let said = standings.get(&position.grant).copied();
                // Data of another life: whatever it says, what it holds is compared.
                let said = if set_back {
                    said.or(Some(Standing::Reconcile))
                } else {
                    said
                };
                if let Some(lane) = standing::settle(&store, transaction, &view, position.grant, said)? {
                    lanes.insert(position.grant, lane);
                }
            }
            Ok(lanes)
        })?;
        self.welcomed = Some(Welcomed {
            keys: welcome.keys,
            entries_max: usize::try_from(welcome.limits.batch_entries)
                .unwrap_or(BATCH_ENTRIES_MAX)
                .clamp(1, BATCH_ENTRIES_MAX),
            credit_bytes: welcome.limits.credit_bytes.clamp(1, CREDIT_BYTES),
        });
        self.events.push_back(SyncEvent::Connected);
        Ok(())
    }

    fn statement_ack(&mut self, ack: StatementAck) -> Result<(), Error> {
        let StatementAck {
            grant,
            number,
            outcome,
        } = ack;
        if !self.submitted.remove(&(grant, number)) {
            return Err(SyncError::Protocol("it answered a statement that was not sent").into());
        }
        self.report.statements += 1;
        match outcome {
            StatementOutcome::Accepted => {
                self.store
                    .update(|transaction| accepted(transaction, grant, number))?;
                self.open_lane(grant)?;
                self.events
                    .push_back(SyncEvent::StatementAccepted { grant, number });
            }
            StatementOutcome::Erased(receipt) => {
                self.check_erasure(grant, number, &receipt)?;
                self.lanes.remove(&grant);
                self.store.update(|transaction| {
                    erased(transaction, grant, &receipt)?;
                    progress::forget(transaction, grant)
                })?;
                self.events.push_back(SyncEvent::Erased { grant });
            }
            StatementOutcome::Refused(why) => {
                self.store
                    .update(|transaction| not_accepted(transaction, grant, number, why))?;
                self.events.push_back(SyncEvent::StatementRefused { grant, why });
            }
        }
        Ok(())
    }

    /// A receipt counts only if the pinned server signed it, for this grant and this withdrawal.
    fn check_erasure(
        &self,
        grant: GrantId,
        number: u64,
        receipt: &vault_wire::receipt::SignedErasure,
    ) -> Result<(), Error> {
        let keys = self
            .welcomed
            .as_ref()
            .map(|welcomed| welcomed.keys)
            .ok_or(SyncError::BadErasureReceipt)?;
        let erasure = receipt
            .verify(&keys.receipts)
            .map_err(|_| SyncError::BadErasureReceipt)?;
        let asked = submission(&self.store, &self.store.view()?, grant, number, &keys.sealing)?
            .statement
            .digest();
        if erasure.grant != grant || erasure.statement != asked {
            return Err(SyncError::BadErasureReceipt.into());
        }
        Ok(())
    }

    fn open_lane(&mut self, grant: GrantId) -> Result<(), Error> {
        let view = self.store.view()?;
        let active = grant_row(&view, grant)?.is_some_and(|row| row.state == GrantState::Active);
        if active && !self.lanes.contains_key(&grant) {
            self.lanes.insert(
                grant,
                Lane::resume(grant, progress::Progress::load(&view, grant)?),
            );
        }
        Ok(())
    }

    fn listing(&mut self, listing: &Listing) -> Result<(), Error> {
        match self.lanes.get_mut(&listing.grant) {
            Some(lane) => self.store.update(|transaction| lane.adopt(transaction, listing)),
            None => Err(SyncError::Protocol("it listed a grant that was not asked for").into()),
        }
    }

    fn keep_incoming(&mut self) -> Result<(), Error> {
        if self.inbox.is_empty() {
            return Ok(());
        }
        let incoming = std::mem::take(&mut self.inbox);
        let now = self.store.now();
        let (lanes, report, kept) = (&mut self.lanes, &mut self.report, &mut self.notices_kept);
        self.store.update(|transaction| {
            for frame in &incoming {
                match frame {
                    Incoming::Entries(ack) => take_ack(transaction, lanes, report, ack)?,
                    Incoming::Notice(notice) if notice.number > *kept => {
                        keep_notice(transaction, notice, now)?;
                        *kept = notice.number;
                        report.notices += 1;
                    }
                    Incoming::Notice(_) => {}
                }
            }
            Ok(())
        })?;
        self.tell_of(incoming)
    }

    fn tell_of(&mut self, incoming: Vec<Incoming>) -> Result<(), Error> {
        let mut acknowledged = false;
        for frame in incoming {
            match frame {
                Incoming::Notice(Notice { event, .. }) => self.events.push_back(SyncEvent::Notice(event)),
                Incoming::Entries(_) => acknowledged = true,
            }
        }
        if acknowledged {
            let last = last_change(&self.store.view()?)?;
            let remaining = self
                .lanes
                .values()
                .map(|lane| last.saturating_sub(lane.looked()))
                .sum();
            self.events.push_back(SyncEvent::Progress {
                acknowledged: self.report.entries,
                remaining,
            });
        }
        Ok(())
    }
}

fn take_ack(
    transaction: &vault_file::Transaction,
    lanes: &mut BTreeMap<GrantId, Lane>,
    report: &mut SyncReport,
    ack: &EntriesAck,
) -> Result<(), Error> {
    // A lane that is gone was withdrawn while its last batches were on the way.
    let Some(lane) = lanes.get_mut(&ack.grant) else {
        return Ok(());
    };
    if ack.rejected.iter().any(|(_, why)| *why == Rejection::Gap) {
        *lane = standing::compare_again(transaction, ack.grant)?;
        return Ok(());
    }
    let done = lane.acknowledge(transaction, ack)?;
    report.entries += done.entries;
    report.entry_bytes += done.bytes as u64;
    report.rejected += done.rejected;
    Ok(())
}
