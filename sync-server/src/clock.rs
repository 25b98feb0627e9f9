//! Time as an argument: the wall clock in production, a clock that is set by hand in tests.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    time::{Duration, UNIX_EPOCH},
};

use tokio::sync::watch;
use vault_wire::time::Timestamp;

/// A future that a [`Clock`] hands out.
pub type Sleep<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// What time it is, and waiting until it is later.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The time.
    fn now(&self) -> Timestamp;

    /// Completes once the time is `at` or later.
    fn sleep_until(&self, at: Timestamp) -> Sleep<'_>;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place that reads the wall clock"
        )]
        let now = std::time::SystemTime::now();
        let ms = now
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        Timestamp::from_unix_ms(ms)
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep<'_> {
        Box::pin(async move {
            // The wall clock can be set while we sleep, so a long wait looks again now and then.
            const LONGEST_NAP_MS: u64 = 30_000;
            loop {
                let left = u64::try_from(at.ms_since(self.now())).unwrap_or(0);
                if left == 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(left.min(LONGEST_NAP_MS))).await;
            }
        })
    }
}

/// A clock that moves only when it is told to.
#[derive(Debug)]
pub struct ManualClock(watch::Sender<Timestamp>);

impl ManualClock {
    /// A clock that stands at a moment.
    pub fn at(now: Timestamp) -> Self {
        Self(watch::Sender::new(now))
    }

    /// Moves the clock forward (back, if negative) and wakes those whose moment has come.
    pub fn advance_ms(&self, ms: i64) {
        self.0.send_modify(|now| *now = now.plus_ms(ms));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep<'_> {
        let mut time = self.0.subscribe();
        Box::pin(async move {
            // It fails only when the clock is gone, and then nobody waits for it any more.
            let _ = time.wait_for(|now| *now >= at).await;
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn a_sleeper_wakes_when_its_moment_has_come_and_not_before() {
        let clock = Arc::new(ManualClock::at(Timestamp::from_unix_ms(1_000)));
        let sleeper = tokio::spawn({
            let clock = Arc::clone(&clock);
            async move {
                clock.sleep_until(Timestamp::from_unix_ms(3_000)).await;
                clock.now()
            }
        });
        clock.advance_ms(1_999);
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance_ms(1);
        assert_eq!(sleeper.await.unwrap(), Timestamp::from_unix_ms(3_000));
    }

    #[tokio::test]
    async fn a_moment_that_has_passed_is_not_waited_for() {
        let clock = ManualClock::at(Timestamp::from_unix_ms(1_000));
        clock.sleep_until(Timestamp::from_unix_ms(1_000)).await;
        SystemClock.sleep_until(Timestamp::from_unix_ms(0)).await;
    }
}
