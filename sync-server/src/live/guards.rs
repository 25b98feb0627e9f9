//! Answers that are being written. A withdrawal is acknowledged only once each of them is finished
//! or aborted.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;
use vault_wire::id::GrantId;

use crate::{clock::Clock, stop::Stop};

/// How long an answer may take once its grant was withdrawn, in milliseconds; then it is aborted.
pub(crate) const FINISH_BOUND_MS: i64 = 10_000;

/// Every answer that is being written, by grant.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReadGuards(Arc<Mutex<HashMap<GrantId, Readers>>>);

/// The answers of one grant: how many there are, and the order to abort them.
#[derive(Debug)]
struct Readers {
    count: watch::Sender<usize>,
    abort: Stop,
}

/// Held while an answer is being written. Its holder ends the connection when
/// [`aborted`](Self::aborted) completes.
pub struct ReadGuard {
    grant: GrantId,
    abort: Stop,
    all: ReadGuards,
}

impl ReadGuards {
    /// Registers an answer. To be called inside the transaction that decides about it, so that every
    /// later withdrawal finds it.
    pub(crate) fn enter(&self, grant: GrantId) -> ReadGuard {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let readers = all.entry(grant).or_insert_with(|| Readers {
            count: watch::Sender::new(0),
            abort: Stop::default(),
        });
        readers.count.send_modify(|count| *count += 1);
        ReadGuard {
            grant,
            abort: readers.abort.clone(),
            all: self.clone(),
        }
    }

    /// Completes once no answer of the grant is being written: after [`FINISH_BOUND_MS`] they are
    /// aborted, and their holders drop them.
    pub(crate) async fn drain(&self, grant: GrantId, clock: &dyn Clock) {
        let Some((mut count, abort)) = self.readers(grant) else {
            return;
        };
        let bound = clock.now().plus_ms(FINISH_BOUND_MS);
        tokio::select! {
            () = none_left(&mut count) => return,
            () = clock.sleep_until(bound) => {}
        }
        abort.request();
        none_left(&mut count).await;
    }

    fn readers(&self, grant: GrantId) -> Option<(watch::Receiver<usize>, Stop)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let readers = all.get(&grant)?;
        Some((readers.count.subscribe(), readers.abort.clone()))
    }

    fn leave(&self, grant: GrantId) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(readers) = all.get(&grant) {
            readers.count.send_modify(|count| *count -= 1);
            if *readers.count.borrow() == 0 {
                all.remove(&grant);
            }
        }
    }
}

/// An error says that the last answer left and took its count along.
async fn none_left(count: &mut watch::Receiver<usize>) {
    let _ = count.wait_for(|count| *count == 0).await;
}

impl ReadGuard {
    /// Completes when the answer must not go on: its grant was withdrawn too long ago.
    pub async fn aborted(&self) {
        self.abort.requested().await;
    }
}

impl Drop for ReadGuard {
    fn drop(&mut self) {
        self.all.leave(self.grant);
    }
}

impl fmt::Debug for ReadGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReadGuard({})", self.grant)
    }
}

#[cfg(test)]
mod tests {
    use vault_wire::time::Timestamp;

    use super::*;
    use crate::clock::ManualClock;

    const GRANT: GrantId = GrantId([1; 16]);

    fn clock() -> Arc<ManualClock> {
        Arc::new(ManualClock::at(Timestamp::from_unix_ms(0)))
    }

    #[tokio::test]
    async fn draining_waits_for_the_last_answer() {
        let (guards, clock) = (ReadGuards::default(), clock());
        let (first, second) = (guards.enter(GRANT), guards.enter(GRANT));
        let drained = tokio::spawn({
            let (guards, clock) = (guards.clone(), Arc::clone(&clock));
            async move { guards.drain(GRANT, &*clock).await }
        });
        drop(first);
        tokio::task::yield_now().await;
        assert!(!drained.is_finished());
        drop(second);
        drained.await.unwrap();
    }

    #[tokio::test]
    async fn an_answer_that_takes_too_long_is_aborted() {
        let (guards, clock) = (ReadGuards::default(), clock());
        let guard = guards.enter(GRANT);
        let drained = tokio::spawn({
            let (guards, clock) = (guards.clone(), Arc::clone(&clock));
            async move { guards.drain(GRANT, &*clock).await }
        });
        tokio::task::yield_now().await;
        clock.advance_ms(FINISH_BOUND_MS);
        guard.aborted().await;
        assert!(!drained.is_finished());
        drop(guard);
        drained.await.unwrap();
    }

    #[tokio::test]
    async fn another_grants_answers_are_not_waited_for() {
        let (guards, clock) = (ReadGuards::default(), clock());
        let _other = guards.enter(GrantId([2; 16]));
        guards.drain(GRANT, &*clock).await;
    }
}
