//! The vault's own copy of the log that the server keeps of it: the peaks of the tree, taken in notice by
//! notice, and the last head on which both sides agreed. A server that takes back or changes what it once
//! told contradicts what it signed, and the contradiction is kept.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use vault_file::{Snapshot, Transaction};
use vault_wire::{
    Digest,
    frame::LogPosition,
    id::{LogId, VaultId},
    log::{Frontier, LogHead, SignedHead},
    signature::PublicKey,
    time::Timestamp,
};

use super::SyncError;
use crate::{
    error::Error,
    store::{
        decode, encode,
        tables::{LOG_FAULTS, META, meta},
        u64_key, u64_of,
    },
};

/// Heads that a server may announce ahead of the notices that they end with. An honest one announces one.
const HEADS_MAX: usize = 64;
/// Contradictions that are kept: the first ones prove enough, and a server that makes more of them fills nothing.
const FAULTS_MAX: u64 = 1_000;

/// How far the vault has followed the server's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LogCopy {
    /// The receipt key of the server whose log it is.
    server: Option<PublicKey>,
    log: LogId,
    base: u64,
    frontier: Frontier,
    last: Digest,
    /// The last head of this log that agreed.
    agreed: Option<SignedHead>,
    /// Whether a head contradicted the copy. Nothing of this log is compared any more.
    contradicted: bool,
}

/// A contradiction between what a server signed and what it signed later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFault {
    /// When it was found.
    pub at: Timestamp,
    /// What it is.
    pub kind: LogFaultKind,
    /// The head that the server had signed before and that agreed.
    pub before: Option<SignedHead>,
    /// The head that does not follow from it.
    pub after: SignedHead,
}

/// What a contradiction is. Append-only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogFaultKind {
    /// The server began another log: its data was set back, or it hides what it had told.
    Replaced,
    /// The log is shorter than what was told from it.
    Shortened,
    /// The log holds something else than what was told from it.
    Forked,
}

/// How the server's log stands, as the owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogStanding {
    /// Number of the last notice that the vault took in.
    pub number: u64,
    /// When the server signed the last head that agreed.
    pub agreed_at: Option<Timestamp>,
    /// Every contradiction, latest first.
    pub faults: Vec<LogFault>,
}

impl LogCopy {
    pub(crate) fn load(view: &Snapshot) -> Result<Self, Error> {
        match view.table(&META)?.get(meta::LOG)? {
            Some(row) => decode(&row, "its copy of the server's log"),
            None => Ok(Self::empty()),
        }
    }

    /// The copy, if it is of this server's log; otherwise an empty one.
    pub(crate) fn of_server(self, server: Option<PublicKey>) -> Self {
        if self.server == server {
            self
        } else {
            Self::empty()
        }
    }

    fn empty() -> Self {
        Self::begin(None, LogId([0; 16]), 0)
    }

    fn keep(&self, transaction: &Transaction) -> Result<(), Error> {
        transaction.table(&META)?.insert(meta::LOG, &encode(self))?;
        Ok(())
    }

    fn begin(server: Option<PublicKey>, log: LogId, base: u64) -> Self {
        Self {
            server,
            log,
            base,
            frontier: Frontier::default(),
            last: [0; 32],
            agreed: None,
            contradicted: false,
        }
    }

    /// Number of the last notice that was taken in.
    pub(crate) const fn number(&self) -> u64 {
        self.base.saturating_add(self.frontier.size())
    }

    pub(crate) const fn position(&self) -> LogPosition {
        LogPosition {
            log: self.log,
            last: self.last,
        }
    }

    fn push(&mut self, leaf: Digest) {
        self.frontier.push(leaf);
        self.last = leaf;
    }

    /// Goes over to the log that the server has now, if it is another. The first one is no contradiction, nor
    /// is one that follows a contradiction.
    fn go_over(&mut self, head: &LogHead, signed: &SignedHead) -> Option<LogFaultKind> {
        if head.log == self.log && self.server.is_some() {
            return None;
        }
        let was_followed = self.server.is_some() && !self.contradicted && self.number() > 0;
        let agreed = self.agreed.take();
        *self = Self::begin(Some(signed.key), head.log, head.base);
        self.agreed = agreed;
        was_followed.then_some(LogFaultKind::Replaced)
    }

    /// Compares the copy with a head that ends where it ends, or before. Returns whether anything is new.
    fn compare(&mut self, head: &LogHead, signed: &SignedHead) -> Result<bool, LogFaultKind> {
        if self.contradicted || head.log != self.log {
            return Ok(false);
        }
        let is_same = head.base == self.base && head.root == self.frontier.root();
        if head.number() < self.number() {
            return Err(self.contradict(head, LogFaultKind::Shortened));
        }
        if !is_same {
            return Err(self.contradict(head, LogFaultKind::Forked));
        }
        let before = self.agreed.replace(signed.clone());
        Ok(before.is_none_or(|before| {
            before.verify(&signed.key, head.vault).map(|head| head.root) != Ok(head.root)
        }))
    }

    /// Goes on after a contradiction from where the server says it is. It will begin another log, because it
    /// does not know this end of it.
    fn contradict(&mut self, head: &LogHead, kind: LogFaultKind) -> LogFaultKind {
        let agreed = self.agreed.take();
        *self = Self {
            agreed,
            contradicted: true,
            ..Self::begin(self.server, self.log, head.number())
        };
        kind
    }
}

/// What the server tells, followed through one session.
pub(crate) struct Following {
    vault: VaultId,
    copy: LogCopy,
    /// Heads that end with a notice which is still to come.
    heads: VecDeque<(LogHead, SignedHead)>,
    /// Contradictions that are not yet kept.
    faults: Vec<LogFault>,
    is_changed: bool,
}

impl Following {
    pub(crate) fn from(copy: LogCopy, vault: VaultId) -> Self {
        Self {
            vault,
            copy,
            heads: VecDeque::new(),
            faults: Vec::new(),
            is_changed: false,
        }
    }

    /// Number of the last notice that was taken in.
    pub(crate) const fn number(&self) -> u64 {
        self.copy.number()
    }

    /// Number of the last notice that the server has announced.
    pub(crate) fn announced(&self) -> u64 {
        let last = self.heads.back().map(|(head, _)| head.number());
        last.unwrap_or(0).max(self.number())
    }

    /// Whether every head that came was compared.
    pub(crate) fn is_settled(&self) -> bool {
        self.heads.is_empty()
    }

    /// Whether there is something to keep.
    pub(crate) const fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// Takes a head in.
    pub(crate) fn head(
        &mut self,
        signed: SignedHead,
        server: &PublicKey,
        now: Timestamp,
    ) -> Result<(), Error> {
        let head = signed
            .verify(server, self.vault)
            .map_err(|_| SyncError::BadLogHead)?;
        let is_first = self.copy.server.is_none();
        match self.copy.go_over(&head, &signed) {
            Some(kind) => self.found(kind, &signed, now),
            None => self.is_changed |= is_first,
        }
        self.heads.push_back((head, signed));
        self.compare(now);
        match self.heads.len() <= HEADS_MAX {
            true => Ok(()),
            false => Err(SyncError::Protocol("it announced notices and did not send them").into()),
        }
    }

    /// Takes a leaf in, whose notice came or is gone. Returns whether it is new.
    pub(crate) fn leaf(&mut self, number: u64, leaf: Digest, now: Timestamp) -> Result<bool, Error> {
        if number <= self.number() {
            return Ok(false);
        }
        if number != self.number() + 1 {
            return Err(SyncError::Protocol("it left a notice out").into());
        }
        self.copy.push(leaf);
        self.is_changed = true;
        self.compare(now);
        Ok(true)
    }

    fn compare(&mut self, now: Timestamp) {
        while let Some((head, signed)) = self
            .heads
            .pop_front_if(|(head, _)| head.number() <= self.copy.number())
        {
            match self.copy.compare(&head, &signed) {
                Ok(is_new) => self.is_changed |= is_new,
                Err(kind) => self.found(kind, &signed, now),
            }
        }
    }

    fn found(&mut self, kind: LogFaultKind, after: &SignedHead, now: Timestamp) {
        self.is_changed = true;
        self.faults.push(LogFault {
            at: now,
            kind,
            before: self.copy.agreed.clone(),
            after: after.clone(),
        });
    }

    /// Keeps what was followed. Returns the contradictions that were found since the last time.
    pub(crate) fn keep(&mut self, transaction: &Transaction) -> Result<Vec<LogFault>, Error> {
        if std::mem::take(&mut self.is_changed) {
            self.copy.keep(transaction)?;
        }
        let faults = std::mem::take(&mut self.faults);
        faults
            .iter()
            .try_for_each(|fault| keep_fault(transaction, fault))?;
        Ok(faults)
    }
}

/// Keeps a contradiction for ever, unless there are very many.
fn keep_fault(transaction: &Transaction, fault: &LogFault) -> Result<(), Error> {
    let mut faults = transaction.table(&LOG_FAULTS)?;
    let last = match faults.range(..)?.next_back() {
        Some(row) => u64_of(&row?.0)?,
        None => 0,
    };
    if last < FAULTS_MAX {
        faults.insert(&u64_key(last + 1), &encode(fault))?;
    }
    Ok(())
}

/// How the server's log stands.
pub(crate) fn standing(view: &Snapshot) -> Result<LogStanding, Error> {
    let copy = LogCopy::load(view)?;
    let faults = view.table(&LOG_FAULTS)?.range(..)?.rev();
    Ok(LogStanding {
        number: copy.number(),
        agreed_at: copy.agreed.as_ref().and_then(SignedHead::signed_at),
        faults: faults
            .map(|row| decode(&row?.1, "a contradiction of the server"))
            .collect::<Result<_, Error>>()?,
    })
}
