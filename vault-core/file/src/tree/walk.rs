//! Walking a tree from its root, past whatever is lost.

use super::node::{Branch, Leaf, Node};
use super::root::Geometry;
use super::{Child, Root, TableDefinition, Trees, Widths};
use crate::error::{Error, Fault, Part};
use crate::layout::{PAGE_BYTES, PageSource};
use crate::operations::Problem;

/// No real tree is half as deep.
const DEPTH_MAX: usize = 64;

/// A page that could not be used, and the keys that went with it.
pub(crate) struct Lost<'k> {
    pub(crate) part: Part,
    pub(crate) problem: Problem,
    /// The keys are greater than this one; `None`: from the first key on.
    pub(crate) after: Option<&'k [u8]>,
    /// The keys are at most this one; `None`: to the last key.
    pub(crate) through: Option<&'k [u8]>,
}

/// What to do with what is found. An error ends the walk.
pub(crate) trait Visitor {
    /// A row, in key order.
    fn row(&mut self, key: &[u8], value: &[u8]) -> Result<(), Error>;

    /// Something that is lost.
    fn lost(&mut self, lost: &Lost<'_>) -> Result<(), Error>;

    /// So many pages were read.
    fn pages(&mut self, count: u64) -> Result<(), Error>;
}

/// The walk through all trees of one state. It meets no page twice.
pub(crate) struct Walk<'a> {
    source: &'a dyn PageSource,
    geometry: Geometry,
    met: Vec<u64>,
}

/// The keys that a page may hold.
#[derive(Clone, Copy)]
struct Keys<'k> {
    after: Option<&'k [u8]>,
    through: Option<&'k [u8]>,
}

impl<'a> Walk<'a> {
    pub(crate) fn through(source: &'a dyn PageSource, trees: &Trees) -> Self {
        let words = trees.geometry.pages.div_ceil(64);
        Self {
            source,
            geometry: trees.geometry,
            met: vec![0; usize::try_from(words).unwrap_or(0)],
        }
    }

    /// The tables that a tree of tables names.
    pub(crate) fn tables(
        &mut self,
        root: &Root,
        visitor: &mut dyn Visitor,
    ) -> Result<Vec<TableDefinition>, Error> {
        let mut definitions = Definitions {
            found: Vec::new(),
            visitor,
        };
        self.tree(root, Widths::default(), true, &mut definitions)?;
        Ok(definitions.found)
    }

    /// All rows of a tree. `ordered`: its keys are bytes, in the order of bytes.
    pub(crate) fn tree(
        &mut self,
        root: &Root,
        widths: Widths,
        ordered: bool,
        visitor: &mut dyn Visitor,
    ) -> Result<(), Error> {
        let all = Keys {
            after: None,
            through: None,
        };
        let mut walk = TreeWalk {
            walk: self,
            widths,
            ordered,
            visitor,
        };
        walk.page(root.child, all, 0)
    }

    /// Reads a page and marks it as met. `None` for the pages of the file means that it lies outside.
    fn read(&mut self, child: Child) -> Result<Vec<u8>, (Part, Problem)> {
        let Some((first, count)) = self.geometry.span(child.number) else {
            return Err((Part::Tree, Problem::OutOfPlace));
        };
        let part = Part::Page(first);
        if !(first..first + count).all(|page| self.meet(page)) {
            return Err((part, Problem::OutOfPlace));
        }
        let unreadable = Err((part, Problem::Unreadable));
        let Ok(pages) = usize::try_from(count) else {
            return unreadable;
        };
        let mut bytes = vec![0; pages * PAGE_BYTES];
        match self.source.read_pages(first, &mut bytes) {
            Ok(()) => Ok(bytes),
            Err(Fault::Damaged(part)) => Err((part, Problem::Damaged)),
            Err(_) => unreadable,
        }
    }

    /// Whether a page was not met before.
    fn meet(&mut self, page: u64) -> bool {
        let word = usize::try_from(page / 64)
            .ok()
            .and_then(|word| self.met.get_mut(word));
        let Some(word) = word else { return false };
        let bit = 1 << (page % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }
}

/// The walk through one tree.
struct TreeWalk<'w, 'a> {
    walk: &'w mut Walk<'a>,
    widths: Widths,
    ordered: bool,
    visitor: &'w mut dyn Visitor,
}

impl TreeWalk<'_, '_> {
    fn page(&mut self, child: Child, keys: Keys<'_>, depth: usize) -> Result<(), Error> {
        let bytes = match self.walk.read(child) {
            Ok(bytes) => bytes,
            Err((part, problem)) => return self.lose(part, problem, keys),
        };
        self.visitor.pages((bytes.len() / PAGE_BYTES) as u64)?;
        let node = Node::read(&bytes, child.checksum, self.widths);
        match node {
            Some(Node::Leaf(leaf)) if self.fits(&leaf, keys) => leaf
                .rows()
                .try_for_each(|(key, value)| self.visitor.row(key, value)),
            Some(Node::Branch(branch)) if depth < DEPTH_MAX => self.branch(&branch, keys, depth),
            _ => {
                let part = self
                    .walk
                    .geometry
                    .span(child.number)
                    .map_or(Part::Tree, |(first, _)| Part::Page(first));
                self.lose(part, Problem::OutOfPlace, keys)
            }
        }
    }

    fn branch(&mut self, branch: &Branch<'_>, keys: Keys<'_>, depth: usize) -> Result<(), Error> {
        let mut after = keys.after;
        for (index, child) in branch.children.iter().enumerate() {
            let through = branch.greatest(index).or(keys.through);
            self.page(*child, Keys { after, through }, depth + 1)?;
            after = branch.greatest(index);
        }
        Ok(())
    }

    /// Whether the keys rise, and lie where the parents say.
    fn fits(&self, leaf: &Leaf<'_>, keys: Keys<'_>) -> bool {
        if !self.ordered {
            return true;
        }
        let mut before = keys.after;
        leaf.rows().all(|(key, _)| {
            let rises = before.is_none_or(|before| before < key);
            before = Some(key);
            rises && keys.through.is_none_or(|through| key <= through)
        })
    }

    fn lose(&mut self, part: Part, problem: Problem, keys: Keys<'_>) -> Result<(), Error> {
        let Keys { after, through } = keys;
        self.visitor.lost(&Lost {
            part,
            problem,
            after,
            through,
        })
    }
}

/// Gathers the rows of the tree of tables; tells the rest on.
struct Definitions<'v> {
    found: Vec<TableDefinition>,
    visitor: &'v mut dyn Visitor,
}

impl Visitor for Definitions<'_> {
    fn row(&mut self, key: &[u8], value: &[u8]) -> Result<(), Error> {
        match TableDefinition::read(key, value) {
            Some(definition) => self.found.push(definition),
            None => self.visitor.lost(&Lost {
                part: Part::Tree,
                problem: Problem::OutOfPlace,
                after: Some(key),
                through: Some(key),
            })?,
        }
        Ok(())
    }

    fn lost(&mut self, lost: &Lost<'_>) -> Result<(), Error> {
        self.visitor.lost(lost)
    }

    fn pages(&mut self, count: u64) -> Result<(), Error> {
        self.visitor.pages(count)
    }
}
