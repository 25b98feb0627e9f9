//! What a host can choose.

use crate::kdf::KdfParams;
use crate::layout::JOURNAL_BYTES;

/// How a file is created or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Memory for decrypted pages, in bytes. Of it, the table of pages takes an eighth, or up to half if the file is
    /// so large that it needs more; and pages on their way to the disk a sixteenth, but at most 4 MiB. Default
    /// 32 MiB; less than 1 MiB counts as 1 MiB.
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

    /// Shares the memory out for a file of so many bytes.
    pub(crate) fn shares(&self, file_bytes: u64) -> Shares {
        let all = self.cache_bytes.max(Self::CACHE_BYTES_MIN);
        let needed = usize::try_from(file_bytes / Shares::FILE_BYTES_PER_TABLE_BYTE).unwrap_or(usize::MAX);
        let table = needed.clamp(all / 8, all / 2);
        let pending = (all / 16).min(Shares::PENDING_BYTES_MAX);
        Shares {
            cache: all - table - pending,
            table,
            pending,
        }
    }
}

/// The memory of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shares {
    /// For decrypted pages.
    pub(crate) cache: usize,
    /// For the page table. To read a page, its part of the table must be read first, which takes three times as
    /// long as the page: so all of it, where it takes no more than half of the memory.
    pub(crate) table: usize,
    /// For pages on their way to the disk.
    pub(crate) pending: usize,
}

impl Shares {
    /// The page table takes a hundredth of the file; a little more leaves room to grow.
    const FILE_BYTES_PER_TABLE_BYTE: u64 = 96;
    /// More pages at once are hardly faster.
    const PENDING_BYTES_MAX: usize = 4 * 1024 * 1024;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn with_memory(cache_bytes: usize) -> Options {
        Options {
            cache_bytes,
            ..Options::default()
        }
    }

    #[test]
    fn a_large_file_gives_its_table_more_but_at_most_half() {
        const MIB: usize = 1 << 20;
        let table = |file_mib: u64| with_memory(8 * MIB).shares(file_mib << 20).table;
        assert_eq!(table(0), MIB);
        assert_eq!(table(90), MIB);
        assert_eq!(table(192), 2 * MIB);
        assert_eq!(table(10_000), 4 * MIB);
    }

    #[test]
    fn the_shares_make_the_whole() {
        for (memory, whole) in [(0, 1 << 20), (1 << 25, 1 << 25), (1 << 30, 1 << 30)] {
            for file_bytes in [0, 1 << 30, u64::MAX] {
                let shares = with_memory(memory).shares(file_bytes);
                assert_eq!(shares.cache + shares.table + shares.pending, whole);
                assert!(shares.cache > whole / 3);
            }
        }
    }
}
