//! The sync server: it takes sealed entries from vaults over QUIC (or TCP) and serves what their owners
//! consented to over HTTPS.
//!
//! Transports (`devices`, [`https`]) turn bytes into typed calls; [`service`] holds every decision, one
//! file per operation; `store` keeps what must last; `live` what lasts as long as the process.

pub mod clock;
pub mod config;
pub mod entropy;
pub mod hosted;
pub mod https;
pub mod live;
pub mod service;
pub mod stop;

mod devices;
mod error;
mod keys;
mod running;
mod server;
mod store;

pub use error::StartError;
pub use keys::{KeysError, TlsIdentity};
pub use running::{Running, start};
pub use server::Server;
pub use store::StoreError;
