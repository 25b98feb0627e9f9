//! From one durable state to the next. What changed is written to the places that the durable state does not
//! name; only when a slot that names the new nodes is durable do the old ones, and the extents that were given
//! up, become free.

use super::PageTable;
use super::memory::Memory;
use super::node::{GroupEntry, Name, Node};
use crate::disk::Disk;
use crate::error::Fault;
use crate::layout::EXTENTS_AT;

/// What a slot says about the page table.
pub(in crate::layout) struct Checkpoint {
    /// The names of the directories.
    pub(in crate::layout) roots: Vec<Option<Name>>,
    /// Where the part of the file ends that the state uses.
    pub(in crate::layout) end: u64,
    /// Whether a node was written.
    pub(in crate::layout) wrote: bool,
}

impl<D: Disk> PageTable<D> {
    /// Writes every node that changed. The caller syncs, and only then names them in a slot.
    pub(in crate::layout) fn checkpoint(&self) -> Result<Checkpoint, Fault> {
        // Readers wait for one node at a time. There is one writer, so no group becomes dirty meanwhile.
        let dirty = self.memory().groups.dirty();
        let mut wrote = !dirty.is_empty();
        for group in dirty {
            self.write_back(&mut self.memory(), group)?;
        }
        let mut guard = self.memory();
        let memory = &mut *guard;
        for number in 0..memory.directories.len() {
            wrote |= self.write_directory(memory, number)?;
        }
        while memory.directories.last().is_some_and(|last| last.name.is_none()) {
            memory.directories.pop();
        }
        drop(guard);
        self.find_end()?;
        let memory = self.memory();
        let directories = memory.directories.iter();
        Ok(Checkpoint {
            roots: directories.map(|directory| directory.name).collect(),
            end: memory.end,
            wrote,
        })
    }

    /// A slot that names the last checkpoint is durable.
    pub(in crate::layout) fn settle(&self, seq: u64) {
        let mut memory = self.memory();
        memory.seq = seq.saturating_add(1);
        memory.durable.clear();
        for directory in &mut memory.directories {
            directory.durable = directory.name;
        }
        if let Some(space) = &mut memory.space {
            space.release();
        }
    }

    /// Writes a group, if it changed, to the place that the durable state does not name.
    pub(super) fn write_back(&self, memory: &mut Memory, number: u32) -> Result<(), Fault> {
        let durable = memory.durable_entry(number);
        let seq = memory.seq;
        let Some(group) = memory.groups.get_mut(number).filter(|group| group.is_dirty) else {
            return Ok(());
        };
        let extent = group.extent;
        let taken = durable.filter(|entry| entry.extent == extent);
        let copy = taken.map_or(0, |entry| 1 - entry.name.copy());
        let node = Node::Group { number, extent };
        let name = self.nodes.write(node, copy, &group.node.0, seq)?;
        group.is_dirty = false;
        memory.set_entry(number, Some(GroupEntry { name, extent }));
        memory.unmirrored.groups.insert(number);
        Ok(())
    }

    /// Writes a directory, if it changed. Returns whether it was written.
    fn write_directory(&self, memory: &mut Memory, number: usize) -> Result<bool, Fault> {
        let seq = memory.seq;
        let geometry = self.geometry;
        let directory = &mut memory.directories[number];
        let (true, Some(bytes)) = (directory.is_dirty, &directory.node) else {
            return Ok(false);
        };
        directory.is_dirty = false;
        if bytes.entries(geometry).next().is_none() {
            directory.name = None;
            return Ok(false);
        }
        let copy = directory.durable.map_or(0, |name| 1 - name.copy());
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let node = Node::Directory { number };
        directory.name = Some(self.nodes.write(node, copy, &bytes.0, seq)?);
        let behind = geometry.node_at(node, 2);
        memory.end = memory.end.max(behind);
        memory.unmirrored.directories.insert(number);
        Ok(true)
    }

    /// After pages were taken away: the end of what is still in use.
    fn find_end(&self) -> Result<(), Fault> {
        let (shrunk, last) = {
            let memory = self.memory();
            (
                memory.shrunk,
                memory.space.as_ref().and_then(|space| space.last()),
            )
        };
        if !shrunk {
            return Ok(());
        }
        let mut end = EXTENTS_AT;
        if let Some((extent, group)) = last {
            let written = self.with_group(group, |memory| {
                let group = memory.groups.get_mut(group);
                group.map_or(0, |group| group.node.written(self.geometry))
            })?;
            end = end.max(self.geometry.page_at(extent, written.unwrap_or(0)));
        }
        let mut memory = self.memory();
        let directories = u32::try_from(memory.directories.len()).unwrap_or(u32::MAX);
        if let Some(number) = directories.checked_sub(1) {
            end = end.max(self.geometry.node_at(Node::Directory { number }, 2));
        }
        memory.end = end;
        memory.shrunk = false;
        Ok(())
    }
}
