//! How much work stands between a passphrase and its key.

use std::time::Duration;

use crate::error::Error;
use crate::keys::{Passphrase, stretch};

/// The work that turns a passphrase into a key (Argon2id, RFC 9106).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KdfParams {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub passes: u32,
    /// Parallel lanes. They are computed one after another, so more lanes cost no more threads.
    pub lanes: u32,
}

impl KdfParams {
    /// The least that is accepted, when creating and when opening: 19 MiB, 2 passes, 1 lane.
    pub const FLOOR: Self = Self {
        memory_kib: 19 * 1024,
        passes: 2,
        lanes: 1,
    };
    /// The default: 64 MiB, 3 passes, 1 lane, about 0.2 s of a desktop processor.
    pub const DEFAULT: Self = Self {
        memory_kib: 64 * 1024,
        passes: 3,
        lanes: 1,
    };
    /// The default ceiling: 512 MiB, 16 passes, 16 lanes, some ten seconds of a desktop processor.
    pub const CEILING: Self = Self {
        memory_kib: 512 * 1024,
        passes: 16,
        lanes: 16,
    };

    const UNBOUNDED: Self = Self {
        memory_kib: u32::MAX,
        passes: u32::MAX,
        lanes: u32::MAX,
    };

    /// The most work that takes about `target` on this machine, and never less than the default.
    ///
    /// Memory is raised first, up to that of `ceiling`, because it is what an attacker has to pay for; then
    /// passes. A ceiling below the default is for hosts that are stopped when they take much memory, such as
    /// app extensions: the result keeps to it. Takes some three times `target`.
    ///
    /// `now` is a clock of the host: the time since any fixed moment, never running backwards.
    ///
    /// # Errors
    ///
    /// [`Error::KdfOutOfRange`] for a ceiling below [`FLOOR`](Self::FLOOR), [`Error::Io`] if there is not
    /// enough memory.
    pub fn calibrated(
        target: Duration,
        ceiling: Self,
        mut now: impl FnMut() -> Duration,
    ) -> Result<Self, Error> {
        let passphrase = Passphrase::new("measured, never used")?;
        Self::raised_to(target, ceiling, |params| {
            let start = now();
            stretch(&passphrase, &[0; 32], params)?;
            Ok(now().saturating_sub(start))
        })
    }

    fn raised_to(
        target: Duration,
        ceiling: Self,
        mut measure: impl FnMut(Self) -> Result<Duration, Error>,
    ) -> Result<Self, Error> {
        ceiling.check(Self::UNBOUNDED)?;
        let mut params = Self {
            memory_kib: Self::DEFAULT.memory_kib.min(ceiling.memory_kib),
            passes: Self::DEFAULT.passes.min(ceiling.passes),
            lanes: 1,
        };
        let mut taken = measure(params)?;
        while params.memory_kib.saturating_mul(2) <= ceiling.memory_kib && taken.saturating_mul(2) <= target {
            params.memory_kib *= 2;
            taken = measure(params)?;
        }
        let affordable = target.as_nanos() * u128::from(params.passes) / taken.as_nanos().max(1);
        let affordable = u32::try_from(affordable).unwrap_or(u32::MAX).min(ceiling.passes);
        params.passes = params.passes.max(affordable);
        Ok(params)
    }

    /// Refuses work below the floor (a weakened slot) or above a ceiling (a file made to exhaust us).
    pub(crate) fn check(self, ceiling: Self) -> Result<(), Error> {
        let in_range = |value, floor, ceiling| (floor..=ceiling).contains(&value);
        let allowed = in_range(self.memory_kib, Self::FLOOR.memory_kib, ceiling.memory_kib)
            && in_range(self.passes, Self::FLOOR.passes, ceiling.passes)
            && in_range(self.lanes, Self::FLOOR.lanes, ceiling.lanes);
        if allowed {
            return Ok(());
        }
        let Self {
            memory_kib,
            passes,
            lanes,
        } = self;
        Err(Error::KdfOutOfRange {
            memory_kib,
            passes,
            lanes,
        })
    }
}

impl Default for KdfParams {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_held_between_the_floor_and_the_ceiling() {
        let allowed = |params: KdfParams| params.check(KdfParams::CEILING).is_ok();
        assert!(allowed(KdfParams::FLOOR));
        assert!(allowed(KdfParams::DEFAULT));
        assert!(allowed(KdfParams::CEILING));
        assert!(!allowed(KdfParams {
            memory_kib: KdfParams::FLOOR.memory_kib - 1,
            ..KdfParams::DEFAULT
        }));
        assert!(!allowed(KdfParams {
            passes: 1,
            ..KdfParams::DEFAULT
        }));
        assert!(!allowed(KdfParams {
            lanes: 0,
            ..KdfParams::DEFAULT
        }));
        assert!(!allowed(KdfParams {
            memory_kib: KdfParams::CEILING.memory_kib + 1,
            ..KdfParams::DEFAULT
        }));
        assert!(!allowed(KdfParams {
            passes: 17,
            ..KdfParams::DEFAULT
        }));
        assert!(!allowed(KdfParams {
            lanes: 17,
            ..KdfParams::DEFAULT
        }));
    }

    /// A machine on which 64 MiB and one pass take `unit`.
    fn calibrated_on(unit: Duration, target_ms: u64, ceiling: KdfParams) -> KdfParams {
        let target = Duration::from_millis(target_ms);
        let measured = |params: KdfParams| Ok(unit * params.passes * params.memory_kib / (64 * 1024));
        KdfParams::raised_to(target, ceiling, measured).unwrap()
    }

    #[test]
    fn a_fast_machine_gets_more_memory_and_then_more_passes() {
        let fast = calibrated_on(Duration::from_millis(20), 1000, KdfParams::CEILING);
        assert_eq!((fast.memory_kib, fast.passes), (512 * 1024, 6));
        let little_memory = KdfParams {
            memory_kib: 64 * 1024,
            ..KdfParams::CEILING
        };
        let fast = calibrated_on(Duration::from_millis(20), 200, little_memory);
        assert_eq!((fast.memory_kib, fast.passes), (64 * 1024, 10));
    }

    #[test]
    fn a_slow_machine_gets_the_default_and_a_tight_ceiling_is_kept() {
        assert_eq!(
            calibrated_on(Duration::from_secs(5), 500, KdfParams::CEILING),
            KdfParams::DEFAULT
        );
        let tight = KdfParams {
            memory_kib: 32 * 1024,
            passes: 8,
            lanes: 1,
        };
        let found = calibrated_on(Duration::from_millis(100), 10_000, tight);
        assert_eq!((found.memory_kib, found.passes), (32 * 1024, 8));
        let none = KdfParams {
            memory_kib: 8,
            ..KdfParams::CEILING
        };
        assert!(KdfParams::calibrated(Duration::ZERO, none, || Duration::ZERO).is_err());
    }

    #[test]
    fn the_work_itself_is_what_is_measured() {
        let mut calls = 0;
        let clock = || {
            calls += 1;
            Duration::from_secs(calls)
        };
        let found = KdfParams::calibrated(Duration::from_millis(1), KdfParams::FLOOR, clock).unwrap();
        assert_eq!(found, KdfParams::FLOOR);
        assert_eq!(calls, 2, "the clock is asked before and after the work");
    }
}
