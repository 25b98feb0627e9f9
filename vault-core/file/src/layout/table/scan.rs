//! Looking at nodes on the disk for their own sake: whether each is what its parent names, and what older ones
//! are still there.

use std::collections::BTreeMap;

use super::PageTable;
use super::memory::Named;
use super::node::{GroupNode, Node, PageSeal};
use crate::disk::Disk;
use crate::error::{Error, Fault, Part};
use crate::operations::Problem;

/// Called after each node, with what is wrong with it. An error ends the check.
pub(crate) type NodeChecked<'c> = dyn FnMut(Option<(Part, Problem)>) -> Result<(), Error> + 'c;

/// Every authentic node of a group that lies anywhere in a file, the newest first.
#[derive(Default)]
pub(in crate::layout) struct Stale(BTreeMap<u32, Vec<StaleNode>>);

#[derive(Clone, Copy)]
struct StaleNode {
    seq: u64,
    extent: u32,
    copy: usize,
}

impl<D: Disk> PageTable<D> {
    /// Reads every node. `twins`: also those in the other places, which hold the same bytes in a file that was
    /// closed.
    pub(in crate::layout) fn check(&self, twins: bool, checked: &mut NodeChecked<'_>) -> Result<(), Error> {
        for number in 0.. {
            let (directory, is_in_memory) = {
                let memory = self.memory();
                let Some(directory) = memory.directories.get(number as usize) else {
                    break;
                };
                (directory.name, directory.node.is_some())
            };
            let Some(name) = directory else { continue };
            let node = Node::Directory { number };
            self.check_node(Named { node, name }, twins, checked)?;
            if !is_in_memory && let Err(Fault::Tampered(part)) = self.load(Named { node, name }) {
                checked(Some((part, Problem::OutOfPlace)))?;
            }
        }
        let nodes: Vec<_> = self.memory().nodes().collect();
        for named in nodes {
            if matches!(named.node, Node::Group { .. }) {
                self.check_node(named, twins, checked)?;
            }
        }
        Ok(())
    }

    fn check_node(&self, named: Named, twins: bool, checked: &mut NodeChecked<'_>) -> Result<(), Error> {
        let named_copy = named.name.copy();
        for copy in [named_copy, 1 - named_copy] {
            if copy != named_copy && !twins {
                continue;
            }
            let problem = match self.nodes.read_copy(named.node, copy) {
                Ok(Some(found)) if found.is(named.name) => None,
                Ok(Some(_)) => Some(Problem::OutOfPlace),
                Ok(None) => Some(Problem::Damaged),
                Err(_) => Some(Problem::Unreadable),
            };
            // What the writer replaced meanwhile is not wrong.
            let problem = problem.filter(|_| self.memory().names(named));
            checked(problem.map(|problem| (named.node.part(), problem)))?;
        }
        Ok(())
    }

    /// Looks for nodes of groups in every extent that a file of this length can have.
    pub(in crate::layout) fn stale(&self, file_len: u64) -> Stale {
        let mut stale = Stale::default();
        for extent in 0..self.geometry.extents_within(file_len) {
            for copy in [0, 1] {
                let anyone = Node::Group { number: 0, extent };
                if let Ok(Some(found)) = self.nodes.read_copy(anyone, copy) {
                    let seq = found.opened.seq();
                    let nodes = stale.0.entry(found.opened.number()).or_default();
                    nodes.push(StaleNode { seq, extent, copy });
                }
            }
        }
        for nodes in stale.0.values_mut() {
            nodes.sort_by_key(|node| std::cmp::Reverse(node.seq));
        }
        stale
    }

    /// Where a page may lie and with which seal, according to each node that is left of its group.
    pub(in crate::layout) fn stale_seals(
        &self,
        stale: &Stale,
        page: u64,
    ) -> impl Iterator<Item = (u64, PageSeal)> {
        let (number, index) = self.geometry.group_of(page);
        let nodes = stale.0.get(&number).into_iter().flatten();
        nodes.filter_map(move |StaleNode { extent, copy, .. }| {
            let node = Node::Group {
                number,
                extent: *extent,
            };
            let found = self.nodes.read_copy(node, *copy).ok()??;
            let seal = GroupNode(found.opened).seal(index)?;
            Some((self.geometry.page_at(*extent, index), seal))
        })
    }
}
