//! Checking a file: every node of the page table and every page in use is read and authenticated, every tree is
//! followed from its root and compared with its checksums, and what exists twice is compared.

use std::path::Path;
use std::sync::Arc;

use super::Watch;
use super::journal::AtRest;
use super::progress::Steps;
use crate::disk::{Disk, FileDisk};
use crate::error::{Error, Part};
use crate::file::{SealedFile, locked};
use crate::header::{Copies, unlock};
use crate::keys::Secret;
use crate::layout::{Durable, NodeChecked, PageSource, Reader, Sizes};
use crate::options::Options;
use crate::tree::{Lost, Root, TableDefinition, Trees, Visitor, Walk};

/// The most findings that are listed.
const LISTED_MAX: usize = 1000;

/// What is wrong with a part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The bytes do not authenticate, or are not there.
    Damaged,
    /// The storage cannot read them.
    Unreadable,
    /// They are authentic, but something else belongs there: an older page was put back, or the storage lost
    /// a write.
    OutOfPlace,
}

/// Something that a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where. A header, commit slot or node of the page table of which one copy is good costs nothing: opening
    /// the file, or reading it, mends it.
    pub part: Part,
    /// What is wrong.
    pub problem: Problem,
    /// The table that it belongs to, if it belongs to one.
    pub table: Option<String>,
}

/// What a check found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// How many pages were read and are authentic. Pages that are not in use are not read.
    pub pages: u64,
    /// How many tables were followed.
    pub tables: u64,
    /// How many rows were found in them.
    pub rows: u64,
    /// How many transactions lie in the journal of a file that was not closed. They are authentic, and opening
    /// the file applies them to the tables.
    pub journaled: u64,
    /// What is wrong, the first 1000 findings.
    pub findings: Vec<Finding>,
    /// How many findings are not listed.
    pub unlisted: u64,
}

impl Verified {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    fn note_journal(&mut self, journal: &AtRest) {
        self.journaled = journal.transactions.len() as u64;
        if let Some((part, problem)) = journal.problem {
            self.note(part, problem, None);
        }
    }

    fn note(&mut self, part: Part, problem: Problem, table: Option<&str>) {
        if self.findings.len() >= LISTED_MAX {
            self.unlisted += 1;
            return;
        }
        self.findings.push(Finding {
            part,
            problem,
            table: table.map(ToOwned::to_owned),
        });
    }
}

impl SealedFile {
    /// Checks an open file in the background, in its newest committed state, while it goes on being read and
    /// written. It waits for the writer once, for a [`checkpoint`](Self::checkpoint). What is found does not end the handle. redb's own tables, which are rebuilt when they are
    /// lost, are checked by [`verify_at`](Self::verify_at) alone.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`], and what the file reports.
    pub fn verify(&self, watch: &mut Watch<'_>) -> Result<Verified, Error> {
        let mut verified = Verified::default();
        for part in self.damaged_twins()? {
            verified.note(part, Problem::Damaged, None);
        }
        // Pages of this state, and of the newer one that is made durable next, are not reused while this lives.
        let snapshot = self.read()?;
        self.0.database.checkpoint()?;
        let durable = self.0.store.durable();
        let nodes = |checked: &mut NodeChecked<'_>| self.0.store.check_nodes(checked);
        let checked = check(&*self.0.store, &durable, nodes, Trees::data_only, verified, watch);
        drop(snapshot);
        checked
    }

    fn damaged_twins(&self) -> Result<Vec<Part>, Error> {
        let _unchanged = self.header_unchanged();
        let header = self.header().authenticated(&self.0.vault_key);
        self.0.store.damaged_twins(&header)
    }

    /// Checks a file at rest, without writing to it, however damaged its pages are.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open), except for damage that can be listed, and [`Error::Cancelled`].
    pub fn verify_at(
        path: &Path,
        secret: &Secret<'_>,
        options: &Options,
        watch: &mut Watch<'_>,
    ) -> Result<Verified, Error> {
        Self::verify_on(FileDisk::open_read_only(path)?, secret, options, watch)
    }

    /// Checks what a disk holds.
    ///
    /// # Errors
    ///
    /// Those of [`verify_at`](Self::verify_at).
    pub fn verify_on(
        disk: impl Disk,
        secret: &Secret<'_>,
        options: &Options,
        watch: &mut Watch<'_>,
    ) -> Result<Verified, Error> {
        let disk = locked(disk)?;
        let copies = Copies::read(&*disk)?;
        let (sealed, _) = unlock(copies.newest(), *secret, options)?;
        let sizes = Sizes::of(options, disk.len()?);
        let reader = Reader::open(Arc::clone(&disk), &sealed.unlocked, &sizes)?;
        let mut verified = Verified::default();
        verified.note_journal(&AtRest::read(disk, &sealed.unlocked, reader.journal_mark()));
        for _ in copies.differing().into_iter().filter(|differs| *differs) {
            verified.note(Part::Header, Problem::Damaged, None);
        }
        if reader.twins_differ() {
            verified.note(Part::CommitSlots, Problem::Damaged, None);
        }
        let nodes = |checked: &mut NodeChecked<'_>| reader.check_nodes(checked);
        check(&reader, &reader.durable(), nodes, Trees::all, verified, watch)
    }
}

/// Checks the nodes of the page table, then follows the trees that `chosen` names.
fn check(
    source: &dyn PageSource,
    durable: &Durable,
    nodes: impl FnOnce(&mut NodeChecked<'_>) -> Result<(), Error>,
    chosen: impl FnOnce(&Trees) -> Vec<(Root, bool)>,
    verified: Verified,
    watch: &mut Watch<'_>,
) -> Result<Verified, Error> {
    let mut check = Check {
        verified,
        steps: Steps::of(durable.pages.saturating_sub(1), watch)?,
        table: None,
        rows: 0,
    };
    nodes(&mut |found| check.node(found))?;
    let Some(trees) = Trees::of(durable) else {
        check.verified.note(Part::Tree, Problem::OutOfPlace, None);
        return Ok(check.verified);
    };
    let mut walk = Walk::through(source, &trees);
    for (root, is_data) in chosen(&trees) {
        for table in walk.tables(&root, &mut check)? {
            check.table(&mut walk, &table, is_data)?;
        }
    }
    check.steps.finish()?;
    Ok(check.verified)
}

impl Trees {
    fn data_only(&self) -> Vec<(Root, bool)> {
        self.data.map(|root| (root, true)).into_iter().collect()
    }

    fn all(&self) -> Vec<(Root, bool)> {
        let system = self.system.map(|root| (root, false));
        self.data_only().into_iter().chain(system).collect()
    }
}

struct Check<'w> {
    verified: Verified,
    steps: Steps<'w>,
    /// The table that is being followed.
    table: Option<String>,
    /// The rows that were found in it.
    rows: u64,
}

impl Check<'_> {
    fn node(&mut self, found: Option<(Part, Problem)>) -> Result<(), Error> {
        if let Some((part, problem)) = found {
            self.verified.note(part, problem, None);
        }
        self.steps.tell()
    }

    fn table(&mut self, walk: &mut Walk<'_>, table: &TableDefinition, is_data: bool) -> Result<(), Error> {
        self.table = Some(table.name.clone());
        self.rows = 0;
        let findings = self.findings();
        if let Some(root) = &table.root {
            walk.tree(root, table.widths, is_data, self)?;
        }
        if self.rows != table.rows && self.findings() == findings {
            let name = self.table.clone();
            self.verified
                .note(Part::Tree, Problem::OutOfPlace, name.as_deref());
        }
        if is_data {
            self.verified.tables += 1;
            self.verified.rows += self.rows;
        }
        self.table = None;
        Ok(())
    }

    fn findings(&self) -> u64 {
        self.verified.findings.len() as u64 + self.verified.unlisted
    }
}

impl Visitor for Check<'_> {
    fn row(&mut self, _: &[u8], _: &[u8]) -> Result<(), Error> {
        self.rows += 1;
        Ok(())
    }

    fn lost(&mut self, lost: &Lost<'_>) -> Result<(), Error> {
        let table = self.table.clone();
        self.verified.note(lost.part, lost.problem, table.as_deref());
        Ok(())
    }

    fn pages(&mut self, count: u64) -> Result<(), Error> {
        self.verified.pages += count;
        self.steps.advance(count)
    }
}
