//! Where everything lies in the file: layout version 0. Nothing outside this folder knows a page's place,
//! how the durable state is named, or in which order things are written.
//!
//! ```text
//!     0  vault header copy A
//!  4096  commit slots A, A', B, B'     one block of 4096 bytes each
//! 20480  vault header copy B
//! 24576  journal area, 256 KiB
//! 286720 page p at 286720 + 4136·(p−1): nonce 24 | ciphertext 4096 | tag 16
//! ```
//!
//! redb sees a plain array of 4096-byte pages. Page 0 is its own header of 320 bytes, the only thing it
//! overwrites in place; it lives in the commit slots. All other pages are copied on write, so a state stays
//! whole until a commit slot that names a newer one is durable.

mod backend;
mod commit_slot;
mod journal_mark;
mod pages;
mod reader;
mod store;

#[cfg(test)]
mod tests;

pub(crate) use backend::SealedBackend;
pub(crate) use journal_mark::JournalMark;
pub(crate) use reader::Reader;
pub(crate) use store::{Durable, PageSource, Shared, Store};

/// Bytes that redb sees in a page.
pub(crate) const PAGE_BYTES: usize = 4096;
/// Bytes of a commit slot.
const SLOT_BYTES: usize = 4096;
/// The two copies of the vault header.
pub(crate) const HEADER_COPIES_AT: [u64; 2] = [0, 20480];
/// The four commit slots: A, A', B, B'.
const COMMIT_SLOTS_AT: u64 = 4096;
/// The journal area: written with zeros when the file is created, never resized.
pub(crate) const JOURNAL_AT: u64 = 24576;
/// Bytes of the journal area.
pub(crate) const JOURNAL_BYTES: usize = 256 * 1024;
/// Page 1.
const PAGES_AT: u64 = JOURNAL_AT + JOURNAL_BYTES as u64;
