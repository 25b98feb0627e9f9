//! The page table: the nonce and the tag of every page, so that a page which was put back is not the page that
//! is expected, and fails on its first read.
//!
//! ```text
//! commit slot ── names ──▶ directories ── name ──▶ groups ── nonce and tag ──▶ pages
//! ```
//!
//! A name is 63 bits of the node's tag, so the slot vouches for every byte below it. A node has two places: a
//! new state is written to those that the durable one does not name, which therefore stays whole until its
//! successor is durable. Closing the file copies each node to its other place.
//!
//! Memory is ahead of the disk between two states. Groups are read when they are first touched and evicted when
//! there are too many; a group that was changed is written before it is evicted, into the place that is free
//! anyway. All input and output of readers happens outside of the lock.

mod checkpoint;
#[cfg(test)]
pub(in crate::layout) mod forge;
mod memory;
mod mirror;
pub(in crate::layout) mod node;
mod scan;
mod sealed;
mod space;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(in crate::layout) use checkpoint::Checkpoint;
use memory::{Memory, Named, Whereabouts};
use node::{GroupNode, Node, NodeBytes};
pub(crate) use scan::NodeChecked;
pub(in crate::layout) use scan::Stale;
use sealed::{Found, SealedNodes};
use space::Space;

pub(in crate::layout) use node::{Name, PageSeal};

use super::{Geometry, Sizes};
use crate::disk::Disk;
use crate::entropy::Entropy;
use crate::error::{Fault, Part};
use crate::header::Unlocked;
use crate::keys::PageTableKey;

/// Fewer groups than this are not worth evicting.
const LOADED_MIN: usize = 4;

/// The page table of one file.
pub(in crate::layout) struct PageTable<D> {
    nodes: SealedNodes<D>,
    geometry: Geometry,
    /// How many groups may be in memory.
    loaded_max: usize,
    /// How many extents a durable state can have named when the file was opened.
    extents: u32,
    use_of_disk: UseOfDisk,
    memory: Mutex<Memory>,
}

/// What a page table may do with the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::layout) enum UseOfDisk {
    /// Write to it, and mend what is damaged.
    Write,
    /// Read it alone.
    Read,
}

/// A durable state, as far as the page table goes.
#[derive(Clone, Copy)]
pub(in crate::layout) struct Rooted<'r> {
    /// The names of the directories.
    pub(in crate::layout) roots: &'r [Option<Name>],
    /// The sequence number of the slot.
    pub(in crate::layout) seq: u64,
    /// Where the part of the file ends that it uses.
    pub(in crate::layout) end: u64,
    /// Whether both places of every node hold the same bytes.
    pub(in crate::layout) is_mirrored: bool,
}

/// Consecutive pages of one group.
pub(in crate::layout) struct Run {
    /// Where the first one lies; the others follow it.
    pub(in crate::layout) at: u64,
    /// Their seals; `None` for a page that was never written.
    pub(in crate::layout) seals: Vec<Option<PageSeal>>,
}

impl<D: Disk> PageTable<D> {
    /// The page table of a durable state. Nothing is read yet.
    pub(in crate::layout) fn new(
        disk: Arc<D>,
        unlocked: &Unlocked,
        entropy: Entropy,
        sizes: &Sizes,
        state: Rooted<'_>,
        use_of_disk: UseOfDisk,
    ) -> Self {
        let key = PageTableKey::derive(&unlocked.file_key, unlocked.file);
        let geometry = sizes.geometry;
        let loaded_max = sizes.table_bytes / geometry.group_node_bytes();
        Self {
            nodes: SealedNodes::new(disk, key, unlocked.file, entropy, geometry),
            geometry,
            loaded_max: loaded_max.max(LOADED_MIN),
            extents: geometry.extents_within(state.end),
            use_of_disk,
            memory: Mutex::new(Memory::new(geometry, state)),
        }
    }

    pub(in crate::layout) fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// The seals of a page and of those that follow it in the same group, `count` at most.
    pub(in crate::layout) fn run(&self, first: u64, count: usize) -> Result<Run, Fault> {
        let (number, index) = self.geometry.group_of(first);
        let end = (index + count).min(self.geometry.group_pages as usize);
        let run = self.with_group(number, |memory| {
            memory.groups.get_mut(number).map(|group| Run {
                at: self.geometry.page_at(group.extent, index),
                seals: (index..end).map(|index| group.node.seal(index)).collect(),
            })
        })?;
        run.flatten().ok_or(Fault::Damaged(Part::Page(first)))
    }

    /// Takes note of pages of one group that are about to be written. Returns where the first one goes.
    pub(in crate::layout) fn record(&self, first: u64, seals: &[PageSeal]) -> Result<u64, Fault> {
        let (number, index) = self.geometry.group_of(first);
        let record = |memory: &mut Memory| {
            let group = memory.groups.get_mut(number)?;
            for (index, seal) in (index..).zip(seals) {
                group.node.set_seal(index, seal);
            }
            group.is_dirty = true;
            let extent = group.extent;
            let behind = self.geometry.page_at(extent, index + seals.len());
            memory.end = memory.end.max(behind);
            Some(self.geometry.page_at(extent, index))
        };
        loop {
            if let Some(at) = self.with_group(number, record)?.flatten() {
                self.make_room(&mut self.memory(), number, true)?;
                return Ok(at);
            }
            self.found_group(number)?;
        }
    }

    /// Forgets all pages from this one on.
    pub(in crate::layout) fn truncate(&self, pages: u64) -> Result<(), Fault> {
        self.know_space()?;
        let groups = self.geometry.groups_for(pages);
        let mut guard = self.memory();
        let memory = &mut *guard;
        let in_memory = memory.groups.forget_from(groups);
        let never_written = in_memory
            .into_iter()
            .filter(|(group, _)| memory.entry(*group).is_none());
        let written = memory.entries().filter(|(group, _)| *group >= groups);
        let given_up: Vec<_> = never_written
            .chain(written.map(|(group, entry)| (group, entry.extent)))
            .collect();
        for (group, extent) in given_up {
            memory.set_entry(group, None);
            if let Some(space) = &mut memory.space {
                space.give_up(extent);
            }
        }
        memory.shrunk = true;
        drop(guard);
        let (last, index) = self.geometry.group_of(pages);
        if index > 0 {
            self.with_group(last, |memory| {
                if let Some(group) = memory.groups.get_mut(last) {
                    group.node.forget_from(index);
                    group.is_dirty = true;
                }
            })?;
        }
        Ok(())
    }

    /// The parts that were found damaged since the file was opened, and were mended from their second copy.
    pub(in crate::layout) fn mended(&self) -> Vec<Part> {
        self.memory().mended.clone()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something while the node of a group is in memory. `None`: there is no such group.
    fn with_group<R>(&self, number: u32, act: impl Fn(&mut Memory) -> R) -> Result<Option<R>, Fault> {
        loop {
            let mut memory = self.memory();
            let missing = match memory.find(number) {
                Whereabouts::InMemory => return Ok(Some(act(&mut memory))),
                Whereabouts::Nowhere => return Ok(None),
                Whereabouts::OnDisk(missing) => missing,
            };
            drop(memory);
            self.load(missing)?;
        }
    }

    /// Begins a group that has no page yet, in an extent of its own.
    fn found_group(&self, number: u32) -> Result<(), Fault> {
        self.know_space()?;
        let mut guard = self.memory();
        let memory = &mut *guard;
        if let (Whereabouts::Nowhere, Some(space)) = (memory.find(number), &mut memory.space) {
            let extent = space.take(number);
            let node = Node::Group { number, extent };
            let node = GroupNode(NodeBytes::empty(node, self.geometry));
            memory.groups.insert(number, extent, node, true);
        }
        Ok(())
    }

    /// Reads every directory, and with them which extents are free.
    fn know_space(&self) -> Result<(), Fault> {
        loop {
            let mut memory = self.memory();
            if memory.space.is_some() {
                return Ok(());
            }
            let Some(missing) = memory.first_missing_directory() else {
                let space = Space::of(memory.entries().map(|(group, entry)| (group, entry.extent)));
                memory.space = Some(space.ok_or(Fault::Tampered(Part::Directory(0)))?);
                return Ok(());
            };
            drop(memory);
            self.load(missing)?;
        }
    }

    /// Reads a node and takes it in, unless somebody else did so, or changed it, meanwhile.
    fn load(&self, missing: Named) -> Result<(), Fault> {
        let found = self.nodes.read(missing.node, missing.name);
        let mut memory = self.memory();
        if !memory.misses(missing) {
            return Ok(());
        }
        let bytes = match found? {
            Found::InPlace(copy) => copy.opened,
            Found::Twin(twin) => {
                self.mend(&mut memory, missing, &twin.sealed)?;
                twin.opened
            }
            Found::Lost => return Err(Fault::Damaged(missing.node.part())),
        };
        if !self.makes_sense(missing.node, &bytes) {
            return Err(Fault::Tampered(missing.node.part()));
        }
        memory.take_in(missing.node, bytes);
        match missing.node {
            Node::Group { number, .. } => self.make_room(&mut memory, number, false),
            Node::Directory { .. } => Ok(()),
        }
    }

    /// Writes the good copy of a node over a damaged one. It is durable before the good one can be overwritten.
    fn mend(&self, memory: &mut Memory, missing: Named, sealed: &[u8]) -> Result<(), Fault> {
        if self.use_of_disk == UseOfDisk::Write {
            self.nodes.put(missing.node, missing.name.copy(), sealed)?;
            self.nodes.sync()?;
            memory.mended.push(missing.node.part());
        }
        Ok(())
    }

    /// Whether an authentic node can be what its parent says.
    fn makes_sense(&self, node: Node, bytes: &NodeBytes) -> bool {
        bytes.is_number_of(node)
            && bytes
                .extents(node, self.geometry)
                .all(|extent| extent < self.extents)
    }

    /// Evicts until there are not too many groups in memory besides the one that is needed. Those that were
    /// changed go only where the writer makes room.
    fn make_room(&self, memory: &mut Memory, needed: u32, may_write: bool) -> Result<(), Fault> {
        while memory.groups.len() > self.loaded_max {
            let Some(victim) = memory.groups.next_victim(needed, may_write) else {
                break;
            };
            self.write_back(memory, victim)?;
            memory.groups.remove(victim);
        }
        Ok(())
    }
}
