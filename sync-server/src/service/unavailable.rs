//! The one failure that every operation shares.

use crate::store::StoreError;

/// The server cannot serve now: its storage failed, or it is overloaded. Nothing was done and
/// nothing was read; trying again later can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server cannot serve now: try again later")]
pub struct Unavailable;

impl From<StoreError> for Unavailable {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store did not serve a call");
        Self
    }
}
