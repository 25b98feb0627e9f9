//! Waiting for a data subject's decision.

use vault_wire::id::RequestId;

use super::{
    Unavailable,
    auth::Caller,
    request_view::{RequestView, ViewError},
};
use crate::Server;

/// Most calls of one account that wait at the same time. One more is answered at once.
pub const WAITS_PER_ACCOUNT_MAX: usize = 100;

/// The request once it is decided or `wait_ms` milliseconds are over, whichever is first. With as
/// many calls of the account waiting as may, it answers at once.
///
/// # Errors
///
/// See [`ViewError`].
pub async fn await_decision(
    server: &Server,
    caller: &Caller,
    id: RequestId,
    wait_ms: i64,
) -> Result<RequestView, ViewError> {
    let _ = (server, caller, id, wait_ms);
    Err(ViewError::Unavailable(Unavailable))
}
