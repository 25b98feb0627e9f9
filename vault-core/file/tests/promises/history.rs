//! A seeded history of transactions and a model of what a file must hold after each of them.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use vault_file::{
    Disk, Entropy, Error, NewSlot, Options, Progress, RawKey, SealedFile, Secret, Snapshot, Table,
};

use super::simulated_disk::SimulatedDisk;

/// Every table of a state, by name. A table that is empty is left out.
pub(crate) type Content = BTreeMap<String, BTreeMap<Vec<u8>, Vec<u8>>>;

/// Holds one row: the number of the last transaction.
const VERSION: Table = Table::new("version");
const TABLES: [Table; 3] = [
    Table::new("records"),
    Table::new("time/receipts"),
    Table::new("changes"),
];

pub(crate) fn key() -> RawKey {
    RawKey::new(&[7; 32])
}

pub(crate) fn entropy(seed: u64) -> Entropy {
    Entropy::new(ChaCha20Rng::seed_from_u64(seed))
}

/// Little memory, and a journal that is full after a few transactions.
pub(crate) fn small_cache() -> Options {
    small_journal(48 * 1024)
}

pub(crate) fn small_journal(journal_bytes: usize) -> Options {
    Options {
        cache_bytes: 1024 * 1024,
        journal_bytes,
        ..Options::default()
    }
}

pub(crate) fn create(disk: impl Disk, seed: u64) -> Result<SealedFile, Error> {
    create_with(disk, seed, &small_cache())
}

pub(crate) fn create_with(disk: impl Disk, seed: u64, options: &Options) -> Result<SealedFile, Error> {
    SealedFile::create_on(disk, &[NewSlot::RawKey(&key())], entropy(seed), options)
}

pub(crate) fn open(disk: impl Disk, seed: u64) -> Result<SealedFile, Error> {
    open_with(disk, seed, &small_cache())
}

pub(crate) fn open_with(disk: impl Disk, seed: u64, options: &Options) -> Result<SealedFile, Error> {
    SealedFile::open_on(disk, &Secret::RawKey(&key()), entropy(seed), options)
}

/// A watch that lets everything pass.
pub(crate) fn unwatched(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// The names in a folder, sorted.
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A closed file of a few commits, and its history.
pub(crate) fn sample(seed: u64) -> (SimulatedDisk, History) {
    let disk = SimulatedDisk::default();
    let mut history = History::new(seed);
    let file = create(disk.handle(), seed).unwrap();
    (0..5).for_each(|_| history.commit_one(&file).unwrap());
    drop(file);
    (disk, history)
}

/// Everything in the newest state of a file.
pub(crate) fn content(file: &SealedFile) -> Result<Content, Error> {
    content_of(&file.read()?)
}

/// Everything in a snapshot.
pub(crate) fn content_of(snapshot: &Snapshot) -> Result<Content, Error> {
    let mut content = Content::new();
    for table in snapshot.tables()? {
        let rows = snapshot
            .table(&table)?
            .range(..)?
            .collect::<Result<BTreeMap<_, _>, _>>()?;
        if !rows.is_empty() {
            content.insert(table.name().to_owned(), rows);
        }
    }
    Ok(content)
}

/// The number of the last transaction that a file holds.
pub(crate) fn version(content: &Content) -> usize {
    let row = content
        .get(VERSION.name())
        .and_then(|rows| rows.get(&b"last"[..]));
    row.map_or(0, |bytes| {
        usize::try_from(u64::from_le_bytes(bytes.as_slice().try_into().unwrap())).unwrap()
    })
}

/// A history in the making: what was committed, what was acknowledged, what every version holds.
#[derive(Clone)]
pub(crate) struct History {
    rng: ChaCha20Rng,
    pub(crate) versions: Vec<Content>,
    pub(crate) acknowledged: usize,
}

impl History {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rng: ChaCha20Rng::seed_from_u64(seed),
            versions: vec![Content::new()],
            acknowledged: 0,
        }
    }

    /// Makes and commits one more transaction on top of the newest version.
    pub(crate) fn commit_one(&mut self, file: &SealedFile) -> Result<(), Error> {
        let number = self.versions.len();
        let mut next = self.versions[number - 1].clone();
        let transaction = file.write()?;
        let clears = self.rng.next_u32().is_multiple_of(8);
        for table in &TABLES {
            let mut rows = transaction.table(table)?;
            let expected = next.entry(table.name().to_owned()).or_default();
            if clears {
                for key in expected.keys() {
                    rows.remove(key)?;
                }
                expected.clear();
            }
            for _ in 0..self.rng.next_u32() % 12 {
                let key = vec![b'k', (self.rng.next_u32() % 40) as u8];
                if self.rng.next_u32().is_multiple_of(4) {
                    rows.remove(&key)?;
                    expected.remove(&key);
                } else {
                    let value = self.value();
                    rows.insert(&key, &value)?;
                    expected.insert(key, value);
                }
            }
        }
        transaction
            .table(&VERSION)?
            .insert(b"last", &(number as u64).to_le_bytes())?;
        let last = (b"last".to_vec(), (number as u64).to_le_bytes().to_vec());
        next.entry(VERSION.name().to_owned()).or_default().extend([last]);
        next.retain(|_, rows| !rows.is_empty());
        self.versions.push(next);
        transaction.commit()?;
        self.acknowledged = number;
        Ok(())
    }

    /// What is wrong with a file's content after trouble; `None` if it is exactly one version, not older
    /// than the last acknowledged one.
    pub(crate) fn objection(&self, found: &Content) -> Option<String> {
        let version = version(found);
        if version < self.acknowledged {
            return Some(format!(
                "version {version}, but {} was acknowledged",
                self.acknowledged
            ));
        }
        match self.versions.get(version) {
            None => Some(format!("version {version} was never written")),
            Some(expected) if expected != found => Some(format!("version {version} has another content")),
            Some(_) => None,
        }
    }

    /// Continues from the version that a file was found to hold.
    pub(crate) fn continue_from(&mut self, found: &Content) {
        self.versions.truncate(version(found) + 1);
        self.acknowledged = version(found);
    }

    /// Mostly small, sometimes many pages long.
    fn value(&mut self) -> Vec<u8> {
        let len = match self.rng.next_u32() % 10 {
            0 => 5_000 + self.rng.next_u32() % 9_000,
            1 if self.rng.next_u32().is_multiple_of(8) => 300_000,
            _ => self.rng.next_u32() % 400,
        };
        let mut value = vec![0; len as usize];
        self.rng.fill_bytes(&mut value);
        value
    }
}
