//! Nodes for tests, as only somebody with the key could write them.

use super::node::{DirectoryNode, GroupEntry, Name, Node, NodeBytes};
pub(in crate::layout) use super::sealed::SealedNodes as Nodes;
use crate::layout::Geometry;

/// A directory that says it is this one, and names these groups in these extents.
pub(in crate::layout) fn directory(
    number: u32,
    entries: &[(usize, Name, u32)],
    geometry: Geometry,
) -> NodeBytes {
    let node = NodeBytes::empty(Node::Directory { number }, geometry);
    let mut node = DirectoryNode(node);
    for (index, name, extent) in entries {
        let entry = GroupEntry {
            name: *name,
            extent: *extent,
        };
        node.set_entry(*index, Some(entry));
    }
    node.0
}

/// A group that says it is this one, and has no pages.
pub(in crate::layout) fn group(number: u32, geometry: Geometry) -> NodeBytes {
    NodeBytes::empty(Node::Group { number, extent: 0 }, geometry)
}
