//! Waiting for a data subject's decision.

use vault_wire::id::RequestId;

use super::{
    auth::Caller,
    request_view::{RequestView, ViewError, consent_request},
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
    let deadline = server.now().plus_ms(wait_ms);
    let Some(mut wait) = server.waits().enter(caller.account, id, WAITS_PER_ACCOUNT_MAX) else {
        return consent_request(server, caller, id);
    };
    loop {
        let view = consent_request(server, caller, id)?;
        if view.status.is_terminal() || server.now() >= deadline {
            return Ok(view);
        }
        tokio::select! {
            () = wait.changed() => {}
            () = server.clock().sleep_until(deadline) => {}
        }
    }
}
