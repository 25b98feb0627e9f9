//! The bytes of every frame, field by field, written out from PROTOCOL.md by the second
//! implementation in `tests/vectors` and checked by eye. They never change. A document within a
//! frame is named instead of repeated.

mod device;
mod notices;
mod server;

pub(crate) use device::*;
pub(crate) use notices::*;
pub(crate) use server::*;
