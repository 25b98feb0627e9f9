//! What lives only as long as the process: answers being written, calls that wait, connections.

mod guards;

pub use guards::ReadGuard;
pub(crate) use guards::ReadGuards;
