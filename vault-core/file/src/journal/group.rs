//! Group commit: many threads, one record, one sync.
//!
//! A transaction enters the queue while it holds redb's writer, so the order of the journal is the order of
//! the commits, and waits for the disk after it let the writer go. The first to wait takes the whole queue
//! and writes it as one record; the others find their transactions durable, or take the next queue.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::area::{Append, Area, Found};
use super::record::{Place, RecordTag, bytes_of};
use crate::engine::Health;
use crate::error::{Fault, Part};
use crate::layout::{JOURNAL_BYTES, JournalMark};

/// The journal of an open file.
pub(crate) struct Journal {
    area: Area,
    /// How many bytes of the area are used before it is folded.
    limit: u64,
    health: Arc<Health>,
    state: Mutex<State>,
    /// Something became durable, or failed.
    settled: Condvar,
}

struct State {
    session: Session,
    /// Which filling of the area.
    epoch: u64,
    /// Bytes of the area that hold records of this epoch.
    used: u64,
    /// The tag of the last record.
    previous: RecordTag,
    /// The last transactions that were committed in memory, and nobody has begun to write.
    queue: Vec<Vec<u8>>,
    /// The bytes that the queue, and what is being written, take at most.
    reserved: u64,
    /// The number of the last transaction that was committed in memory.
    committed: u64,
    /// The number of the last transaction that is durable.
    durable: u64,
    hold: Hold,
}

/// What has been written through this handle.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Session {
    /// Nothing, and the tables contain everything.
    Fresh,
    /// Nothing, and transactions of an earlier session lie in the journal.
    Replayed,
    /// This epoch was begun by this handle.
    Begun,
}

/// Who has the area.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hold {
    Nobody,
    /// Somebody writes a record.
    Writer,
    /// Somebody makes redb's own state durable.
    Fold,
}

impl Journal {
    /// Goes on from what was found in the area. At most `limit` bytes of it are used.
    pub(crate) fn resume(
        area: Area,
        mark: JournalMark,
        found: &Found,
        limit: usize,
        health: Arc<Health>,
    ) -> Self {
        Self {
            area,
            limit: limit.min(JOURNAL_BYTES) as u64,
            health,
            state: Mutex::new(State {
                session: if found.transactions.is_empty() {
                    Session::Fresh
                } else {
                    Session::Replayed
                },
                epoch: mark.epoch,
                used: 0,
                previous: RecordTag::default(),
                queue: Vec::new(),
                reserved: 0,
                committed: found.last,
                durable: found.last,
                hold: Hold::Nobody,
            }),
            settled: Condvar::new(),
        }
    }

    /// The number of the last transaction that is durable.
    pub(crate) fn durable(&self) -> u64 {
        self.state().durable
    }

    /// The mark that both sides of the commit slots must carry before the first record of a session: under
    /// its epoch nothing was ever sealed, and the loss of a slot cannot bring back one that says that the
    /// journal is empty. `None` once that is so, and when a fold has to come first.
    pub(crate) fn first_mark(&self) -> Option<JournalMark> {
        let state = self.unfolding();
        (state.session == Session::Fresh).then(|| JournalMark {
            epoch: state.epoch.saturating_add(1),
            applied: state.committed,
            clean: false,
        })
    }

    /// The first mark of the session is durable.
    pub(crate) fn begin(&self, mark: JournalMark) {
        let mut state = self.state();
        (state.session, state.epoch) = (Session::Begun, mark.epoch);
    }

    /// Queues a transaction, whose writer must still be held. Returns the mark that the state has with it;
    /// `None` if there is no room: then it is to be folded.
    pub(crate) fn enter(&self, ops: Vec<u8>) -> Option<JournalMark> {
        let mut state = self.unfolding();
        let bytes = bytes_of([&ops]) as u64;
        if state.session != Session::Begun || state.used + state.reserved + bytes > self.limit {
            return None;
        }
        state.queue.push(ops);
        state.reserved += bytes;
        state.committed += 1;
        Some(JournalMark {
            epoch: state.epoch,
            applied: state.committed,
            clean: false,
        })
    }

    /// Waits until everything that is committed by now is durable, and writes it if nobody else does.
    pub(crate) fn wait_for_all(&self) -> Result<(), Fault> {
        let committed = self.state().committed;
        self.wait_for(committed)
    }

    /// Waits until a transaction is durable, and writes it if nobody else does.
    pub(crate) fn wait_for(&self, number: u64) -> Result<(), Fault> {
        let mut state = self.state();
        while state.durable < number {
            self.health.check()?;
            state = self.settle(state);
        }
        Ok(())
    }

    /// Begins a fold, whose writer must be held, once everything that was committed before is durable.
    pub(crate) fn fold(&self, transactions: u64) -> Result<Fold<'_>, Fault> {
        let mut state = self.state();
        while state.hold != Hold::Nobody || !state.queue.is_empty() {
            self.health.check()?;
            state = self.settle(state);
        }
        self.health.check()?;
        let held = Held::by(self, &mut state, Hold::Fold);
        let mark = JournalMark {
            epoch: state.epoch.saturating_add(1),
            applied: state.committed.saturating_add(transactions),
            clean: false,
        };
        Ok(Fold { held, mark })
    }

    /// Whether redb's durable state lacks something that the journal holds.
    pub(crate) fn needs_fold(&self) -> bool {
        let state = self.unfolding();
        state.session == Session::Replayed || state.used + state.reserved > 0
    }

    /// The mark of a file that is being closed: nothing follows.
    pub(crate) fn last_mark(&self) -> JournalMark {
        let state = self.state();
        JournalMark {
            epoch: state.epoch,
            applied: state.committed,
            clean: true,
        }
    }

    /// Writes the queue if nobody writes; otherwise waits until something has changed.
    fn settle<'s>(&'s self, state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        if state.hold == Hold::Nobody && !state.queue.is_empty() {
            self.write_queue(state)
        } else {
            self.settled.wait(state).unwrap_or_else(PoisonError::into_inner)
        }
    }

    fn write_queue<'s>(&'s self, mut state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        let held = Held::by(self, &mut state, Hold::Writer);
        let batch = std::mem::take(&mut state.queue);
        let (last, previous) = (state.committed, state.previous);
        let place = Place {
            epoch: state.epoch,
            at: state.used,
        };
        drop(state);
        let written = self.area.append(&Append {
            place,
            previous: &previous,
            first: last.saturating_sub(batch.len() as u64).saturating_add(1),
            transactions: &batch,
        });
        match written {
            Ok((bytes, tag)) => held.done(|state| {
                state.used += bytes;
                state.reserved -= batch.iter().map(|ops| bytes_of([ops]) as u64).sum::<u64>();
                (state.previous, state.durable) = (tag, last);
            }),
            Err(fault) => {
                self.health.record(fault);
                drop(held);
            }
        }
        self.state()
    }

    /// The state, once nobody folds.
    fn unfolding(&self) -> MutexGuard<'_, State> {
        let mut state = self.state();
        while state.hold == Hold::Fold {
            state = self.settled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The area is held, by a writer or a fold.
///
/// Dropped without [`done`](Self::done), it failed: the handle is finished, because what the disk holds is not
/// known before it is read again, and whoever waits is told.
struct Held<'a> {
    journal: &'a Journal,
    is_done: bool,
}

impl<'a> Held<'a> {
    fn by(journal: &'a Journal, state: &mut State, hold: Hold) -> Self {
        state.hold = hold;
        Self {
            journal,
            is_done: false,
        }
    }

    fn done(mut self, change: impl FnOnce(&mut State)) {
        change(&mut self.journal.state());
        self.is_done = true;
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            // Whoever failed has said why; this is for what could not.
            self.journal.health.record(Fault::Tampered(Part::Tree));
        }
        self.journal.state().hold = Hold::Nobody;
        self.journal.settled.notify_all();
    }
}

/// redb's own state is being made durable, and contains everything that was committed.
pub(crate) struct Fold<'a> {
    held: Held<'a>,
    mark: JournalMark,
}

impl Fold<'_> {
    /// What the state that becomes durable says about the journal: it begins anew.
    pub(crate) fn mark(&self) -> JournalMark {
        self.mark
    }

    /// The state is durable.
    pub(crate) fn done(self) {
        let mark = self.mark;
        self.held.done(|state| {
            (state.session, state.epoch) = (Session::Begun, mark.epoch);
            (state.used, state.reserved, state.previous) = (0, 0, RecordTag::default());
            (state.committed, state.durable) = (mark.applied, mark.applied);
        });
    }
}
