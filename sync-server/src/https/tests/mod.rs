//! The surface as a developer meets it: the real service on a clock set by hand, a vault that decides
//! with real statements, and real sockets where sockets matter.

mod api_page;
mod client;
mod consent;
mod credentials;
mod data;
mod device;
mod envelope;
mod grants;
mod layout;
mod slow;
mod sockets;
mod unread;
mod world;
