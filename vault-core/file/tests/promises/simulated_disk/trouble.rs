//! What a disk does wrong on command.

/// What the disk does wrong. Changes (writes, changes of length, syncs) and reads are counted apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Trouble {
    #[default]
    None,
    /// Power fails during this change.
    CutAt(u64),
    /// Power fails during this sync, the moment at which most is at stake.
    CutAtSync(u64),
    /// The process is killed at this change: what it had written stays in the system's cache.
    KillAt(u64),
    /// This change alone fails, as does everything that the file then tries.
    ErrorAt(u64),
    /// This change and every later one fails.
    ErrorFrom(u64),
    /// This change fails; if it is a write, half of it reached the disk.
    HalfWrittenAt(u64),
    /// This change does nothing, and says that it was done.
    SwallowedAt(u64),
    /// There is no room for this change alone.
    FullAt(u64),
    /// From this change on, nothing can be written.
    FullFrom(u64),
    /// Nothing can be written but the journal.
    FullBesidesJournal,
    /// This read alone fails.
    ReadErrorAt(u64),
    /// This read and every later one fails.
    ReadErrorFrom(u64),
}

/// A mistake, of the disk or of the crate, that is built in to prove that a harness finds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Planted {
    #[default]
    Nothing,
    /// `sync` returns without doing anything.
    SyncDoesNothing,
    /// One of the writes that were synced last is not there after all.
    LosesALateWrite,
    /// One write is durable one sync later than the writes after it.
    ReordersPastASync,
    /// The sync between the pages and the slot that names them is skipped.
    SlotBeforePages,
    /// Writing a commit slot destroys the current one, as a single slot in place would be.
    SlotInPlace,
    /// The sync between the two copies of the header is skipped.
    HeaderCopiesTogether,
    /// The sync after a record of the journal is skipped: it is acknowledged before it is durable.
    RecordNotSynced,
    /// A commit slot stays unsynced until another is written: the journal begins anew before that is durable.
    SlotLingers,
}
