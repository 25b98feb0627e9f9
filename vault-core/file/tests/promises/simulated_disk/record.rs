//! What was done to a disk, and what the user of the file knew meanwhile.

use super::Image;

/// What the user of the file knows at a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mark {
    /// The file has its name: from here on it must open.
    Named,
    /// This number was acknowledged or shown, so nothing older may come back.
    AtLeast(u64),
    /// The file was opened and showed `found`; what is written from now on is numbered from `next`.
    Opened { found: u64, next: u64 },
}

#[derive(Clone, Debug)]
pub(crate) enum Event {
    Write { offset: usize, bytes: Vec<u8> },
    Length(usize),
    SyncBegun(u64),
    SyncDone(u64),
    Mark(Mark),
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) event: Event,
    /// What the user of the file was doing.
    pub(crate) during: &'static str,
}

/// Everything that was done to a disk since it held `base`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) base: Image,
    pub(crate) entries: Vec<Entry>,
    /// Offset and length of each read.
    pub(crate) reads: Vec<(usize, usize)>,
}
