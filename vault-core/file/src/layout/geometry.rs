//! Where groups, nodes and pages lie: every place in the file is computed here and nowhere else.
//!
//! ```text
//! extent e at 286720 + e · 418 · 4096:
//!   blocks 0–3, 4–7   the node of the group that lies in this extent, copy 0 and copy 1
//!   blocks 8, 9       the node of directory e, copy 0 and copy 1, if there is such a directory
//!   blocks 10–417     the pages of the group
//! ```

use super::commit_slot::ROOTS_MAX;
use super::table::node::{
    DIRECTORY_ENTRY_BYTES, DIRECTORY_HEADER_BYTES, GROUP_HEADER_BYTES, HEAD_BYTES, Node, SEAL_BYTES,
};
use super::{BLOCK_BYTES, EXTENTS_AT, PAGE_BYTES};

/// How many pages make a group, and how many groups a directory. Files have the
/// [standard](Self::STANDARD) one; tests take small ones, in which a few pages fill many nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(super) group_pages: u32,
    pub(super) directory_groups: u32,
}

impl Geometry {
    /// A group's node fills four blocks, a directory's node one.
    pub(crate) const STANDARD: Self = Self {
        group_pages: 408,
        directory_groups: 337,
    };

    /// Bytes of a group's node.
    pub(super) const fn group_node_bytes(self) -> usize {
        let bytes = HEAD_BYTES + GROUP_HEADER_BYTES + SEAL_BYTES * self.group_pages as usize;
        bytes.next_multiple_of(BLOCK_BYTES)
    }

    /// Bytes of a node.
    pub(super) const fn node_bytes(self, node: Node) -> usize {
        match node {
            Node::Group { .. } => self.group_node_bytes(),
            Node::Directory { .. } => BLOCK_BYTES,
        }
    }

    /// Bytes of an extent.
    const fn extent_bytes(self) -> u64 {
        2 * (self.group_node_bytes() + BLOCK_BYTES) as u64 + self.group_pages as u64 * PAGE_BYTES as u64
    }

    const fn extent_at(self, extent: u32) -> u64 {
        EXTENTS_AT + extent as u64 * self.extent_bytes()
    }

    /// Where a copy of a node lies.
    pub(super) const fn node_at(self, node: Node, copy: usize) -> u64 {
        let group_bytes = self.group_node_bytes() as u64;
        match node {
            Node::Group { extent, .. } => self.extent_at(extent) + copy as u64 * group_bytes,
            Node::Directory { number } => {
                self.extent_at(number) + 2 * group_bytes + (copy * BLOCK_BYTES) as u64
            }
        }
    }

    /// Where a page of a group lies in the extent of that group.
    pub(super) const fn page_at(self, extent: u32, index: usize) -> u64 {
        let nodes = 2 * (self.group_node_bytes() + BLOCK_BYTES) as u64;
        self.extent_at(extent) + nodes + (index * PAGE_BYTES) as u64
    }

    /// How many extents lie, at least in part, before this end of a file.
    pub(super) fn extents_within(self, end: u64) -> u32 {
        let extents = end.saturating_sub(EXTENTS_AT).div_ceil(self.extent_bytes());
        u32::try_from(extents).unwrap_or(u32::MAX)
    }

    /// The group of a page, counted from 1, and its place in that group.
    pub(super) fn group_of(self, page: u64) -> (u32, usize) {
        let (page, pages) = (page.saturating_sub(1), u64::from(self.group_pages));
        let group = u32::try_from(page / pages).unwrap_or(u32::MAX);
        (group, usize::try_from(page % pages).unwrap_or(0))
    }

    /// Whether a page is the first of its group.
    pub(super) fn begins_group(self, page: u64) -> bool {
        self.group_of(page).1 == 0
    }

    /// The directory of a group, and the group's place in it.
    pub(super) fn directory_of(self, group: u32) -> (usize, usize) {
        let groups = self.directory_groups;
        ((group / groups) as usize, (group % groups) as usize)
    }

    /// How many groups hold the pages of a file that has `pages` of them, page 0 included.
    pub(super) fn groups_for(self, pages: u64) -> u32 {
        let groups = pages.saturating_sub(1).div_ceil(u64::from(self.group_pages));
        u32::try_from(groups).unwrap_or(u32::MAX)
    }

    /// How many directories hold the groups of a file that has `pages` pages.
    pub(super) fn directories_for(self, pages: u64) -> usize {
        self.groups_for(pages).div_ceil(self.directory_groups) as usize
    }

    /// The most pages that a file can have, page 0 included.
    pub(super) fn pages_max(self) -> u64 {
        1 + ROOTS_MAX as u64 * u64::from(self.directory_groups) * u64::from(self.group_pages)
    }
}

const _: () = assert!(Geometry::STANDARD.group_node_bytes() == 4 * BLOCK_BYTES);
const _: () = assert!(
    HEAD_BYTES
        + DIRECTORY_HEADER_BYTES
        + DIRECTORY_ENTRY_BYTES * Geometry::STANDARD.directory_groups as usize
        == BLOCK_BYTES
);
