//! Sealed pages. Each is bound to the file, its epoch and its own number, so a page that was moved or comes
//! from another file does not open. A page that was never written does not open either.

use std::sync::Arc;

use super::{PAGE_BYTES, PAGES_AT};
use crate::disk::Disk;
use crate::entropy::Entropy;
use crate::error::{Fault, Part};
use crate::keys::cipher::{Cipher, NONCE_BYTES, TAG_BYTES, Unauthentic};
use crate::keys::{FileIdentity, PageKey, derive};

/// Bytes of a page in the file.
const SEALED_BYTES: usize = NONCE_BYTES + PAGE_BYTES + TAG_BYTES;
/// The most pages that are sealed or opened between two calls of the disk: 264 KiB.
const PAGES_PER_CALL: usize = 64;

/// Bytes of a file that holds `pages` logical pages, page 0 (which lies in the commit slots) included.
pub(super) fn file_len(pages: u64) -> u64 {
    PAGES_AT + pages.saturating_sub(1).saturating_mul(SEALED_BYTES as u64)
}

/// How many logical pages a file of this length can hold.
pub(super) fn pages_within(file_len: u64) -> u64 {
    file_len.saturating_sub(PAGES_AT) / SEALED_BYTES as u64 + 1
}

/// Seals pages on their way to the disk and opens them on their way back.
pub(super) struct Pages<D> {
    disk: Arc<D>,
    cipher: Cipher,
    entropy: Entropy,
    file: FileIdentity,
}

impl<D: Disk> Pages<D> {
    pub(super) fn new(disk: Arc<D>, key: PageKey, file: FileIdentity, entropy: Entropy) -> Self {
        Self {
            disk,
            cipher: Cipher::new(key.0),
            entropy,
            file,
        }
    }

    /// Opens consecutive pages into `plain`, whose length is a multiple of the page size.
    pub(super) fn read(&self, first: u64, plain: &mut [u8]) -> Result<(), Fault> {
        let mut page = first;
        let mut single = [0; SEALED_BYTES];
        let mut several = Vec::new();
        for plain in plain.chunks_mut(PAGES_PER_CALL * PAGE_BYTES) {
            let pages = plain.len() / PAGE_BYTES;
            let sealed = if pages == 1 {
                &mut single[..]
            } else {
                several.resize(pages * SEALED_BYTES, 0);
                &mut several[..]
            };
            self.disk
                .read_at(file_len(page), sealed)
                .map_err(|error| Fault::of(&error))?;
            for (sealed, plain) in sealed
                .chunks_exact(SEALED_BYTES)
                .zip(plain.chunks_exact_mut(PAGE_BYTES))
            {
                self.open(page, sealed, plain)?;
                page += 1;
            }
        }
        Ok(())
    }

    /// Seals consecutive pages, whose length is a multiple of the page size, and writes them together.
    pub(super) fn write(&self, first: u64, plain: &[u8]) -> Result<(), Fault> {
        let mut page = first;
        let mut sealed =
            Vec::with_capacity(plain.len().div_ceil(PAGE_BYTES).min(PAGES_PER_CALL) * SEALED_BYTES);
        for plain in plain.chunks(PAGES_PER_CALL * PAGE_BYTES) {
            let at = file_len(page);
            sealed.resize(plain.len() / PAGE_BYTES * SEALED_BYTES, 0);
            for (plain, sealed) in plain
                .chunks_exact(PAGE_BYTES)
                .zip(sealed.chunks_exact_mut(SEALED_BYTES))
            {
                self.seal(page, plain, sealed)?;
                page += 1;
            }
            self.disk
                .write_at(at, &sealed)
                .map_err(|error| Fault::of(&error))?;
        }
        Ok(())
    }

    fn seal(&self, page: u64, plain: &[u8], sealed: &mut [u8]) -> Result<(), Fault> {
        let (nonce, rest) = sealed.split_at_mut(NONCE_BYTES);
        let (bytes, tag) = rest.split_at_mut(PAGE_BYTES);
        let fresh = self.entropy.array()?;
        nonce.copy_from_slice(&fresh);
        bytes.copy_from_slice(plain);
        tag.copy_from_slice(&self.cipher.seal(&fresh, &self.aad(page), bytes)?);
        Ok(())
    }

    fn open(&self, page: u64, sealed: &[u8], plain: &mut [u8]) -> Result<(), Fault> {
        let damaged = Fault::Damaged(Part::Page(page));
        let Some((nonce, rest)) = sealed.split_first_chunk() else {
            return Err(damaged);
        };
        let Some((bytes, tag)) = rest.split_last_chunk() else {
            return Err(damaged);
        };
        plain.copy_from_slice(bytes);
        self.cipher
            .open(nonce, &self.aad(page), plain, tag)
            .map_err(|Unauthentic| damaged)
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
