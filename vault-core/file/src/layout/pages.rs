//! Sealed pages. What lies on the disk is ciphertext alone; nonce and tag lie in the page table, so only the
//! bytes that were written last open, and a page that was never written does not open at all. Each page is bound
//! to the file, its epoch and its own number besides.
//!
//! What is written waits in memory until it is [flushed](Pages::flush), and is sealed only then.

use std::io;
use std::sync::Arc;

use super::PAGE_BYTES;
use super::pending::{Pending, Turn};
use super::table::{PageSeal, PageTable};
use crate::disk::Disk;
use crate::entropy::Entropy;
use crate::error::{Fault, Part};
use crate::keys::cipher::{Cipher, NONCE_BYTES, Unauthentic};
use crate::keys::{FileIdentity, PageKey, derive};

/// The most pages that are sealed between two calls of the disk: 256 KiB.
const PAGES_PER_WRITE: usize = 64;

/// Seals pages on their way to the disk and opens them on their way back.
pub(super) struct Pages<D> {
    disk: Arc<D>,
    cipher: Cipher,
    entropy: Entropy,
    file: FileIdentity,
    table: PageTable<D>,
    pending: Pending,
}

/// Consecutive pages of one group that are to be written.
#[derive(Default)]
struct Run {
    first: u64,
    bytes: Vec<u8>,
}

impl Run {
    fn pages(&self) -> usize {
        self.bytes.len() / PAGE_BYTES
    }

    /// The page behind them.
    fn end(&self) -> u64 {
        self.first + self.pages() as u64
    }
}

impl<D: Disk> Pages<D> {
    pub(super) fn new(
        disk: Arc<D>,
        key: PageKey,
        file: FileIdentity,
        entropy: Entropy,
        table: PageTable<D>,
        pending: Pending,
    ) -> Self {
        Self {
            disk,
            cipher: Cipher::new(key.0),
            entropy,
            file,
            table,
            pending,
        }
    }

    pub(super) fn table(&self) -> &PageTable<D> {
        &self.table
    }

    /// Reads consecutive pages into `plain`, whose length is a multiple of the page size.
    pub(super) fn read(&self, first: u64, plain: &mut [u8]) -> Result<(), Fault> {
        if self.pending.is_empty() {
            return self.read_from_disk(first, plain);
        }
        for (page, bytes) in (first..).zip(plain.chunks_exact_mut(PAGE_BYTES)) {
            if !self.pending.read(page, bytes) {
                self.read_from_disk(page, bytes)?;
            }
        }
        Ok(())
    }

    /// Reads consecutive pages as they lie on the disk, and opens them in place.
    fn read_from_disk(&self, first: u64, plain: &mut [u8]) -> Result<(), Fault> {
        let (mut page, mut rest) = (first, plain);
        while !rest.is_empty() {
            let run = self.table.run(page, rest.len() / PAGE_BYTES)?;
            let (pages, behind) = rest.split_at_mut(run.seals.len() * PAGE_BYTES);
            self.read_at(page, run.at, pages)?;
            for (bytes, seal) in pages.chunks_exact_mut(PAGE_BYTES).zip(&run.seals) {
                let seal = seal.as_ref().ok_or(Fault::Damaged(Part::Page(page)))?;
                self.open(page, seal, bytes)?;
                page += 1;
            }
            rest = behind;
        }
        Ok(())
    }

    /// Takes over consecutive pages, whose length is a multiple of the page size.
    pub(super) fn write(&self, first: u64, plain: &[u8]) -> Result<(), Fault> {
        let pages = plain.len() / PAGE_BYTES;
        let turn = self.pending.turn();
        if !turn.has_room_for(pages) {
            self.write_out(&turn)?;
        }
        if turn.has_room_for(pages) {
            turn.put(first, plain);
            return Ok(());
        }
        let mut run = Run::default();
        for (page, bytes) in (first..).zip(plain.chunks_exact(PAGE_BYTES)) {
            self.extend(&mut run, page, bytes)?;
        }
        self.write_run(&mut run)
    }

    /// Writes everything that waits. Returns whether there was anything; the caller syncs.
    pub(super) fn flush(&self) -> Result<bool, Fault> {
        let turn = self.pending.turn();
        let waited = !self.pending.is_empty();
        self.write_out(&turn)?;
        Ok(waited)
    }

    /// Forgets all pages from this one on.
    pub(super) fn truncate(&self, pages: u64) -> Result<(), Fault> {
        self.pending.turn().forget_from(pages);
        self.table.truncate(pages)
    }

    fn write_out(&self, turn: &Turn<'_>) -> Result<(), Fault> {
        let waiting = turn.waiting();
        let mut run = Run::default();
        for (page, bytes) in waiting.pages() {
            self.extend(&mut run, page, bytes)?;
        }
        self.write_run(&mut run)?;
        drop(waiting);
        turn.clear();
        Ok(())
    }

    /// Adds a page to a run, after writing the run if the page does not belong to it.
    fn extend(&self, run: &mut Run, page: u64, bytes: &[u8]) -> Result<(), Fault> {
        let (begins_group, follows) = (self.table.geometry().begins_group(page), run.end() == page);
        if begins_group || !follows || run.pages() == PAGES_PER_WRITE {
            self.write_run(run)?;
            run.first = page;
        }
        run.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Seals pages that lie together, and writes them together.
    fn write_run(&self, run: &mut Run) -> Result<(), Fault> {
        if run.bytes.is_empty() {
            return Ok(());
        }
        let seals = self.seal(run.first, &mut run.bytes)?;
        let at = self.table.record(run.first, &seals)?;
        self.disk
            .write_at(at, &run.bytes)
            .map_err(|error| Fault::of(&error))?;
        run.bytes.clear();
        Ok(())
    }

    /// Reads and opens one page with a seal that is not the table's.
    pub(super) fn read_as(&self, page: u64, at: u64, seal: &PageSeal, plain: &mut [u8]) -> Result<(), Fault> {
        self.read_at(page, at, plain)?;
        self.open(page, seal, plain)
    }

    /// What lies behind the end of the file is damage of the page that should be there.
    fn read_at(&self, page: u64, at: u64, bytes: &mut [u8]) -> Result<(), Fault> {
        self.disk.read_at(at, bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Fault::Damaged(Part::Page(page)),
            _ => Fault::of(&error),
        })
    }

    fn seal(&self, first: u64, pages: &mut [u8]) -> Result<Vec<PageSeal>, Fault> {
        let count = pages.len() / PAGE_BYTES;
        let mut nonces = vec![0; count * NONCE_BYTES];
        self.entropy.fill(&mut nonces)?;
        let nonces = nonces.as_chunks::<NONCE_BYTES>().0;
        (first..)
            .zip(nonces)
            .zip(pages.chunks_exact_mut(PAGE_BYTES))
            .map(|((page, nonce), bytes)| {
                let tag = self.cipher.seal(nonce, &self.aad(page), bytes)?;
                Ok(PageSeal { nonce: *nonce, tag })
            })
            .collect()
    }

    fn open(&self, page: u64, seal: &PageSeal, bytes: &mut [u8]) -> Result<(), Fault> {
        self.cipher
            .open(&seal.nonce, &self.aad(page), bytes, &seal.tag)
            .map_err(|Unauthentic| Fault::Damaged(Part::Page(page)))
    }

    /// Label 17 | file id 16 | epoch 8 | page 8.
    fn aad(&self, page: u64) -> [u8; 49] {
        let mut aad = [0; 49];
        aad[..17].copy_from_slice(derive::SEALED_PAGE);
        aad[17..33].copy_from_slice(&self.file.id.0);
        aad[33..41].copy_from_slice(&self.file.epoch.to_le_bytes());
        aad[41..].copy_from_slice(&page.to_le_bytes());
        aad
    }
}
