//! How large a file and its page table may become.

use super::{Geometry, PAGE_BYTES};
use crate::error::Error;
use crate::options::Options;

/// The sizes that a backend keeps to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) geometry: Geometry,
    /// The most bytes of pages.
    pub(crate) max_file_bytes: u64,
    /// Memory for decrypted pages, which redb keeps.
    pub(crate) cache_bytes: usize,
    /// Memory for the page table.
    pub(crate) table_bytes: usize,
    /// Memory for pages on their way to the disk.
    pub(crate) pending_bytes: usize,
}

impl Sizes {
    /// What a host chose, for a file of so many bytes.
    pub(crate) fn of(options: &Options, file_bytes: u64) -> Self {
        let shares = options.shares(file_bytes);
        Self {
            geometry: Geometry::STANDARD,
            max_file_bytes: options.max_file_bytes,
            cache_bytes: shares.cache,
            table_bytes: shares.table,
            pending_bytes: shares.pending,
        }
    }

    /// The most pages, page 0 included.
    pub(super) fn pages_max(&self) -> u64 {
        let pages = self.max_file_bytes / PAGE_BYTES as u64;
        pages.min(self.geometry.pages_max())
    }

    /// Refuses more pages than there may be, before anything is reserved for them.
    pub(super) fn check_pages(&self, pages: u64) -> Result<(), Error> {
        if pages <= self.pages_max() {
            return Ok(());
        }
        Err(Error::TooLarge {
            what: "the file",
            bytes: pages.saturating_mul(PAGE_BYTES as u64),
            limit: self.pages_max() * PAGE_BYTES as u64,
        })
    }
}
