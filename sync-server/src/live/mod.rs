//! What lives only as long as the process: answers being written, calls that wait, connections, and copies
//! of what the store has.

mod devices;
mod guards;
mod unfiled;
mod waits;

pub(crate) use devices::{Devices, Session};
pub use guards::ReadGuard;
pub(crate) use guards::ReadGuards;
pub(crate) use unfiled::{Run, Unfiled};
pub(crate) use waits::Waits;
