//! What developers are served over HTTPS.
//!
//! Nothing is decided here: a request's bytes become a typed call to [`crate::service`], and its
//! answer becomes bytes. The way of a request: [`listener`] → `connection` (TLS, limits) →
//! `envelope` (its id, headers that every answer has, errors as `problem+json`) → [`router`] (every
//! route on one page) → one file an endpoint, whose arguments say who may call it (`auth`).
//!
//! `API.md` beside this crate shows every endpoint with a real request and answer.

mod apps;
mod auth;
mod catalogues;
mod connection;
mod consent_requests;
mod data;
mod docs;
mod envelope;
mod flight;
mod grants;
mod json_body;
mod limits;
pub mod listener;
mod prefer;
pub mod problem;
mod query;
mod request_consent;
pub mod router;
mod session_tokens;
mod strict;
mod subjects;
mod terms_view;
pub mod tls;

#[cfg(test)]
mod tests;

pub use listener::serve;
