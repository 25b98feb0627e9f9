//! Commit slots: the sealed blocks that name the newest durable state.
//!
//! Two sides, A and B, each written twice side by side. A new state goes to the side that does not hold the
//! current one, so the current one is never touched until its successor is durable. Within a side the twin
//! covers for a damaged block: falling back to the other side would undo an acknowledged commit whose pages
//! may be reused already.
//!
//! ```text
//!  0  nonce 24 | tag 16                                 AAD = label 24, file id 16, epoch u64, side u8
//! 40  sealed: seq u64 | least header_seq u64 | pages u64 | blocks u32 | roots u16
//!             | flags u16 (bit 0: nothing follows in the journal, bit 1: both places of every node are equal)
//!             | journal epoch u64 | applied transaction u64 | redb header 320 | roots × name u64 | zero
//! ```

use std::io;
use std::sync::Arc;

use super::table::{Name, Rooted};
use super::{BLOCK_BYTES, COMMIT_SLOTS_AT, JournalMark, SLOT_BYTES};
use crate::disk::Disk;
use crate::entropy::Entropy;
use crate::error::{Error, Fault, Part};
use crate::keys::cipher::{Cipher, NONCE_BYTES, TAG_BYTES};
use crate::keys::{CommitSlotKey, FileIdentity, derive};

/// Bytes of redb's header, the part of page 0 that it uses.
pub(crate) const REDB_HEADER_BYTES: usize = 320;

const SEALED_AT: usize = NONCE_BYTES + TAG_BYTES;
const SEALED_BYTES: usize = SLOT_BYTES - SEALED_AT;
const JOURNAL_IS_CLEAN: u16 = 1;
const IS_MIRRORED: u16 = 2;
const REDB_HEADER_AT: usize = 48;
const ROOTS_AT: usize = REDB_HEADER_AT + REDB_HEADER_BYTES;
const NAME_BYTES: usize = 8;
/// How many directories a slot has room to name.
pub(super) const ROOTS_MAX: usize = (SEALED_BYTES - ROOTS_AT) / NAME_BYTES;

/// A durable state.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct CommitSlot {
    /// Rises with every slot that is written.
    pub(super) seq: u64,
    /// The least `header_seq` that this state accepts: an older vault header has been put back.
    pub(super) header_seq_floor: u64,
    /// How many pages redb sees, page 0 included.
    pub(super) pages: u64,
    /// Where this state stands in the journal.
    pub(super) mark: JournalMark,
    /// redb's page 0.
    pub(super) redb_header: [u8; REDB_HEADER_BYTES],
    /// How many blocks of the file this state uses, from the beginning.
    pub(super) blocks: u32,
    /// The names of the page table's directories.
    pub(super) roots: Vec<Option<Name>>,
    /// Whether both places of every node of the page table hold the same bytes.
    pub(super) is_mirrored: bool,
}

impl CommitSlot {
    /// How long the file is at least.
    pub(super) fn end(&self) -> u64 {
        u64::from(self.blocks) * BLOCK_BYTES as u64
    }

    /// What the page table needs of it.
    pub(super) fn rooted(&self) -> Rooted<'_> {
        Rooted {
            roots: &self.roots,
            seq: self.seq,
            end: self.end(),
            is_mirrored: self.is_mirrored,
        }
    }

    fn write(&self, plain: &mut [u8]) {
        plain[..8].copy_from_slice(&self.seq.to_le_bytes());
        plain[8..16].copy_from_slice(&self.header_seq_floor.to_le_bytes());
        plain[16..24].copy_from_slice(&self.pages.to_le_bytes());
        plain[24..28].copy_from_slice(&self.blocks.to_le_bytes());
        let roots = u16::try_from(self.roots.len()).unwrap_or(u16::MAX);
        plain[28..30].copy_from_slice(&roots.to_le_bytes());
        let flag = |is_set: bool, flag: u16| if is_set { flag } else { 0 };
        let flags = flag(self.mark.clean, JOURNAL_IS_CLEAN) | flag(self.is_mirrored, IS_MIRRORED);
        plain[30..32].copy_from_slice(&flags.to_le_bytes());
        plain[32..40].copy_from_slice(&self.mark.epoch.to_le_bytes());
        plain[40..48].copy_from_slice(&self.mark.applied.to_le_bytes());
        plain[REDB_HEADER_AT..ROOTS_AT].copy_from_slice(&self.redb_header);
        let names = plain[ROOTS_AT..].chunks_exact_mut(NAME_BYTES);
        for (root, name) in self.roots.iter().zip(names) {
            name.copy_from_slice(&Name::number(*root).to_le_bytes());
        }
    }

    /// `None` if it names more than there is room for, which no slot that was written does.
    fn read(plain: &[u8; SEALED_BYTES]) -> Option<Self> {
        let u64_at = |at: usize| Some(u64::from_le_bytes(*plain.get(at..)?.first_chunk()?));
        let u16_at = |at: usize| Some(u16::from_le_bytes(*plain.get(at..)?.first_chunk()?));
        let roots = usize::from(u16_at(28)?);
        let flags = u16_at(30)?;
        let names = plain.get(ROOTS_AT..ROOTS_AT + roots * NAME_BYTES)?;
        let names = names.as_chunks::<NAME_BYTES>().0.iter();
        Some(Self {
            seq: u64_at(0)?,
            header_seq_floor: u64_at(8)?,
            pages: u64_at(16)?,
            blocks: u32::from_le_bytes(*plain.get(24..)?.first_chunk()?),
            is_mirrored: flags & IS_MIRRORED != 0,
            mark: JournalMark {
                clean: flags & JOURNAL_IS_CLEAN != 0,
                epoch: u64_at(32)?,
                applied: u64_at(40)?,
            },
            redb_header: *plain[REDB_HEADER_AT..].first_chunk()?,
            roots: names
                .map(|name| Name::from_number(u64::from_le_bytes(*name)))
                .collect(),
        })
    }
}

/// Where a slot lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    A,
    B,
}

impl Side {
    pub(super) fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    fn at(self) -> u64 {
        match self {
            Self::A => COMMIT_SLOTS_AT,
            Self::B => COMMIT_SLOTS_AT + 2 * SLOT_BYTES as u64,
        }
    }
}

/// The newest state found on a disk.
pub(super) struct Newest {
    pub(super) slot: CommitSlot,
    pub(super) side: Side,
    twins: [Box<Block>; 2],
    good_twin: usize,
}

impl Newest {
    /// Whether one of the twins is damaged.
    pub(super) fn twins_differ(&self) -> bool {
        self.twins[0] != self.twins[1]
    }
}

type Block = [u8; SLOT_BYTES];

/// Reads and writes the slots of one file.
pub(super) struct CommitSlots<D> {
    disk: Arc<D>,
    cipher: Cipher,
    entropy: Entropy,
    file: FileIdentity,
}

impl<D: Disk> CommitSlots<D> {
    pub(super) fn new(disk: Arc<D>, key: CommitSlotKey, file: FileIdentity, entropy: Entropy) -> Self {
        Self {
            disk,
            cipher: Cipher::new(key.0),
            entropy,
            file,
        }
    }

    /// The newest state that authenticates. None at all is an error: it never means a new file.
    pub(super) fn read_newest(&self) -> Result<Newest, Error> {
        let mut newest: Option<Newest> = None;
        for side in [Side::A, Side::B] {
            if let Some(found) = self.read_side(side)?
                && newest
                    .as_ref()
                    .is_none_or(|newest| newest.slot.seq < found.slot.seq)
            {
                newest = Some(found);
            }
        }
        newest.ok_or(Error::Damaged {
            what: Part::CommitSlots,
        })
    }

    /// Writes both twins of a side. The caller syncs.
    pub(super) fn write(&self, side: Side, slot: &CommitSlot) -> Result<(), Fault> {
        let block = self.seal(side, slot)?;
        let twins = [block, block].concat();
        self.disk
            .write_at(side.at(), &twins)
            .map_err(|error| Fault::of(&error))
    }

    /// Writes the good twin over a twin that differs. Returns whether it did; the caller syncs.
    pub(super) fn mend(&self, newest: &Newest) -> Result<bool, Fault> {
        if !newest.twins_differ() {
            return Ok(false);
        }
        let bad_twin = 1 - newest.good_twin;
        let at = newest.side.at() + (bad_twin * SLOT_BYTES) as u64;
        let good = newest.twins[newest.good_twin].as_slice();
        self.disk.write_at(at, good).map_err(|error| Fault::of(&error))?;
        Ok(true)
    }

    /// Whether the twins of a side hold anything but this state, twice.
    pub(super) fn differ_from(&self, side: Side, slot: &CommitSlot) -> Result<bool, Error> {
        let found = self.read_side(side)?;
        Ok(found.is_none_or(|found| found.twins_differ() || found.slot != *slot))
    }

    /// The newer of the twins that authenticate: power may have failed between the two.
    fn read_side(&self, side: Side) -> Result<Option<Newest>, Error> {
        let mut twins = [Box::new([0; SLOT_BYTES]), Box::new([0; SLOT_BYTES])];
        for (index, twin) in twins.iter_mut().enumerate() {
            let at = side.at() + (index * SLOT_BYTES) as u64;
            match self.disk.read_at(at, twin.as_mut_slice()) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
                read => read?,
            }
        }
        let opened = [self.open(side, &twins[0]), self.open(side, &twins[1])];
        let newest = opened
            .into_iter()
            .enumerate()
            .filter_map(|(index, slot)| Some((index, slot?)));
        let newest = newest.max_by_key(|(index, slot)| (slot.seq, std::cmp::Reverse(*index)));
        Ok(newest.map(|(good_twin, slot)| Newest {
            slot,
            side,
            twins,
            good_twin,
        }))
    }

    fn seal(&self, side: Side, slot: &CommitSlot) -> Result<Block, Fault> {
        let mut block = [0; SLOT_BYTES];
        let nonce = self.entropy.array()?;
        block[..NONCE_BYTES].copy_from_slice(&nonce);
        let sealed = &mut block[SEALED_AT..];
        slot.write(sealed);
        let tag = self.cipher.seal(&nonce, &self.aad(side), sealed)?;
        block[NONCE_BYTES..SEALED_AT].copy_from_slice(&tag);
        Ok(block)
    }

    fn open(&self, side: Side, block: &Block) -> Option<CommitSlot> {
        let (nonce, rest) = block.split_first_chunk()?;
        let (tag, sealed) = rest.split_first_chunk()?;
        let mut plain: [u8; SEALED_BYTES] = sealed.try_into().ok()?;
        self.cipher.open(nonce, &self.aad(side), &mut plain, tag).ok()?;
        CommitSlot::read(&plain)
    }

    fn aad(&self, side: Side) -> [u8; 49] {
        let mut aad = [0; 49];
        aad[..24].copy_from_slice(derive::SEALED_COMMIT_SLOT);
        aad[24..40].copy_from_slice(&self.file.id.0);
        aad[40..48].copy_from_slice(&self.file.epoch.to_le_bytes());
        aad[48] = side as u8;
        aad
    }
}
