//! What a file must hold: every version that a workload tried to commit, by its number, and which of them may
//! be found at a moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use vault_file::{Error, SealedFile, Table};

use crate::simulated_disk::Mark;

/// Holds one row: the number of the last transaction.
pub(super) const VERSION: Table = Table::new("version");
const LAST: &[u8] = b"last";

type Rows = BTreeMap<Vec<u8>, Arc<[u8]>>;

/// The content of every table; versions share what they have in common.
#[derive(Clone, Debug, Default)]
pub(super) struct Version(BTreeMap<&'static str, Arc<Rows>>);

impl Version {
    pub(super) fn table(&mut self, name: &'static str) -> &mut Rows {
        Arc::make_mut(self.0.entry(name).or_default())
    }

    pub(super) fn remove_table(&mut self, name: &'static str) {
        self.0.remove(name);
    }

    /// What is different in a file, if anything is. A table without rows is like none.
    fn difference(&self, file: &SealedFile) -> Result<Option<String>, Error> {
        let snapshot = file.read()?;
        let tables = snapshot.tables()?;
        for (name, rows) in &self.0 {
            if !rows.is_empty() && !tables.iter().any(|table| table.name() == *name) {
                return Ok(Some(format!("the table {name} is missing")));
            }
        }
        for table in tables.iter().filter(|table| table.name() != VERSION.name()) {
            let nothing = Arc::default();
            let expected = self.0.get(table.name()).unwrap_or(&nothing);
            let mut expected = expected.iter();
            for row in snapshot.table(table)?.range(..)? {
                let (key, value) = row?;
                match expected.next() {
                    Some((k, v)) if *k == key && v[..] == value[..] => {}
                    other => {
                        let wanted = other.map(|(key, _)| key);
                        let name = table.name();
                        return Ok(Some(format!(
                            "{name} has the row {key:?}, not {wanted:?} as it was"
                        )));
                    }
                }
            }
            if let Some((key, _)) = expected.next() {
                return Ok(Some(format!("the row {key:?} of {} is missing", table.name())));
            }
        }
        Ok(None)
    }
}

/// The versions of a file and the next number. Numbers are never used twice, also not for what was lost.
#[derive(Clone, Debug)]
pub(super) struct Model {
    versions: BTreeMap<u64, Version>,
    pub(super) newest: u64,
    pub(super) next: u64,
}

impl Model {
    pub(super) fn new() -> Self {
        Self {
            versions: BTreeMap::from([(0, Version::default())]),
            newest: 0,
            next: 1,
        }
    }

    pub(super) fn newest_version(&self) -> Version {
        self.versions[&self.newest].clone()
    }

    /// Notes a version that is about to be committed.
    pub(super) fn attempt(&mut self, version: Version) -> u64 {
        let number = self.next;
        self.versions.insert(number, version);
        (self.newest, self.next) = (number, number + 1);
        number
    }

    /// Goes on from a version that was found in a file.
    pub(super) fn continue_from(&mut self, found: u64) -> Mark {
        self.newest = found;
        Mark::Opened {
            found,
            next: self.next,
        }
    }

    /// Looks at a file: the number of its version, or what is wrong with it.
    pub(super) fn look(&self, file: &SealedFile, allowed: Allowed) -> Result<u64, Wrong> {
        let found = version_of(file)?;
        allowed.check(found).map_err(Wrong::Content)?;
        let Some(version) = self.versions.get(&found) else {
            return Err(Wrong::Content(format!("version {found} was never written")));
        };
        match version.difference(file)? {
            Some(difference) => Err(Wrong::Content(format!(
                "version {found} has another content: {difference}"
            ))),
            None => Ok(found),
        }
    }
}

/// What is wrong with a file.
#[derive(Debug)]
pub(super) enum Wrong {
    /// It cannot be read or written.
    Refused(Error),
    /// It holds what it must not hold.
    Content(String),
}

impl From<Error> for Wrong {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(error) => write!(f, "refused: {error}"),
            Self::Content(what) => f.write_str(what),
        }
    }
}

/// The number of the last transaction that a file holds.
pub(super) fn version_of(file: &SealedFile) -> Result<u64, Error> {
    let row = file.read()?.table(&VERSION)?.get(LAST)?;
    Ok(row.map_or(0, |bytes| {
        u64::from_le_bytes(bytes.as_slice().try_into().unwrap())
    }))
}

pub(super) fn write_version(transaction: &vault_file::Transaction, number: u64) -> Result<(), Error> {
    transaction
        .table(&VERSION)?
        .insert(LAST, &number.to_le_bytes())
        .map(drop)
}

/// Which versions may be found at a moment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Allowed {
    /// What was acknowledged or shown.
    at_least: u64,
    /// What the last opening found.
    found: u64,
    /// The first number since then; those between were lost and must not come back.
    fresh_from: u64,
}

impl Allowed {
    pub(super) fn after(self, mark: Mark) -> Self {
        match mark {
            Mark::Named => self,
            Mark::AtLeast(number) => Self {
                at_least: self.at_least.max(number),
                ..self
            },
            Mark::Opened { found, next } => Self {
                at_least: self.at_least.max(found),
                found,
                fresh_from: next,
            },
        }
    }

    fn check(self, found: u64) -> Result<(), String> {
        if found < self.at_least {
            return Err(format!("version {found}, but {} was acknowledged", self.at_least));
        }
        if found != self.found && found < self.fresh_from {
            return Err(format!("version {found} had been lost and came back"));
        }
        Ok(())
    }
}
