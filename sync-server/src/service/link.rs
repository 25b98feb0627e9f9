//! Linking an application to a data subject by the code that the subject's vault shows.

use vault_wire::id::SubjectId;

use super::{Unavailable, auth::Caller};
use crate::Server;

/// Why nothing was linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The code is wrong, used or older than ten minutes.
    #[error("this link code is wrong, used or has expired: ask the user for a new one")]
    WrongCode,
    /// Ten wrong codes within an hour.
    #[error("too many wrong link codes: try again in {retry_after_s} seconds")]
    TooManyTries {
        /// Seconds until codes are looked at again.
        retry_after_s: u32,
    },
    /// The server cannot serve now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// The caller's own id for the data subject whose vault shows this code. A code works once.
///
/// # Errors
///
/// See [`LinkError`].
pub async fn link(server: &Server, caller: &Caller, code: &str) -> Result<SubjectId, LinkError> {
    let _ = (server, caller, code);
    Err(LinkError::Unavailable(Unavailable))
}
