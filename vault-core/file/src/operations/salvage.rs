//! Rescue: what can be read from a damaged file, in a new file, and a list of what could not.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::journal::AtRest;
use super::progress::Steps;
use super::{Copied, Problem, Watch};
use crate::disk::{Disk, FileDisk, NewFile};
use crate::engine::{Append, Table, Transaction};
use crate::entropy::Entropy;
use crate::error::{Error, Part};
use crate::file::{SealedFile, locked};
use crate::header::{Copies, FileId, Origin, Refill, refill, unlock};
use crate::keys::{FileIdentity, Key, Secret};
use crate::layout::{PageSource, Reader, Rescue, Sizes};
use crate::options::Options;
use crate::tree::{Lost, TableDefinition, Trees, Visitor, Walk};

/// The most losses that are listed.
const LISTED_MAX: usize = 10_000;

/// Content that could not be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Where the file is damaged.
    pub part: Part,
    /// What is wrong there.
    pub problem: Problem,
    /// What is lost with it.
    pub keys: LostKeys,
}

/// Rows that are lost: those whose keys lie between two others.
#[derive(Clone, PartialEq, Eq)]
pub struct LostKeys {
    /// The table; `None`: whole tables, and the keys below are their names. Without any bound: the newest changes
    /// of any table, which lay in the [journal](Part::Journal).
    pub table: Option<String>,
    /// The keys are greater than this one; `None`: from the first key on.
    pub after: Option<Vec<u8>>,
    /// The keys are at most this one; `None`: to the last key.
    pub through: Option<Vec<u8>>,
}

impl LostKeys {
    /// What a lost part of the journal was about can be anything.
    const ANY: Self = Self {
        table: None,
        after: None,
        through: None,
    };
}

/// Keys can be private: only the lengths are printed.
impl fmt::Debug for LostKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = |key: &Option<Vec<u8>>| key.as_ref().map(Vec::len);
        f.debug_struct("LostKeys")
            .field("table", &self.table)
            .field("after_bytes", &len(&self.after))
            .field("through_bytes", &len(&self.through))
            .finish()
    }
}

/// What was saved from a damaged file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Salvaged {
    /// The new file, and what it holds.
    pub copied: Copied,
    /// What could not be saved, the first 10 000 losses. Empty: everything is there.
    pub losses: Vec<Loss>,
    /// How many losses are not listed.
    pub unlisted: u64,
}

impl SealedFile {
    /// Reads what can be read from a damaged file into a new one, and lists what could not. The damaged file
    /// is not changed. The new one opens with the same secrets and is [unclaimed](Self::unclaimed).
    ///
    /// It takes one good copy of the header and one good commit slot: what is left of a file without them
    /// cannot be decrypted, or not be told from what was removed.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyExists`], [`Error::Cancelled`]; those of [`open`](Self::open) where the header or the
    /// commit slots are lost, or the secret is wrong; and what the new file reports. Then there is no new
    /// file.
    pub fn salvage(
        damaged: &Path,
        to: &Path,
        secret: &Secret<'_>,
        entropy: Entropy,
        options: &Options,
        watch: &mut Watch<'_>,
    ) -> Result<Salvaged, Error> {
        let (new_file, disk) = NewFile::beside(to, &entropy)?;
        let damaged = FileDisk::open_read_only(damaged)?;
        let (file, salvaged) = salvage(damaged, disk, secret, entropy, options, watch)?;
        new_file.take_name()?;
        drop(file);
        Ok(salvaged)
    }

    /// Salvages what one disk holds to another, empty one.
    ///
    /// # Errors
    ///
    /// Those of [`salvage`](Self::salvage).
    pub fn salvage_on(
        damaged: impl Disk,
        new: impl Disk,
        secret: &Secret<'_>,
        entropy: Entropy,
        options: &Options,
        watch: &mut Watch<'_>,
    ) -> Result<Salvaged, Error> {
        let (_, salvaged) = salvage(damaged, new, secret, entropy, options, watch)?;
        Ok(salvaged)
    }
}

fn salvage(
    damaged: impl Disk,
    new: impl Disk,
    secret: &Secret<'_>,
    entropy: Entropy,
    options: &Options,
    watch: &mut Watch<'_>,
) -> Result<(SealedFile, Salvaged), Error> {
    let damaged = locked(damaged)?;
    let (sealed, _) = unlock(Copies::read(&*damaged)?.newest(), *secret, options)?;
    let (header, old) = (sealed.header, sealed.unlocked);
    let sizes = Sizes::of(options, damaged.len()?);
    let reader = Reader::open(Arc::clone(&damaged), &old, &sizes)?;
    let journal = AtRest::read(damaged, &old, reader.journal_mark());
    let trees = Trees::of(&reader.durable()).ok_or(Error::Tampered { what: Part::Tree })?;
    let rescue = Rescue::of(reader);
    let own = Refill {
        file: FileIdentity {
            id: FileId(entropy.array()?),
            epoch: 1,
        },
        header_seq: 1,
        origin: Some(Origin::Salvaged),
        slots: header.slots.clone(),
        vault_key: Key::new(old.vault_key.as_bytes()),
    };
    let sealed = refill(&header, &old.root_key, own, &entropy)?;
    let (file, saved) = SealedFile::filled(new, sealed, entropy, options, 0, |file| {
        save(&rescue, &trees, &journal, file, watch)
    })?;
    let (tables, rows) = size(&file)?;
    let copied = Copied {
        file_id: file.file_id(),
        tables,
        rows,
    };
    let salvaged = Salvaged {
        copied,
        losses: saved.losses,
        unlisted: saved.unlisted,
    };
    Ok((file, salvaged))
}

/// How many tables a file has, and how many rows.
fn size(file: &SealedFile) -> Result<(u64, u64), Error> {
    let snapshot = file.read()?;
    let tables = snapshot.tables()?;
    let mut rows = 0;
    for table in &tables {
        rows += snapshot.table(table)?.len()?;
    }
    Ok((tables.len() as u64, rows))
}

/// Saves what the trees hold, and does again what the journal says was done after them. Returns what was lost.
fn save(
    source: &dyn PageSource,
    trees: &Trees,
    journal: &AtRest,
    file: &SealedFile,
    watch: &mut Watch<'_>,
) -> Result<Saved, Error> {
    let transaction = Transaction::begin(&file.0.database)?;
    let mut saved = Saved::default();
    let mut steps = Steps::of(trees.pages().saturating_sub(1), watch)?;
    let mut walk = Walk::through(source, trees);
    let mut names = Salvage::of(None, &mut saved, &mut steps);
    let tables = match &trees.data {
        Some(root) => walk.tables(root, &mut names)?,
        None => Vec::new(),
    };
    for table in &tables {
        let mut target = transaction.table(&Table::named(table.name.as_str()))?;
        let mut rows = Salvage::of(Some((table, target.append()?)), &mut saved, &mut steps);
        if let Some(root) = &table.root {
            walk.tree(root, table.widths, true, &mut rows)?;
        }
        rows.close()?;
    }
    steps.finish()?;
    for ops in &journal.transactions {
        transaction.repeat(ops)?;
    }
    if let Some((part, problem)) = journal.problem {
        saved.lose(part, problem, LostKeys::ANY);
    }
    transaction.commit()?;
    Ok(saved)
}

#[derive(Default)]
struct Saved {
    losses: Vec<Loss>,
    unlisted: u64,
}

impl Saved {
    fn lose(&mut self, part: Part, problem: Problem, keys: LostKeys) {
        if self.losses.len() < LISTED_MAX {
            self.losses.push(Loss { part, problem, keys });
        } else {
            self.unlisted += 1;
        }
    }
}

/// What one walk finds.
struct Salvage<'s, 'w, 't> {
    saved: &'s mut Saved,
    steps: &'s mut Steps<'w>,
    /// The table that is walked, and where its rows go; `None`: the tree of the tables.
    target: Option<(&'t TableDefinition, Append<'t>)>,
}

impl<'s, 'w, 't> Salvage<'s, 'w, 't> {
    fn of(
        target: Option<(&'t TableDefinition, Append<'t>)>,
        saved: &'s mut Saved,
        steps: &'s mut Steps<'w>,
    ) -> Self {
        Self { saved, steps, target }
    }

    fn close(self) -> Result<(), Error> {
        self.target.map_or(Ok(()), |(_, target)| target.close())
    }
}

impl Visitor for Salvage<'_, '_, '_> {
    fn row(&mut self, key: &[u8], value: &[u8]) -> Result<(), Error> {
        if let Some((_, target)) = &mut self.target {
            target.push(key, value)?;
        }
        Ok(())
    }

    fn lost(&mut self, lost: &Lost<'_>) -> Result<(), Error> {
        let keys = LostKeys {
            table: self.target.as_ref().map(|(table, _)| table.name.clone()),
            after: lost.after.map(<[u8]>::to_vec),
            through: lost.through.map(<[u8]>::to_vec),
        };
        self.saved.lose(lost.part, lost.problem, keys);
        Ok(())
    }

    fn pages(&mut self, count: u64) -> Result<(), Error> {
        self.steps.advance(count)
    }
}
