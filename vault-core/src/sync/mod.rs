//! Sync: carries statements, and sealed projections of what they allow, to one server, and brings
//! its notices back. It never sees a record: only [`crate::consent::Exporter`] does.
//!
//! [`session`] is the protocol without sockets or clock, [`asking`] what comes before it on a device that has
//! nothing but a recovery code; [`transport`] is what carries both.

mod asking;
mod batch;
mod beyond;
mod by_slot;
mod connection;
mod error;
mod escrow;
mod event;
mod held;
mod incarnation;
mod lane;
mod log;
mod progress;
mod server;
mod session;
mod shared;
mod standing;
mod takeover;
mod transport;

pub(crate) use asking::{Asking, Found};
pub(crate) use connection::{Connection, Until};
pub use error::SyncError;
pub use escrow::EscrowState;
pub(crate) use escrow::{add_code, slot_of, state as escrow_state};
pub use event::{SyncEvent, SyncReport};
pub(crate) use incarnation::set_apart;
pub(crate) use log::standing as log_standing;
pub use log::{LogFault, LogFaultKind, LogStanding};
pub use server::{ServerAddress, ServerKeyPin};
pub(crate) use server::{ServerRow, connected_server, forget_server, set_server, trusted};
pub(crate) use session::Session;
pub(crate) use shared::shared;
pub use shared::{RejectedRecord, Shared};
pub(crate) use takeover::{find as find_escrow, settle as settle_takeover};
