//! The sync server: it takes sealed entries from vaults over QUIC and serves what their owners
//! consented to over HTTPS.
//!
//! Transports (`quic`, `https`) turn bytes into typed calls; [`service`] holds every decision, one
//! file per operation; `store` keeps what must last.

pub mod clock;
pub mod config;
pub mod entropy;
pub mod https;
pub mod live;
pub mod service;
pub mod stop;

use std::{fmt, sync::Arc};

/// The running service, without its transports. Clones share it.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

struct Inner {}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Server(..)")
    }
}
