//! What the server does, one file per operation. Every decision is taken here; transports only turn
//! bytes into these calls.

pub mod admin;
pub mod auth;
pub mod await_decision;
pub mod grants;
pub mod link;
pub mod page;
pub mod read;
pub mod request_consent;
pub mod request_view;
pub mod scopes;
pub mod session_token;

mod unavailable;

pub use unavailable::Unavailable;
