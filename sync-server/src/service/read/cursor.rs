//! Where the next page of a read begins. Opaque to developers, and only this server can make one.

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use vault_wire::{
    catalogue::Category,
    id::{GrantId, ReadId},
    json::hex,
    time::Timestamp,
};

use crate::keys::Keys;

const TAG_BYTES: usize = 16;
const TEXT_BYTES_MAX: usize = 512;

/// Where the next page begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// The first page's read.
    pub(super) read: ReadId,
    /// When that was.
    pub(super) read_at: Timestamp,
    pub(super) grant: GrantId,
    pub(super) generation: u32,
    pub(super) category: Category,
    /// The last arrival that was looked at.
    pub(super) after: u64,
    /// The first arrival that no longer belongs to the read, where the grant allows only so many.
    pub(super) before: Option<u64>,
}

impl Cursor {
    /// Its text.
    pub(super) fn seal(&self, keys: &Keys) -> String {
        // A cursor holds no type that postcard can refuse; an empty one is refused when it comes back.
        let bytes = postcard::to_stdvec(self).unwrap_or_default();
        hex(&[keys.cursor_tag(&bytes).as_slice(), &bytes].concat())
    }

    /// The cursor behind a text that this server made.
    pub(super) fn open(text: &str, keys: &Keys) -> Option<Self> {
        let bytes = from_hex(text)?;
        let (tag, bytes) = bytes.split_first_chunk::<TAG_BYTES>()?;
        if !bool::from(keys.cursor_tag(bytes).ct_eq(tag)) {
            return None;
        }
        postcard::from_bytes(bytes).ok()
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if text.len() > TEXT_BYTES_MAX || !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}
