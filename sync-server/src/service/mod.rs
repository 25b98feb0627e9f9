//! What the server does, one file per operation. Every decision is taken here; transports only turn
//! bytes into these calls.

pub mod admin;
pub mod app_keys;
pub mod auth;
pub mod await_decision;
pub mod grants;
pub mod holdings;
pub mod link;
pub mod page;
pub mod read;
pub mod request_consent;
pub mod request_view;
pub mod scopes;
pub mod session_token;
pub mod signed_request;
mod slots;

pub(crate) mod enrol;
pub(crate) mod hello;
pub(crate) mod link_code;
pub(crate) mod notices;
pub(crate) mod push;
pub(crate) mod reconcile;
pub(crate) mod recovery;
pub(crate) mod statement;
pub(crate) mod sweep;

mod amending;
mod api_key;
mod audit;
mod ended;
mod grant_rules;
mod held;
mod log;
mod refusals;
mod retry_after;
mod secret_text;
mod subjects;
mod time_span;
mod unavailable;

#[cfg(test)]
pub(crate) mod tests;

pub use unavailable::Unavailable;
