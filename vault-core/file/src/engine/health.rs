//! Whether a handle is still to be trusted. The first failure is remembered and every later call repeats it.

use std::sync::OnceLock;

use redb::StorageError;

use crate::error::{Error, Fault, Part};

#[derive(Debug, Default)]
pub(crate) struct Health(OnceLock<Fault>);

impl Health {
    /// Ends the handle. Only the first cause is kept: later ones follow from it.
    pub(crate) fn record(&self, fault: Fault) {
        let _ = self.0.set(fault);
    }

    pub(crate) fn check(&self) -> Result<(), Fault> {
        self.0.get().map_or(Ok(()), |fault| Err(*fault))
    }

    /// What an error of redb means to the caller.
    pub(crate) fn explain(&self, error: impl Into<redb::Error>) -> Error {
        if let Err(fault) = self.check() {
            return fault.into();
        }
        match error.into() {
            redb::Error::TableAlreadyOpen(table, _) => Error::TableInUse { table },
            redb::Error::ValueTooLarge(bytes) => Error::TooLarge {
                what: "a value",
                bytes: bytes as u64,
                limit: super::VALUE_BYTES_MAX as u64,
            },
            // The storage did not fail and every page was authentic, so what redb cannot make sense of was put
            // together from authentic pages of different ages.
            _ => {
                self.record(Fault::Tampered(Part::Tree));
                Error::Tampered { what: Part::Tree }
            }
        }
    }

    /// What a panic inside redb means to the caller.
    pub(crate) fn explain_panic(&self) -> Error {
        self.record(Fault::Tampered(Part::Tree));
        self.explain(StorageError::DatabaseClosed)
    }
}
