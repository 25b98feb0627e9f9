//! Reading a damaged file past what is lost of its page table.
//!
//! Where a node is lost, an older one that still authenticates will do: its seals open exactly the pages that
//! did not change since, so a lost node costs only what was written after the older one. Nodes of groups say
//! which group they are of, so they are found even without the directory that named them.
//!
//! What is read here can be stale. The caller compares it with the checksums of redb's trees, which go up to the
//! commit slot.

use std::cell::OnceCell;

use super::table::Stale;
use super::{PAGE_BYTES, PageSource, Reader};
use crate::disk::Disk;
use crate::error::Fault;

/// A damaged file at rest.
pub(crate) struct Rescue<D> {
    reader: Reader<D>,
    /// Looked for when they are first needed.
    stale: OnceCell<Stale>,
}

impl<D: Disk> Rescue<D> {
    pub(crate) fn of(reader: Reader<D>) -> Self {
        Self {
            reader,
            stale: OnceCell::new(),
        }
    }

    fn read_page(&self, page: u64, plain: &mut [u8]) -> Result<(), Fault> {
        let refused = match self.reader.pages.read(page, plain) {
            Ok(()) => return Ok(()),
            Err(fault) => fault,
        };
        let table = self.reader.pages.table();
        let stale = self.stale.get_or_init(|| {
            let len = self.reader.disk.len().unwrap_or(0);
            table.stale(len)
        });
        let opened = table
            .stale_seals(stale, page)
            .any(|(at, seal)| self.reader.pages.read_as(page, at, &seal, plain).is_ok());
        if opened { Ok(()) } else { Err(refused) }
    }
}

impl<D: Disk> PageSource for Rescue<D> {
    fn read_pages(&self, first: u64, plain: &mut [u8]) -> Result<(), Fault> {
        (first..)
            .zip(plain.chunks_exact_mut(PAGE_BYTES))
            .try_for_each(|(page, plain)| self.read_page(page, plain))
    }
}
