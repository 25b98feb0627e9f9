//! What a host can choose.

use crate::kdf::KdfParams;
use crate::layout::JOURNAL_BYTES;

/// How a file is created or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Memory for decrypted pages, in bytes; an eighth of it is for the table of pages, and a sixteenth, but at most
    /// 4 MiB, for pages on their way to the disk. Default 32 MiB; less than 1 MiB counts as 1 MiB.
    pub cache_bytes: usize,
    /// The work for passphrase slots that are created. Default [`KdfParams::DEFAULT`].
    pub kdf: KdfParams,
    /// The most work a slot may ask for before it is refused. Default [`KdfParams::CEILING`].
    pub kdf_ceiling: KdfParams,
    /// How many bytes of the journal are used before the tables themselves are made durable. Default, and most,
    /// 256 KiB. Less makes opening after a crash faster and commits slower; below 4096 nothing is journaled.
    pub journal_bytes: usize,
    /// The most bytes of pages the file may hold. Default 1 TiB; the format ends at 241 GiB.
    pub max_file_bytes: u64,
}

impl Options {
    const CACHE_BYTES_MIN: usize = 1024 * 1024;
    /// More pages at once are hardly faster.
    const PENDING_BYTES_MAX: usize = 4 * 1024 * 1024;

    /// Memory for decrypted pages: what is left of it.
    pub(crate) fn cache_bytes(&self) -> usize {
        self.memory_bytes() - self.table_bytes() - self.pending_bytes()
    }

    /// Memory for pages on their way to the disk.
    pub(crate) fn pending_bytes(&self) -> usize {
        (self.memory_bytes() / 16).min(Self::PENDING_BYTES_MAX)
    }

    /// Memory for the page table.
    pub(crate) fn table_bytes(&self) -> usize {
        self.memory_bytes() / 8
    }

    fn memory_bytes(&self) -> usize {
        self.cache_bytes.max(Self::CACHE_BYTES_MIN)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cache_bytes: 32 * 1024 * 1024,
            kdf: KdfParams::DEFAULT,
            kdf_ceiling: KdfParams::CEILING,
            journal_bytes: JOURNAL_BYTES,
            max_file_bytes: 1 << 40,
        }
    }
}
