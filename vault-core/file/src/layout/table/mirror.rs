//! Closing: each node is copied to its other place, so that a file at rest survives the loss of any block of
//! its page table.

use std::collections::BTreeSet;

use super::PageTable;
use super::memory::Named;
use super::node::Node;
use super::sealed::Found;
use crate::disk::Disk;
use crate::error::Fault;

/// The nodes whose two places hold different bytes.
#[derive(Default)]
pub(super) struct Unmirrored {
    /// The file was not closed in good order before: any node can be one of them.
    pub(super) all: bool,
    pub(super) groups: BTreeSet<u32>,
    pub(super) directories: BTreeSet<u32>,
}

impl Unmirrored {
    fn is_empty(&self) -> bool {
        !self.all && self.groups.is_empty() && self.directories.is_empty()
    }

    fn insert(&mut self, node: Node) {
        match node {
            Node::Group { number, .. } => self.groups.insert(number),
            Node::Directory { number } => self.directories.insert(number),
        };
    }

    fn may_contain(&self, node: Node) -> bool {
        self.all
            || match node {
                Node::Group { number, .. } => self.groups.contains(&number),
                Node::Directory { number } => self.directories.contains(&number),
            }
    }
}

impl<D: Disk> PageTable<D> {
    /// Makes both places of every node hold the same bytes, durably. Returns whether they do: a node that is
    /// damaged is left as it is. What is in memory is the durable state, and nobody writes.
    pub(in crate::layout) fn mirror(&self) -> Result<bool, Fault> {
        if self.memory().unmirrored.is_empty() {
            return Ok(true);
        }
        if self.memory().unmirrored.all {
            self.know_space()?;
        }
        let nodes: Vec<_> = {
            let memory = self.memory();
            let concerned = |named: &Named| memory.unmirrored.may_contain(named.node);
            memory.nodes().filter(concerned).collect()
        };
        let mut left = Unmirrored::default();
        for named in nodes {
            if !self.copy_over(named)? {
                left.insert(named.node);
            }
        }
        self.nodes.sync()?;
        let is_mirrored = left.is_empty();
        self.memory().unmirrored = left;
        Ok(is_mirrored)
    }

    /// Copies a node from the place where it is whole to the other one. Returns whether it is whole anywhere.
    fn copy_over(&self, Named { node, name }: Named) -> Result<bool, Fault> {
        let (sealed, target) = match self.nodes.read(node, name)? {
            Found::InPlace(copy) => (copy.sealed, 1 - name.copy()),
            Found::Twin(twin) => (twin.sealed, name.copy()),
            Found::Lost => return Ok(false),
        };
        self.nodes.put(node, target, &sealed)?;
        Ok(true)
    }
}
