//! The sync session: the protocol as a state machine, without sockets or clock. Frames go in, frames
//! come out; what must be durable is durable before it is said.

mod receive;
mod recovery;
mod statements;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    ops::Bound,
};

use vault_wire::{
    Digest,
    frame::{EventsSeen, Frame, Hello, LinkCode, LinkOpen, LogLeaves, MINOR, Notice, Register, ServerKeys},
    id::{GrantId, Incarnation},
    log::SignedHead,
};

use super::{
    SyncError, SyncEvent, SyncReport,
    lane::Lane,
    log::{Following, LogCopy},
    progress,
    server::connected_server,
    standing,
};
use crate::{
    consent::{GrantState, grant_row, pending_statements, submission},
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
    /// Statements that are on their way, as they were sent.
    submitted: BTreeMap<(GrantId, u64), Digest>,
    /// Grants of which a statement was refused in this session.
    refused: BTreeSet<GrantId>,
    /// Grants of which the server has statements that are not here yet.
    behind: BTreeMap<GrantId, Until>,
    /// Grants to which others may have sent, and whose terms the server is still to be told.
    shared: BTreeSet<GrantId>,
    /// What the server owes an answer for besides.
    owed: recovery::Owed,
    /// What the server told and is not yet durable.
    inbox: Vec<Told>,
    log: Following,
    /// How many batches were sent.
    batches: u64,
    /// The grant that was served last; the next one has its turn.
    served: Option<GrantId>,
    /// Whether there are rows that nothing needs any more.
    has_leftovers: bool,
    /// The last notice that the server announced in its WELCOME.
    notices_announced: u64,
    notices_confirmed: u64,
    link_code: Option<LinkCode>,
    events: VecDeque<SyncEvent>,
    report: SyncReport,
}

/// How far the server tells what another copy of the vault said of a grant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    /// Up to the statement of this number, as its WELCOME said.
    Number(u64),
    /// Up to its answer to a statement of this copy.
    Answer,
}

/// What a server tells beside its answers.
enum Told {
    Notice(Box<Notice>),
    Leaves(LogLeaves),
    Head(SignedHead),
}

/// What the server said in its WELCOME and this session keeps to.
struct Welcomed {
    keys: ServerKeys,
    entries_max: usize,
    credit_bytes: u64,
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
        let server = connected_server(&view).ok().and_then(|server| server.keys);
        let log = LogCopy::load(&view)?.of_server(server.map(|keys| keys.receipts));
        let hello = Hello {
            minor: MINOR,
            features: 0,
            vault: store.identity.vault(),
            device: store.identity.device_certificate(),
            incarnation,
            events_seen: log.number(),
            log: log.position(),
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
        let mut session = Self {
            welcomed: None,
            lanes: BTreeMap::new(),
            outbox: register.into_iter().collect(),
            submitted: BTreeMap::new(),
            refused: BTreeSet::new(),
            behind: BTreeMap::new(),
            shared: BTreeSet::new(),
            owed: recovery::Owed::default(),
            inbox: Vec::new(),
            batches: 0,
            served: None,
            has_leftovers: progress::has_leftovers(&view)?,
            notices_announced: 0,
            notices_confirmed: log.number(),
            log: Following::from(log, store.identity.vault()),
            link_code: None,
            events: VecDeque::new(),
            report: SyncReport::default(),
            store,
        };
        let revocation = session.before_hello()?;
        session.outbox.extend(revocation);
        session.outbox.push_back(Frame::Hello(hello));
        Ok(session)
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
            && self.owed.is_nothing()
            && self.log.is_settled()
            && !self.log.is_changed()
            && self.log.number() >= self.notices_announced
            && self.notices_confirmed == self.log.number()
            && self.lanes.values().all(Lane::is_settled)
    }

    /// Whether the server owes an answer.
    pub(crate) fn awaits_answer(&self) -> bool {
        self.welcomed.is_none() || !self.is_settled()
    }

    /// The next frame to send. What came in is made durable first, in one transaction, if it is time.
    pub(crate) fn next_frame(&mut self) -> Result<Option<Frame>, Error> {
        loop {
            if self.is_time_to_keep() {
                self.keep_incoming()?;
            }
            let frame = self.next_to_say()?;
            // Looking for something to say may have shown what the server holds already.
            if frame.is_some() || !self.is_time_to_keep() {
                return Ok(frame);
            }
        }
    }

    fn next_to_say(&mut self) -> Result<Option<Frame>, Error> {
        if let Some(frame) = self.outbox.pop_front() {
            return Ok(Some(frame));
        }
        let Some(welcomed) = &self.welcomed else {
            self.tidy_up()?;
            return Ok(None);
        };
        let (keys, entries_max, credit) = (welcomed.keys, welcomed.entries_max, welcomed.credit_bytes);
        if let Some(frame) = self.next_statement(&keys)? {
            return Ok(Some(frame));
        }
        if self.notices_confirmed != self.log.number() {
            self.notices_confirmed = self.log.number();
            return Ok(Some(Frame::EventsSeen(EventsSeen {
                through: self.log.number(),
            })));
        }
        let frame = self.next_of_a_lane(entries_max, credit)?;
        if frame.is_none() {
            self.tidy_up()?;
        }
        Ok(frame)
    }

    /// Clears away what earlier sessions left, when there is nothing else to do.
    fn tidy_up(&mut self) -> Result<(), Error> {
        if self.has_leftovers {
            self.has_leftovers = false;
            self.store.update(progress::clear_leftovers)?;
        }
        Ok(())
    }

    fn next_statement(&mut self, keys: &ServerKeys) -> Result<Option<Frame>, Error> {
        let view = self.store.view()?;
        for (grant, number) in pending_statements(&view)? {
            let waits = self.behind.contains_key(&grant) && !is_withdrawn(&view, grant)?;
            if !waits && !self.submitted.contains_key(&(grant, number)) {
                let submission = submission(&self.store, &view, grant, number, &keys.sealing)?;
                let digest = submission.statement.digest();
                self.submitted.insert((grant, number), digest);
                return Ok(Some(Frame::Statement(Box::new(submission))));
            }
        }
        Ok(None)
    }

    /// What changes now goes before what was there before, of every grant; and of what was there before,
    /// each grant has its turn.
    fn next_of_a_lane(&mut self, entries_max: usize, credit: u64) -> Result<Option<Frame>, Error> {
        for lane in self.lanes.values_mut().filter(|lane| lane.must_put_in_place()) {
            self.store.update(|transaction| lane.put_in_place(transaction))?;
        }
        let view = self.store.view()?;
        for (grant, lane) in &mut self.lanes {
            let generation = grant_row(&view, *grant)?.map_or(0, |row| row.extent.generation);
            if lane.generation() != generation {
                // The owner narrowed the grant: what was sent before counts no more.
                *lane = Lane::open(&view, *grant, generation, false)?;
            }
            if let Some(question) = lane.next_question(&view)? {
                return Ok(Some(Frame::Reconcile(question)));
            }
        }
        let (on_the_way, number) = (self.bytes_on_the_way(), self.batches + 1);
        if on_the_way < credit {
            for lane in self.lanes.values_mut() {
                if let Some(entries) = lane.next_live(&self.store, &view, number, entries_max)? {
                    self.batches = number;
                    return Ok(Some(Frame::Entries(entries)));
                }
            }
        }
        if on_the_way < credit.min(BACK_FILL_BYTES) {
            for grant in self.turns() {
                let Some(lane) = self.lanes.get_mut(&grant) else {
                    continue;
                };
                if let Some(entries) = lane.next_back_fill(&self.store, &view, number, entries_max)? {
                    (self.batches, self.served) = (number, Some(grant));
                    return Ok(Some(Frame::Entries(entries)));
                }
            }
        }
        Ok(None)
    }

    /// Every grant, beginning behind the one that was served last.
    fn turns(&self) -> Vec<GrantId> {
        let behind = self.served.map_or(Bound::Unbounded, Bound::Excluded);
        let (after, before) = (
            self.lanes.range((behind, Bound::Unbounded)),
            self.lanes.range(..=self.served.unwrap_or(GrantId([0; 16]))),
        );
        after.chain(before).map(|(grant, _)| *grant).collect()
    }

    fn bytes_on_the_way(&self) -> u64 {
        self.lanes
            .values()
            .map(|lane| lane.bytes_on_the_way() as u64)
            .sum()
    }

    /// Whether a lane stopped in the middle of its walk only to let the session breathe.
    pub(crate) fn has_more_to_look_at(&self) -> bool {
        let credit = self.welcomed.as_ref().map_or(0, |welcomed| welcomed.credit_bytes);
        self.bytes_on_the_way() < credit.min(BACK_FILL_BYTES) && self.lanes.values().any(Lane::wants_to_walk)
    }
}

fn is_withdrawn(view: &vault_file::Snapshot, grant: GrantId) -> Result<bool, Error> {
    Ok(grant_row(view, grant)?.is_some_and(|row| row.state == GrantState::Withdrawn))
}

/// Bytes of a back-fill that are on the way at most: what changes meanwhile waits behind them.
const BACK_FILL_BYTES: u64 = 4 << 20;
