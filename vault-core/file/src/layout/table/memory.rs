//! The part of the page table that is in memory: every directory that was needed, and as many groups as there
//! is room for.

use std::collections::{BTreeMap, VecDeque};

use super::Rooted;
use super::mirror::Unmirrored;
use super::node::{DirectoryNode, GroupEntry, GroupNode, Name, Node, NodeBytes};
use super::space::Space;
use crate::error::Part;
use crate::layout::Geometry;

/// What is known of the page table.
pub(super) struct Memory {
    geometry: Geometry,
    pub(super) directories: Vec<Directory>,
    pub(super) groups: Groups,
    /// Known once every directory has been read, which writing to a new group needs.
    pub(super) space: Option<Space>,
    /// The entries that the durable state has of groups that were written back or given up since.
    pub(super) durable: BTreeMap<u32, Option<GroupEntry>>,
    /// The sequence number of the next durable state, or of one before it.
    pub(super) seq: u64,
    /// Where the part of the file ends that the next durable state uses.
    pub(super) end: u64,
    /// Pages were taken away, so the end may have moved towards the front.
    pub(super) shrunk: bool,
    pub(super) unmirrored: Unmirrored,
    /// The parts that were found damaged and were mended from their second copy.
    pub(super) mended: Vec<Part>,
}

/// A directory.
#[derive(Default)]
pub(super) struct Directory {
    /// Its node on the disk.
    pub(super) name: Option<Name>,
    /// The node that the durable state names.
    pub(super) durable: Option<Name>,
    /// Its node in memory. Without one on the disk it is empty.
    pub(super) node: Option<DirectoryNode>,
    /// Whether memory is ahead of the disk.
    pub(super) is_dirty: bool,
}

/// A group whose node is in memory.
pub(super) struct Group {
    pub(super) extent: u32,
    pub(super) node: GroupNode,
    /// Whether memory is ahead of the disk.
    pub(super) is_dirty: bool,
    /// Whether it was used since it was last considered for eviction.
    was_used: bool,
}

/// A node on the disk, as its parent names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) node: Node,
    pub(super) name: Name,
}

/// Where to find a group.
pub(super) enum Whereabouts {
    InMemory,
    OnDisk(Named),
    Nowhere,
}

impl Memory {
    pub(super) fn new(geometry: Geometry, state: Rooted<'_>) -> Self {
        let directories = state.roots.iter().map(|root| Directory {
            name: *root,
            durable: *root,
            ..Directory::default()
        });
        Self {
            geometry,
            directories: directories.collect(),
            groups: Groups::default(),
            space: None,
            durable: BTreeMap::new(),
            seq: state.seq.saturating_add(1),
            end: state.end,
            shrunk: false,
            unmirrored: Unmirrored {
                all: !state.is_mirrored,
                ..Unmirrored::default()
            },
            mended: Vec::new(),
        }
    }

    pub(super) fn find(&self, group: u32) -> Whereabouts {
        if self.groups.loaded.contains_key(&group) {
            return Whereabouts::InMemory;
        }
        match self.directory_missing(self.geometry.directory_of(group).0) {
            Some(missing) => Whereabouts::OnDisk(missing),
            None => self.entry(group).map_or(Whereabouts::Nowhere, |entry| {
                Whereabouts::OnDisk(Named {
                    node: Node::Group {
                        number: group,
                        extent: entry.extent,
                    },
                    name: entry.name,
                })
            }),
        }
    }

    /// A directory that is on the disk and not in memory.
    pub(super) fn directory_missing(&self, number: usize) -> Option<Named> {
        let directory = self.directories.get(number)?;
        let name = directory.name.filter(|_| directory.node.is_none())?;
        let number = u32::try_from(number).ok()?;
        Some(Named {
            node: Node::Directory { number },
            name,
        })
    }

    /// Whether a node is still missing, and still has that name.
    pub(super) fn misses(&self, missing: Named) -> bool {
        match missing.node {
            Node::Directory { number } => self.directory_missing(number as usize) == Some(missing),
            Node::Group { number, .. } => {
                matches!(self.find(number), Whereabouts::OnDisk(found) if found == missing)
            }
        }
    }

    /// Whether a node still has that name.
    pub(super) fn names(&self, missing: Named) -> bool {
        match missing.node {
            Node::Group { number, extent } => {
                let name = missing.name;
                self.entry(number) == Some(GroupEntry { name, extent })
            }
            Node::Directory { number } => {
                let directory = self.directories.get(number as usize);
                directory.is_some_and(|directory| directory.name == Some(missing.name))
            }
        }
    }

    /// Every node on the disk. All directories are in memory.
    pub(super) fn nodes(&self) -> impl Iterator<Item = Named> {
        let directories = (0u32..).zip(&self.directories).filter_map(|(number, directory)| {
            let node = Node::Directory { number };
            directory.name.map(|name| Named { node, name })
        });
        let groups = self.entries().map(|(number, GroupEntry { name, extent })| Named {
            node: Node::Group { number, extent },
            name,
        });
        directories.chain(groups)
    }

    /// Takes a node in that was read from the disk.
    pub(super) fn take_in(&mut self, node: Node, bytes: NodeBytes) {
        match node {
            Node::Group { number, extent } => self.groups.insert(number, extent, GroupNode(bytes), false),
            Node::Directory { number } => {
                if let Some(directory) = self.directories.get_mut(number as usize) {
                    directory.node = Some(DirectoryNode(bytes));
                }
            }
        }
    }

    /// How the directory, which is in memory, names a group.
    pub(super) fn entry(&self, group: u32) -> Option<GroupEntry> {
        let (directory, index) = self.geometry.directory_of(group);
        self.directories.get(directory)?.node.as_ref()?.entry(index)
    }

    /// Names a group anew, in a directory that is in memory or empty.
    pub(super) fn set_entry(&mut self, group: u32, entry: Option<GroupEntry>) {
        let before = self.entry(group);
        self.durable.entry(group).or_insert(before);
        let (number, index) = self.geometry.directory_of(group);
        if self.directories.len() <= number {
            self.directories.resize_with(number + 1, Directory::default);
        }
        let directory = &mut self.directories[number];
        let geometry = self.geometry;
        let node = directory.node.get_or_insert_with(|| {
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            DirectoryNode(NodeBytes::empty(Node::Directory { number }, geometry))
        });
        node.set_entry(index, entry);
        directory.is_dirty = true;
    }

    /// The entry of a group in the durable state.
    pub(super) fn durable_entry(&self, group: u32) -> Option<GroupEntry> {
        match self.durable.get(&group) {
            Some(entry) => *entry,
            None => self.entry(group),
        }
    }

    /// Every group that has a node on the disk. All directories are in memory.
    pub(super) fn entries(&self) -> impl Iterator<Item = (u32, GroupEntry)> {
        let groups = self.geometry.directory_groups;
        (0u32..)
            .zip(&self.directories)
            .flat_map(move |(number, directory)| {
                let entries = directory.node.iter().flat_map(|node| node.entries(self.geometry));
                entries.filter_map(move |(index, entry)| {
                    Some((number * groups + u32::try_from(index).ok()?, entry))
                })
            })
    }

    /// The first directory that is on the disk and not in memory.
    pub(super) fn first_missing_directory(&self) -> Option<Named> {
        (0..self.directories.len()).find_map(|number| self.directory_missing(number))
    }
}

/// The groups whose nodes are in memory.
#[derive(Default)]
pub(super) struct Groups {
    loaded: BTreeMap<u32, Group>,
    /// The order in which they are considered for eviction.
    queue: VecDeque<u32>,
}

impl Groups {
    pub(super) fn insert(&mut self, number: u32, extent: u32, node: GroupNode, is_dirty: bool) {
        let group = Group {
            extent,
            node,
            is_dirty,
            was_used: true,
        };
        self.loaded.insert(number, group);
        self.queue.push_back(number);
    }

    /// A group, marked as used.
    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Group> {
        let group = self.loaded.get_mut(&number)?;
        group.was_used = true;
        Some(group)
    }

    pub(super) fn len(&self) -> usize {
        self.loaded.len()
    }

    pub(super) fn dirty(&self) -> Vec<u32> {
        let dirty = self.loaded.iter().filter(|(_, group)| group.is_dirty);
        dirty.map(|(number, _)| *number).collect()
    }

    /// Forgets the groups from this one on. Returns them with their extents.
    pub(super) fn forget_from(&mut self, number: u32) -> Vec<(u32, u32)> {
        self.queue.retain(|queued| *queued < number);
        let gone = self.loaded.split_off(&number);
        gone.into_iter()
            .map(|(number, group)| (number, group.extent))
            .collect()
    }

    pub(super) fn remove(&mut self, number: u32) {
        self.loaded.remove(&number);
    }

    /// The next group to remove, which the caller does: one that was not used since it was last considered, and
    /// never the one that is about to be used.
    pub(super) fn next_victim(&mut self, needed: u32, may_be_dirty: bool) -> Option<u32> {
        for _ in 0..2 * self.queue.len() {
            let number = self.queue.pop_front()?;
            let Some(group) = self.loaded.get_mut(&number) else {
                continue;
            };
            let may_go = number != needed && (may_be_dirty || !group.is_dirty);
            if may_go && !std::mem::take(&mut group.was_used) {
                return Some(number);
            }
            self.queue.push_back(number);
        }
        None
    }
}
