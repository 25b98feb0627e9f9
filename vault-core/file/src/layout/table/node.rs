//! The nodes of the page table, as bytes.
//!
//! ```text
//! group      nonce 24 | tag 16 | sealed: seq u64 | group u32     | zero 12 | 408 × (nonce 24 | tag 16)
//! directory  nonce 24 | tag 16 | sealed: seq u64 | directory u32 | 337 × (name u64 | extent u32)
//! ```
//!
//! A node is kept in memory in the form in which it is sealed, so that reading one is opening it in place.

use crate::error::Part;
use crate::keys::cipher::{NONCE_BYTES, TAG_BYTES};
use crate::layout::Geometry;

/// Nonce and tag, in front of what is sealed.
pub(in crate::layout) const HEAD_BYTES: usize = NONCE_BYTES + TAG_BYTES;
/// What stands before the seals of a group.
pub(in crate::layout) const GROUP_HEADER_BYTES: usize = 24;
/// What stands before the entries of a directory.
pub(in crate::layout) const DIRECTORY_HEADER_BYTES: usize = 12;
/// Nonce and tag of a page.
pub(in crate::layout) const SEAL_BYTES: usize = NONCE_BYTES + TAG_BYTES;
/// A directory's entry: how the group's node is named, and where the group lies.
pub(in crate::layout) const DIRECTORY_ENTRY_BYTES: usize = 12;

const SEQ_AT: usize = HEAD_BYTES;
const NUMBER_AT: usize = SEQ_AT + 8;

/// A node of the page table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::layout) enum Node {
    /// The nonces and tags of a group of pages, in the extent where the group lies.
    Group {
        /// Which group.
        number: u32,
        /// Where.
        extent: u32,
    },
    /// The names and extents of a run of groups, in the extent of the same number.
    Directory {
        /// Which directory.
        number: u32,
    },
}

impl Node {
    /// How errors name it.
    pub(in crate::layout) fn part(self) -> Part {
        match self {
            Self::Group { number, .. } => Part::Group(number),
            Self::Directory { number } => Part::Directory(number),
        }
    }

    fn number(self) -> u32 {
        match self {
            Self::Group { number, .. } | Self::Directory { number } => number,
        }
    }
}

/// How a parent names the node that belongs to it: 63 bits of the node's tag, and the number of the copy that
/// was written last. Never zero, so that zero can stand for no node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::layout) struct Name(u64);

impl Name {
    /// `None` for the one tag in 2^63 that cannot be told from no node: seal again.
    pub(in crate::layout) fn of(tag: &[u8; TAG_BYTES], copy: usize) -> Option<Self> {
        let bits = Self::bits(tag);
        (bits != 0).then_some(Self(bits | (copy as u64 & 1)))
    }

    pub(in crate::layout) fn from_number(number: u64) -> Option<Self> {
        (number & !1 != 0).then_some(Self(number))
    }

    pub(in crate::layout) fn number(name: Option<Self>) -> u64 {
        name.map_or(0, |name| name.0)
    }

    /// The copy that was written last.
    pub(in crate::layout) fn copy(self) -> usize {
        usize::from(self.0 & 1 != 0)
    }

    /// Whether this is the name of a node with that tag, in whichever copy.
    pub(in crate::layout) fn is_of(self, tag: &[u8; TAG_BYTES]) -> bool {
        self.0 & !1 == Self::bits(tag)
    }

    fn bits(tag: &[u8; TAG_BYTES]) -> u64 {
        let [first @ .., _, _, _, _, _, _, _, _] = *tag;
        u64::from_le_bytes(first) & !1
    }
}

/// The nonce and the tag of one sealed page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::layout) struct PageSeal {
    pub(in crate::layout) nonce: [u8; NONCE_BYTES],
    pub(in crate::layout) tag: [u8; TAG_BYTES],
}

/// The bytes of a node, opened.
pub(in crate::layout) struct NodeBytes(Box<[u8]>);

impl NodeBytes {
    /// A node that names nothing.
    pub(in crate::layout) fn empty(node: Node, geometry: Geometry) -> Self {
        let mut bytes = Self(vec![0; geometry.node_bytes(node)].into_boxed_slice());
        bytes.0[NUMBER_AT..NUMBER_AT + 4].copy_from_slice(&node.number().to_le_bytes());
        bytes
    }

    pub(in crate::layout) fn of(opened: Box<[u8]>) -> Self {
        Self(opened)
    }

    /// The node, sealed bytes and all, with the sequence number of the state that it is written for.
    pub(in crate::layout) fn for_state(&self, seq: u64) -> Box<[u8]> {
        let mut bytes = self.0.clone();
        bytes[SEQ_AT..SEQ_AT + 8].copy_from_slice(&seq.to_le_bytes());
        bytes
    }

    /// The sequence number of the state that it was written for, at the latest.
    pub(in crate::layout) fn seq(&self) -> u64 {
        u64::from_le_bytes(self.array(SEQ_AT))
    }

    /// Which group, or which directory, it says it is.
    pub(in crate::layout) fn number(&self) -> u32 {
        u32::from_le_bytes(self.array(NUMBER_AT))
    }

    /// The extents that it names, if it is a directory's.
    pub(in crate::layout) fn extents(&self, node: Node, geometry: Geometry) -> impl Iterator<Item = u32> {
        let entries = match node {
            Node::Group { .. } => 0,
            Node::Directory { .. } => geometry.directory_groups as usize,
        };
        (0..entries).filter_map(|index| Some(DirectoryNode::entry_in(self, index)?.extent))
    }

    /// Whether it says that it is this node.
    pub(in crate::layout) fn is_number_of(&self, node: Node) -> bool {
        self.number() == node.number()
    }

    fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut array = [0; N];
        array.copy_from_slice(&self.0[at..at + N]);
        array
    }
}

/// The node of a group.
pub(in crate::layout) struct GroupNode(pub(in crate::layout) NodeBytes);

impl GroupNode {
    const SEALS_AT: usize = HEAD_BYTES + GROUP_HEADER_BYTES;

    /// The seal of a page; `None` if it was never written.
    pub(in crate::layout) fn seal(&self, index: usize) -> Option<PageSeal> {
        let at = Self::SEALS_AT + SEAL_BYTES * index;
        let seal = PageSeal {
            nonce: self.0.array(at),
            tag: self.0.array(at + NONCE_BYTES),
        };
        (seal.nonce != [0; NONCE_BYTES] || seal.tag != [0; TAG_BYTES]).then_some(seal)
    }

    pub(in crate::layout) fn set_seal(&mut self, index: usize, seal: &PageSeal) {
        let at = Self::SEALS_AT + SEAL_BYTES * index;
        let bytes = &mut self.0.0[at..at + SEAL_BYTES];
        bytes[..NONCE_BYTES].copy_from_slice(&seal.nonce);
        bytes[NONCE_BYTES..].copy_from_slice(&seal.tag);
    }

    /// Forgets the pages from this one on.
    pub(in crate::layout) fn forget_from(&mut self, index: usize) {
        self.0.0[Self::SEALS_AT + SEAL_BYTES * index..].fill(0);
    }

    /// How many places there are up to the last page that was written.
    pub(in crate::layout) fn written(&self, geometry: Geometry) -> usize {
        let mut indices = (0..geometry.group_pages as usize).rev();
        indices
            .find(|index| self.seal(*index).is_some())
            .map_or(0, |last| last + 1)
    }
}

/// How a directory names a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::layout) struct GroupEntry {
    pub(in crate::layout) name: Name,
    pub(in crate::layout) extent: u32,
}

/// The node of a directory.
pub(in crate::layout) struct DirectoryNode(pub(in crate::layout) NodeBytes);

impl DirectoryNode {
    const ENTRIES_AT: usize = HEAD_BYTES + DIRECTORY_HEADER_BYTES;

    pub(in crate::layout) fn entry(&self, index: usize) -> Option<GroupEntry> {
        Self::entry_in(&self.0, index)
    }

    fn entry_in(bytes: &NodeBytes, index: usize) -> Option<GroupEntry> {
        let at = Self::ENTRIES_AT + DIRECTORY_ENTRY_BYTES * index;
        let name = Name::from_number(u64::from_le_bytes(bytes.array(at)))?;
        let extent = u32::from_le_bytes(bytes.array(at + 8));
        Some(GroupEntry { name, extent })
    }

    pub(in crate::layout) fn set_entry(&mut self, index: usize, entry: Option<GroupEntry>) {
        let at = Self::ENTRIES_AT + DIRECTORY_ENTRY_BYTES * index;
        let name = Name::number(entry.map(|entry| entry.name));
        let extent = entry.map_or(0, |entry| entry.extent);
        self.0.0[at..at + 8].copy_from_slice(&name.to_le_bytes());
        self.0.0[at + 8..at + 12].copy_from_slice(&extent.to_le_bytes());
    }

    /// The groups that it names, and their entries.
    pub(in crate::layout) fn entries(&self, geometry: Geometry) -> impl Iterator<Item = (usize, GroupEntry)> {
        (0..geometry.directory_groups as usize).filter_map(|index| Some((index, self.entry(index)?)))
    }
}
