//! The fence around values of redb: whatever happens inside comes out as a typed error.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use super::Health;
use crate::error::Error;

/// A value of redb that is only used, and dropped, behind the fence.
pub(super) struct Fence<T> {
    value: Option<T>,
    health: Arc<Health>,
}

/// Runs a call into redb. After a panic the handle is finished, so nothing half-changed is used again:
/// that is what makes the assertion of unwind safety true.
pub(super) fn fenced<R, E: Into<redb::Error>>(
    health: &Health,
    call: impl FnOnce() -> Result<R, E>,
) -> Result<R, Error> {
    health.check()?;
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|error| health.explain(error)),
        Err(_) => Err(health.explain_panic()),
    }
}

/// The way out of the fence for what the caller wants done inside: a panic there is the caller's own.
pub(super) struct Gate(Cell<bool>);

impl Gate {
    pub(super) fn call<R>(&self, outside: impl FnOnce() -> R) -> R {
        self.0.set(true);
        let result = outside();
        self.0.set(false);
        result
    }
}

/// Runs a call into redb that calls the caller back through the gate.
fn fenced_with_gate<R, E: Into<redb::Error>>(
    health: &Health,
    call: impl FnOnce(&Gate) -> Result<R, E>,
) -> Result<R, Error> {
    health.check()?;
    let gate = Gate(Cell::new(false));
    match catch_unwind(AssertUnwindSafe(|| call(&gate))) {
        Ok(result) => result.map_err(|error| health.explain(error)),
        Err(panic) if gate.0.get() => resume_unwind(panic),
        Err(_) => Err(health.explain_panic()),
    }
}

impl<T> Fence<T> {
    pub(super) fn new(value: T, health: &Arc<Health>) -> Self {
        Self {
            value: Some(value),
            health: Arc::clone(health),
        }
    }

    pub(super) fn run<'a, R, E: Into<redb::Error>>(
        &'a self,
        call: impl FnOnce(&'a T) -> Result<R, E>,
    ) -> Result<R, Error> {
        fenced(&self.health, || {
            self.value
                .as_ref()
                .map_or(Err(gone()), |value| call(value).map_err(Into::into))
        })
    }

    pub(super) fn run_mut<'a, R, E: Into<redb::Error>>(
        &'a mut self,
        call: impl FnOnce(&'a mut T) -> Result<R, E>,
    ) -> Result<R, Error> {
        let value = &mut self.value;
        fenced(&self.health, || {
            value
                .as_mut()
                .map_or(Err(gone()), |value| call(value).map_err(Into::into))
        })
    }

    /// As [`run`](Self::run), with a way back to the caller.
    pub(super) fn run_with_gate<'a, R, E: Into<redb::Error>>(
        &'a self,
        call: impl FnOnce(&'a T, &Gate) -> Result<R, E>,
    ) -> Result<R, Error> {
        fenced_with_gate(&self.health, |gate| {
            self.value
                .as_ref()
                .map_or(Err(gone()), |value| call(value, gate).map_err(Into::into))
        })
    }

    /// As [`run_mut`](Self::run_mut), with a way back to the caller.
    pub(super) fn run_mut_with_gate<'a, R, E: Into<redb::Error>>(
        &'a mut self,
        call: impl FnOnce(&'a mut T, &Gate) -> Result<R, E>,
    ) -> Result<R, Error> {
        let value = &mut self.value;
        fenced_with_gate(&self.health, |gate| {
            value
                .as_mut()
                .map_or(Err(gone()), |value| call(value, gate).map_err(Into::into))
        })
    }

    /// Gives the value up to a last call.
    pub(super) fn finish<R, E: Into<redb::Error>>(
        mut self,
        call: impl FnOnce(T) -> Result<R, E>,
    ) -> Result<R, Error> {
        let value = self.value.take();
        fenced(&self.health, || {
            value.map_or(Err(gone()), |value| call(value).map_err(Into::into))
        })
    }

    /// Drops the value now.
    pub(super) fn close(&mut self) {
        let value = self.value.take();
        if catch_unwind(AssertUnwindSafe(|| drop(value))).is_err() {
            // Nobody is left to tell but the next caller.
            let _ = self.health.explain_panic();
        }
    }
}

fn gone() -> redb::Error {
    redb::Error::DatabaseClosed
}

impl<T> Drop for Fence<T> {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Fault, Part};

    struct PanicsWhenDropped;

    impl Drop for PanicsWhenDropped {
        fn drop(&mut self) {
            panic!("odd input met while closing");
        }
    }

    fn is_tampered(result: &Result<(), Error>) -> bool {
        matches!(result, Err(Error::Tampered { what: Part::Tree }))
    }

    #[test]
    fn a_panic_inside_redb_is_an_error_and_ends_the_handle() {
        let health = Arc::new(Health::default());
        let fence = Fence::new((), &health);
        let panicked = fence.run(|()| -> Result<(), redb::StorageError> { panic!("odd input") });
        assert!(is_tampered(&panicked));
        assert!(
            is_tampered(&fence.run(|()| Ok::<_, redb::StorageError>(()))),
            "later calls repeat the cause"
        );
        assert!(health.check().is_err(), "and nothing is written any more");
    }

    #[test]
    fn a_panic_while_redb_drops_something_does_not_reach_the_host() {
        let health = Arc::new(Health::default());
        drop(Fence::new(PanicsWhenDropped, &health));
        assert!(health.check().is_err());
    }

    #[test]
    fn only_the_first_cause_is_kept() {
        let health = Health::default();
        health.record(Fault::NoSpace);
        health.record(Fault::Entropy);
        assert!(matches!(
            health.explain(redb::StorageError::PreviousIo),
            Error::NoSpace
        ));
    }
}
