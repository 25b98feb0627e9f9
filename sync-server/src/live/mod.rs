//! What lives only as long as the process: answers being written, calls that wait, connections.

mod devices;
mod guards;
mod waits;

pub(crate) use devices::{Devices, Session};
pub use guards::ReadGuard;
pub(crate) use guards::ReadGuards;
pub(crate) use waits::Waits;
