//! The service as a whole, on a clock that is set by hand, with a device made of real keys.

mod amendments;
mod app_with_keys;
mod copies;
pub(crate) mod device;
mod disk;
mod erasure;
mod filing;
mod greeting;
mod keys;
mod pushes;
mod reads;
mod recovery;
mod restore;
mod sealed;
mod set_back;
mod signed_requests;
mod statements;
mod windows;
mod world;
