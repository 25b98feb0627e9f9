//! Where everything lies in the file: layout version 1. Nothing outside this folder knows a page's place,
//! how the durable state is named, or in which order things are written.
//!
//! ```text
//!      0  vault header copy A
//!   4096  commit slots A, A', B, B'     one block of 4096 bytes each
//!  20480  vault header copy B
//!  24576  journal area, 256 KiB
//! 286720  extents, 418 blocks of 4096 bytes each: the nodes of the page table and 408 sealed pages
//! ```
//!
//! redb sees a plain array of 4096-byte pages. Page 0 is its own header of 320 bytes, the only thing it
//! overwrites in place; it lives in the commit slots. All other pages are copied on write, so a state stays
//! whole until a commit slot that names a newer one is durable.
//!
//! A page on the disk is its 4096 bytes of ciphertext and nothing else: its nonce and its tag lie in the page
//! table. So everything is aligned to the sectors of the disk, and a write that is torn hurts nothing beside it.

mod backend;
mod commit_slot;
mod geometry;
mod journal_mark;
mod pages;
mod pending;
mod reader;
mod rescue;
mod sizes;
mod state;
mod store;
mod table;

#[cfg(test)]
mod tests;

pub(crate) use backend::SealedBackend;
pub(crate) use geometry::Geometry;
pub(crate) use journal_mark::JournalMark;
pub(crate) use reader::Reader;
pub(crate) use rescue::Rescue;
pub(crate) use sizes::Sizes;
pub(crate) use store::{Durable, PageSource, Shared, Store};
pub(crate) use table::NodeChecked;

/// Bytes that redb sees in a page.
pub(crate) const PAGE_BYTES: usize = 4096;
/// What every place in the file is a multiple of.
const BLOCK_BYTES: usize = 4096;
/// Bytes of a commit slot.
const SLOT_BYTES: usize = BLOCK_BYTES;
/// The two copies of the vault header.
pub(crate) const HEADER_COPIES_AT: [u64; 2] = [0, 20480];
/// The four commit slots: A, A', B, B'.
const COMMIT_SLOTS_AT: u64 = 4096;
/// The journal area: written with zeros when the file is created, never resized.
pub(crate) const JOURNAL_AT: u64 = 24576;
/// Bytes of the journal area.
pub(crate) const JOURNAL_BYTES: usize = 256 * 1024;
/// Extent 0.
const EXTENTS_AT: u64 = JOURNAL_AT + JOURNAL_BYTES as u64;
/// The blocks in front of it.
const BLOCKS_BEFORE_EXTENTS: u32 = 70;
const _: () = assert!(EXTENTS_AT == BLOCKS_BEFORE_EXTENTS as u64 * BLOCK_BYTES as u64);
