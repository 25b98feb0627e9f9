//! The durable state of an open file, and what the next one will be.

use super::commit_slot::{CommitSlot, REDB_HEADER_BYTES, Side};
use super::{BLOCKS_BEFORE_EXTENTS, JournalMark, Sizes};
use crate::error::{Error, Part};
use crate::header::Unlocked;

/// redb's magic number and the byte that says which of its two commit records counts.
const REDB_SWITCH_BYTES: usize = 10;
/// In that byte: redb did not shut down after this state.
const REDB_RECOVERY_BIT: u8 = 2;
/// Its magic number, with which every finished header begins.
const REDB_MAGIC: &[u8; 9] = b"redb\x1A\x0A\xA9\x0D\x0A";

/// What the writer knows. The page table keeps its own.
pub(super) struct State {
    /// The slot that was last synced, and where it lies.
    pub(super) current: CommitSlot,
    pub(super) side: Side,
    /// redb's header as it last wrote it.
    pub(super) redb_header: [u8; REDB_HEADER_BYTES],
    /// What the next switch will say about the journal.
    pub(super) next_mark: JournalMark,
    /// Whether anything was written since the last sync.
    pub(super) unsynced: bool,
    /// Whether a slot was written through this handle.
    pub(super) switched: bool,
}

impl State {
    pub(super) fn at(current: CommitSlot, side: Side, unsynced: bool) -> Self {
        Self {
            redb_header: current.redb_header,
            next_mark: current.mark,
            current,
            side,
            unsynced,
            switched: false,
        }
    }

    /// Whether redb has shut down in good order, and not merely failed to open.
    pub(super) fn is_closed(&self) -> bool {
        let needs_recovery = self.current.redb_header[REDB_SWITCH_BYTES - 1] & REDB_RECOVERY_BIT != 0;
        self.switched && !needs_recovery
    }

    /// Whether redb's header differs from the current slot in what counts: its magic, the byte that chooses
    /// a commit record, or the record that is chosen. When redb opens a file that it had closed, it notes that it
    /// is at work, and nothing else has changed: what is durable is what it closed, until its first commit.
    pub(super) fn names_another_state(&self) -> bool {
        let mut current = self.current.redb_header;
        current[REDB_SWITCH_BYTES - 1] |= self.redb_header[REDB_SWITCH_BYTES - 1] & REDB_RECOVERY_BIT;
        let counts = |header: &[u8; REDB_HEADER_BYTES]| {
            let record = 64 + 128 * usize::from(header[REDB_SWITCH_BYTES - 1] & 1);
            [&header[..REDB_SWITCH_BYTES], &header[record..record + 128]].concat()
        };
        counts(&self.redb_header) != counts(&current)
    }
}

impl CommitSlot {
    /// What an empty file begins from. It is written nowhere.
    pub(super) fn before_the_first(header_seq_floor: u64) -> Self {
        Self {
            seq: 0,
            header_seq_floor,
            pages: 0,
            mark: JournalMark {
                clean: true,
                ..JournalMark::default()
            },
            redb_header: [0; REDB_HEADER_BYTES],
            blocks: BLOCKS_BEFORE_EXTENTS,
            roots: Vec::new(),
            is_mirrored: true,
        }
    }

    /// Refuses a state that this file or this caller cannot have.
    pub(super) fn check(&self, unlocked: &Unlocked, sizes: &Sizes) -> Result<(), Error> {
        if unlocked.header_seq < self.header_seq_floor {
            return Err(Error::Tampered { what: Part::Header });
        }
        sizes.check_pages(self.pages)?;
        let has_room = self.roots.len() <= sizes.geometry.directories_for(self.pages);
        if self.redb_header.starts_with(REDB_MAGIC) && self.pages > 0 && has_room {
            return Ok(());
        }
        Err(Error::Damaged {
            what: Part::CommitSlots,
        })
    }
}
