//! What a session is tried with: a vault on a temporary disk, and a server that keeps what it is sent in memory.

mod device;
mod server;

pub(super) use device::{Device, names, receipt};
pub(super) use server::{Server, ack};
