//! The sync session: the protocol as a state machine, without sockets or clock. Frames go in, frames
//! come out; what must be durable is durable before it is said.

mod receive;
mod statements;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use vault_wire::{
    frame::{EntriesAck, EventsSeen, Frame, Hello, LinkCode, LinkOpen, MINOR, Notice, Register, ServerKeys},
    id::{GrantId, Incarnation},
};

use super::{SyncError, SyncEvent, SyncReport, lane::Lane, progress::Progress, standing};
use crate::{
    consent::{GrantState, grant_row, last_notice, pending_statements, submission},
    error::Error,
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
    /// Grants of which the server has statements that are not here yet: the number of the last.
    behind: BTreeMap<GrantId, u64>,
    /// Frames that were taken in and are not yet durable.
    inbox: Vec<Incoming>,
    /// The last notice that the server announced in its WELCOME.
    notices_announced: u64,
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
    Notice(Box<Notice>),
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
            ended: standing::ended(&view)?,
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
            behind: BTreeMap::new(),
            inbox: Vec::new(),
            notices_announced: 0,
            notices_kept,
            notices_confirmed: notices_kept,
            link_code: None,
            events: VecDeque::new(),
            report: SyncReport::default(),
        })
    }

    /// The server's keys, once it has welcomed us.
    fn keys(&self) -> Result<ServerKeys, Error> {
        let welcomed = self.welcomed.as_ref();
        let keys = welcomed.map(|welcomed| welcomed.keys);
        keys.ok_or_else(|| SyncError::Protocol("it spoke before its welcome").into())
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
            && self.behind.is_empty()
            && self.notices_kept >= self.notices_announced
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
            let waits = self.behind.contains_key(&grant) && !is_withdrawn(&view, grant)?;
            if !waits && self.submitted.insert((grant, number)) {
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
            if lane.generation() != generation {
                // The owner narrowed the grant: what was sent before counts no more.
                let begun = |transaction: &_| Progress::begin(transaction, *grant, generation);
                *lane = Lane::resume(*grant, self.store.update(begun)?);
            }
            if let Some(list) = lane.next_list() {
                return Ok(Some(Frame::List(list)));
            }
            if (on_the_way as u64) < credit
                && let Some(entries) = lane.next_batch(&self.store, &view, entries_max)?
            {
                return Ok(Some(Frame::Entries(entries)));
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
}

fn is_withdrawn(view: &vault_file::Snapshot, grant: GrantId) -> Result<bool, Error> {
    Ok(grant_row(view, grant)?.is_some_and(|row| row.state == GrantState::Withdrawn))
}
