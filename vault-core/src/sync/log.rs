//! The vault's own copy of the log that the server keeps of it: the peaks of the tree, taken in notice by
//! notice, and the last head on which both sides agreed. A server that takes back or changes what it once
//! told contradicts what it signed, and the contradiction is kept.

use serde::{Deserialize, Serialize};
use vault_file::{Snapshot, Transaction};
use vault_wire::{
    Digest,
    frame::LogPosition,
    id::LogId,
    log::{Frontier, LogHead, SignedHead},
    signature::PublicKey,
    time::Timestamp,
};

use crate::{
    error::Error,
    store::{
        decode, encode,
        tables::{LOG_FAULTS, META, meta},
        u64_key, u64_of,
    },
};

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
        if self.server == server { self } else { Self::empty() }
    }

    fn empty() -> Self {
        Self::begin(None, LogId([0; 16]), 0)
    }

    pub(crate) fn keep(&self, transaction: &Transaction) -> Result<(), Error> {
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

    /// Takes in the next leaf.
    pub(crate) fn push(&mut self, leaf: Digest) {
        self.frontier.push(leaf);
        self.last = leaf;
    }

    /// Goes over to the log that the server has now, if it is another. Its first one is no contradiction.
    pub(crate) fn follow(&mut self, head: &LogHead, signed: &SignedHead, now: Timestamp) -> Option<LogFault> {
        if head.log == self.log {
            return None;
        }
        let had_one = self.number() > self.base || self.agreed.is_some();
        let before = std::mem::replace(self, Self::begin(Some(signed.key), head.log, head.base)).agreed;
        had_one.then(|| LogFault {
            at: now,
            kind: LogFaultKind::Replaced,
            before,
            after: signed.clone(),
        })
    }

    /// Compares the copy with a head that should describe it: one that ends with the last notice taken in.
    pub(crate) fn compare(&mut self, head: &LogHead, signed: &SignedHead, now: Timestamp) -> Option<LogFault> {
        if self.contradicted {
            return None;
        }
        let agrees = head.log == self.log && head.base == self.base && head.root == self.frontier.root();
        if agrees && head.number() == self.number() {
            self.agreed = Some(signed.clone());
            return None;
        }
        self.contradicted = true;
        let kind = if head.number() < self.number() {
            LogFaultKind::Shortened
        } else {
            LogFaultKind::Forked
        };
        Some(LogFault {
            at: now,
            kind,
            before: self.agreed.clone(),
            after: signed.clone(),
        })
    }
}

/// Keeps a contradiction for ever.
pub(crate) fn keep_fault(transaction: &Transaction, fault: &LogFault) -> Result<(), Error> {
    let mut faults = transaction.table(&LOG_FAULTS)?;
    let last = match faults.range(..)?.next_back() {
        Some(row) => u64_of(&row?.0)?,
        None => 0,
    };
    faults.insert(&u64_key(last + 1), &encode(fault))?;
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
