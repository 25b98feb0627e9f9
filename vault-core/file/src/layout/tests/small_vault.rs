//! A database with a page table of small nodes: 16 pages to a group, 5 groups to a directory, 4 groups in memory.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use redb::{Durability, ReadableDatabase, ReadableTable, TableDefinition};

use super::simulated_disk::SimulatedDisk;
use super::{key_material, seeded};
use crate::disk::Disk;
use crate::engine::Health;
use crate::error::Error;
use crate::layout::{Geometry, SealedBackend, Shared, Sizes};

pub(super) const SMALL: Sizes = Sizes {
    geometry: Geometry {
        group_pages: 16,
        directory_groups: 5,
    },
    max_file_bytes: 1 << 30,
    cache_bytes: 1024 * 1024,
    table_bytes: 0,
    pending_bytes: 4 * 4096,
};

const ROWS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("rows");
const VERSION: TableDefinition<'_, (), u64> = TableDefinition::new("version");

/// What a database holds: its rows, and which transaction was the last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Content {
    rows: BTreeMap<u64, Vec<u8>>,
    pub(super) version: u64,
}

/// Opens a backend without a database on it.
pub(super) fn backend<D: Disk>(disk: D, seed: u64) -> Result<SealedBackend<D>, Error> {
    let health = Arc::new(Health::default());
    let keys = key_material(1);
    let opened = SealedBackend::open(Arc::new(disk), &keys, seeded(seed), &SMALL, health);
    opened.map(|(backend, _)| backend)
}

/// Begins a database on an empty disk.
pub(super) fn create(disk: &SimulatedDisk, seed: u64) -> Result<redb::Database, String> {
    let health = Arc::new(Health::default());
    let disk = Arc::new(disk.handle());
    let backend = SealedBackend::create(disk, &key_material(1), seeded(seed), &SMALL, health);
    start(backend.map_err(|error| error.to_string())?)
}

/// Opens a database.
pub(super) fn open(disk: impl Disk, seed: u64) -> Result<redb::Database, String> {
    start(backend(disk, seed).map_err(|error| error.to_string())?)
}

fn start<D: Disk>(backend: SealedBackend<D>) -> Result<redb::Database, String> {
    without_panic(|| {
        redb::Builder::new()
            .set_cache_size(128 * 1024)
            .create_with_backend(Shared(Arc::new(backend)))
            .map_err(|error| error.to_string())
    })
}

/// A panic inside redb is an error of the file, as the fence of the engine makes it one.
pub(super) fn without_panic<T>(call: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err("panicked".to_owned()))
}

/// Everything that a database holds.
pub(super) fn content(database: &redb::Database) -> Result<Content, String> {
    let read = || -> Result<Content, redb::Error> {
        let reading = database.begin_read()?;
        let mut content = Content::default();
        match reading.open_table(VERSION) {
            Ok(version) => content.version = version.get(())?.map_or(0, |version| version.value()),
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(content),
            Err(error) => return Err(error.into()),
        }
        for row in reading.open_table(ROWS)?.iter()? {
            let (key, value) = row?;
            content.rows.insert(key.value(), value.value().to_vec());
        }
        Ok(content)
    };
    without_panic(|| read().map_err(|error| error.to_string()))
}

/// A history in the making.
#[derive(Clone)]
pub(super) struct History {
    rng: ChaCha20Rng,
    pub(super) versions: Vec<Content>,
    /// The last version that was committed durably.
    pub(super) acknowledged: u64,
}

impl History {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            rng: ChaCha20Rng::seed_from_u64(seed),
            versions: vec![Content::default()],
            acknowledged: 0,
        }
    }

    pub(super) fn newest(&self) -> &Content {
        self.versions.last().unwrap()
    }

    /// Commits once more; every twelfth time, gives space back besides.
    pub(super) fn commit_one(&mut self, database: &mut redb::Database) -> Result<(), String> {
        if self.rng.next_u32().is_multiple_of(12) {
            without_panic(|| database.compact().map_err(|error| error.to_string()))?;
            self.acknowledged = self.newest().version;
        }
        self.commit_beside_readers(database)
    }

    /// Commits once more, two times out of three durably.
    pub(super) fn commit_beside_readers(&mut self, database: &redb::Database) -> Result<(), String> {
        let is_durable = !self.rng.next_u32().is_multiple_of(3);
        let mut next = self.newest().clone();
        next.version += 1;
        let changes = self.changes(&mut next);
        let commit = || -> Result<(), redb::Error> {
            let mut writing = database.begin_write()?;
            writing.set_two_phase_commit(true);
            writing.set_quick_repair(true);
            writing.set_durability(if is_durable {
                Durability::Immediate
            } else {
                Durability::None
            })?;
            {
                let mut rows = writing.open_table(ROWS)?;
                for (key, value) in &changes {
                    match value {
                        Some(value) => rows.insert(key, value.as_slice())?,
                        None => rows.remove(key)?,
                    };
                }
                writing.open_table(VERSION)?.insert((), next.version)?;
            }
            Ok(writing.commit()?)
        };
        self.versions.push(next.clone());
        without_panic(|| commit().map_err(|error| error.to_string()))?;
        if is_durable {
            self.acknowledged = next.version;
        }
        Ok(())
    }

    /// Mostly some rows; sometimes half of all are removed.
    fn changes(&mut self, next: &mut Content) -> BTreeMap<u64, Option<Vec<u8>>> {
        let mut changes = BTreeMap::new();
        if self.rng.next_u32().is_multiple_of(8) {
            let all = next.rows.keys().copied();
            changes.extend(all.filter(|key| key % 2 == 0).map(|key| (key, None)));
        }
        for _ in 0..5 + self.rng.next_u32() % 30 {
            let key = u64::from(self.rng.next_u32() % 400);
            let value = (!self.rng.next_u32().is_multiple_of(4)).then(|| {
                let mut value = vec![0; self.value_len()];
                self.rng.fill_bytes(&mut value);
                value
            });
            changes.insert(key, value);
        }
        for (key, value) in &changes {
            match value {
                Some(value) => next.rows.insert(*key, value.clone()),
                None => next.rows.remove(key),
            };
        }
        changes
    }

    /// Mostly less than a page.
    fn value_len(&mut self) -> usize {
        let most = if self.rng.next_u32().is_multiple_of(6) {
            9_000
        } else {
            2_500
        };
        300 + self.rng.next_u32() as usize % most
    }

    /// What is wrong with what was found after trouble; `None` if it is exactly one version, not older than the
    /// last acknowledged one.
    pub(super) fn objection(&self, found: &Content) -> Option<String> {
        let version = found.version;
        if version < self.acknowledged {
            return Some(format!(
                "version {version}, but {} was acknowledged",
                self.acknowledged
            ));
        }
        match self.versions.get(usize::try_from(version).unwrap()) {
            None => Some(format!("version {version} was never written")),
            Some(expected) if expected != found => Some(format!("version {version} has another content")),
            Some(_) => None,
        }
    }

    /// Continues from the version that was found.
    pub(super) fn continue_from(&mut self, found: &Content) {
        self.versions
            .truncate(usize::try_from(found.version).unwrap() + 1);
        self.acknowledged = found.version;
    }
}
