//! What a vault and a sync server both name: identifiers, the category catalogue, consent
//! requests and statements, sealed entries, receipts, and the frames that carry them.
//!
//! This crate does no input or output, reads no clock and draws no randomness of its own. Every
//! decoder is bounded and total: bytes from outside give a value or an error, never a panic.
//! `PROTOCOL.md` beside this crate is the specification; `tests/golden` pins its bytes.

pub mod acceptance;
pub mod catalogue;
pub mod certificate;
pub mod domain;
pub mod entry;
pub mod frame;
pub mod grant_key;
pub mod id;
pub mod json;
pub mod labels;
pub mod limits;
pub mod log;
pub mod payload;
pub mod purpose;
pub mod receipt;
pub mod reconcile;
pub mod request;
pub mod signature;
pub mod statement;
pub mod terms;
pub mod time;
pub mod value;

mod canonical;
mod octets;

pub use canonical::{Digest, Malformed, digest};
