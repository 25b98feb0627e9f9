//! What a host can choose.

use crate::error::Error;

/// The work that turns a passphrase into a key (Argon2id, RFC 9106).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KdfParams {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub passes: u32,
    /// Parallel lanes. They are computed one after another, so more lanes cost no more threads.
    pub lanes: u32,
}

impl KdfParams {
    /// The least that is accepted, when creating and when opening: 19 MiB, 2 passes, 1 lane.
    pub const FLOOR: Self = Self {
        memory_kib: 19 * 1024,
        passes: 2,
        lanes: 1,
    };
    /// The default: 64 MiB, 3 passes, 1 lane, about 0.2 s of a desktop processor.
    pub const DEFAULT: Self = Self {
        memory_kib: 64 * 1024,
        passes: 3,
        lanes: 1,
    };
    /// The default ceiling: 512 MiB, 16 passes, 16 lanes, some ten seconds of a desktop processor.
    pub const CEILING: Self = Self {
        memory_kib: 512 * 1024,
        passes: 16,
        lanes: 16,
    };

    /// Refuses work below the floor (a weakened slot) or above a ceiling (a file made to exhaust us).
    pub(crate) fn check(self, ceiling: Self) -> Result<(), Error> {
        let in_range = |value, floor, ceiling| (floor..=ceiling).contains(&value);
        let allowed = in_range(self.memory_kib, Self::FLOOR.memory_kib, ceiling.memory_kib)
            && in_range(self.passes, Self::FLOOR.passes, ceiling.passes)
            && in_range(self.lanes, Self::FLOOR.lanes, ceiling.lanes);
        if allowed {
            return Ok(());
        }
        let Self {
            memory_kib,
            passes,
            lanes,
        } = self;
        Err(Error::KdfOutOfRange {
            memory_kib,
            passes,
            lanes,
        })
    }
}

impl Default for KdfParams {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// How a file is created or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Memory for decrypted pages, in bytes. Default 32 MiB; less than 1 MiB counts as 1 MiB.
    pub cache_bytes: usize,
    /// The work for passphrase slots that are created. Default [`KdfParams::DEFAULT`].
    pub kdf: KdfParams,
    /// The most work a slot may ask for before it is refused. Default [`KdfParams::CEILING`].
    pub kdf_ceiling: KdfParams,
    /// The most bytes of pages the file may hold, counted before sealing. Default 1 TiB.
    pub max_file_bytes: u64,
}

impl Options {
    const CACHE_BYTES_MIN: usize = 1024 * 1024;

    pub(crate) fn cache_bytes(&self) -> usize {
        self.cache_bytes.max(Self::CACHE_BYTES_MIN)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cache_bytes: 32 * 1024 * 1024,
            kdf: KdfParams::DEFAULT,
            kdf_ceiling: KdfParams::CEILING,
            max_file_bytes: 1 << 40,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_held_between_the_floor_and_the_ceiling() {
        let allowed = |params: KdfParams| params.check(KdfParams::CEILING).is_ok();
        assert!(allowed(KdfParams::FLOOR));
        assert!(allowed(KdfParams::DEFAULT));
        assert!(allowed(KdfParams::CEILING));
        assert!(!allowed(KdfParams {
            memory_kib: KdfParams::FLOOR.memory_kib - 1,
            ..KdfParams::DEFAULT
        }));
        assert!(!allowed(KdfParams {
            passes: 1,
            ..KdfParams::DEFAULT
        }));
        assert!(!allowed(KdfParams {
            lanes: 0,
            ..KdfParams::DEFAULT
        }));
        assert!(!allowed(KdfParams {
            memory_kib: KdfParams::CEILING.memory_kib + 1,
            ..KdfParams::DEFAULT
        }));
        assert!(!allowed(KdfParams {
            passes: 17,
            ..KdfParams::DEFAULT
        }));
        assert!(!allowed(KdfParams {
            lanes: 17,
            ..KdfParams::DEFAULT
        }));
    }
}
