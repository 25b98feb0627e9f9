//! What is asked of each engine, and which engines there are.

use std::path::Path;

use clap::ValueEnum;

use super::{plain_redb::PlainRedb, sealed::Sealed, sqlite::Sqlite};
use crate::workload::{Id, Item};

/// Commits records one by one, each durable when it returns.
pub(super) type Writer = Box<dyn FnMut(&Item) -> anyhow::Result<()> + Send>;

/// An open file of one engine, which holds the records and their index by category and time.
pub(super) trait Engine {
    /// Adds records, which are newer than all that are there, in one durable transaction, in the fastest way that
    /// the engine has for that.
    fn import(&self, items: &[Item]) -> anyhow::Result<()>;

    /// The same, with as many single inserts as there are rows.
    fn insert(&self, items: &[Item]) -> anyhow::Result<()>;

    /// Reads the body of each record, all in one snapshot. All must be there.
    fn get_all(&self, ids: &[Id]) -> anyhow::Result<()>;

    /// Walks the whole index in order and says how many entries it has.
    fn scan(&self) -> anyhow::Result<u64>;

    /// So many writers for as many threads.
    fn writers(&self, count: usize) -> anyhow::Result<Vec<Writer>>;

    /// The same, all through one connection, where an engine has connections.
    fn writers_on_one_connection(&self, _count: usize) -> anyhow::Result<Option<Vec<Writer>>> {
        Ok(None)
    }
}

/// The engines that are measured.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// The vault file.
    Vault,
    /// Plain redb in the same commit mode: what the vault file could be at best.
    Redb,
    /// SQLCipher.
    Sqlcipher,
    /// SQLite, from the library of SQLCipher without a key.
    Sqlite,
}

impl Kind {
    pub(super) const ALL: [Self; 4] = [Self::Vault, Self::Redb, Self::Sqlcipher, Self::Sqlite];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Vault => "vault",
            Self::Redb => "redb",
            Self::Sqlcipher => "sqlcipher",
            Self::Sqlite => "sqlite",
        }
    }

    /// Makes a file at `path`.
    pub(super) fn create(self, path: &Path, cache_bytes: usize) -> anyhow::Result<Box<dyn Engine>> {
        Ok(match self {
            Self::Vault => Box::new(Sealed::create(path, cache_bytes)?),
            Self::Redb => Box::new(PlainRedb::open(path, cache_bytes)?),
            Self::Sqlcipher | Self::Sqlite => {
                Box::new(Sqlite::create(path, self == Self::Sqlcipher, cache_bytes)?)
            }
        })
    }

    /// Opens the file at `path`.
    pub(super) fn open(self, path: &Path, cache_bytes: usize) -> anyhow::Result<Box<dyn Engine>> {
        Ok(match self {
            Self::Vault => Box::new(Sealed::open(path, cache_bytes)?),
            Self::Redb => Box::new(PlainRedb::open(path, cache_bytes)?),
            Self::Sqlcipher | Self::Sqlite => {
                Box::new(Sqlite::open(path, self == Self::Sqlcipher, cache_bytes)?)
            }
        })
    }
}
