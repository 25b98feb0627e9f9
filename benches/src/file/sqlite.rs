//! SQLCipher, and SQLite from the same library without a key, as an expert would set them up for this: a write-ahead
//! log synced at every commit, a raw key (so no KDF), prepared statements, and an index that covers the scan.

use std::{
    fs::File,
    hint::black_box,
    io::Read,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, OptionalExtension};

use super::engine::{Engine, Writer};
use crate::workload::{Id, Item};

const TABLES: &str = "
    CREATE TABLE records (id BLOB PRIMARY KEY, category INTEGER NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL)
        WITHOUT ROWID;
    CREATE INDEX by_time ON records (category, at, id);";
const INSERT: &str = "INSERT INTO records (id, category, at, body) VALUES (?1, ?2, ?3, ?4)";
const GET: &str = "SELECT body FROM records WHERE id = ?1";
const SCAN: &str = "SELECT category, at, id FROM records INDEXED BY by_time ORDER BY category, at, id";

pub(super) struct Sqlite {
    connection: Connection,
    path: PathBuf,
    keyed: bool,
    cache_bytes: usize,
}

impl Sqlite {
    pub(super) fn create(path: &Path, keyed: bool, cache_bytes: usize) -> anyhow::Result<Self> {
        let sqlite = Self::open(path, keyed, cache_bytes)?;
        sqlite.connection.execute_batch(TABLES)?;
        Ok(sqlite)
    }

    pub(super) fn open(path: &Path, keyed: bool, cache_bytes: usize) -> anyhow::Result<Self> {
        Ok(Self {
            connection: connect(path, keyed, cache_bytes)?,
            path: path.to_owned(),
            keyed,
            cache_bytes,
        })
    }

    fn connect(&self) -> anyhow::Result<Connection> {
        connect(&self.path, self.keyed, self.cache_bytes)
    }
}

fn connect(path: &Path, keyed: bool, cache_bytes: usize) -> anyhow::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(60))?;
    if keyed {
        connection.execute_batch(&format!("PRAGMA key = \"x'{}'\"", "07".repeat(32)))?;
    }
    connection.execute_batch(&format!(
        "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -{}",
        cache_bytes / 1024
    ))?;
    let mut begin = Vec::new();
    File::open(path)?.take(6).read_to_end(&mut begin)?;
    anyhow::ensure!(
        begin.is_empty() || keyed != (begin == b"SQLite"),
        "the file is not as it should be: encrypted under a key, plain without one"
    );
    Ok(connection)
}

fn insert(connection: &Connection, items: &[Item]) -> anyhow::Result<()> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let mut insert = connection.prepare_cached(INSERT)?;
    for item in items {
        insert.execute((&item.id, item.category, item.at_ms, &item.body))?;
    }
    connection.prepare_cached("COMMIT")?.execute([])?;
    Ok(())
}

impl Engine for Sqlite {
    fn import(&self, items: &[Item]) -> anyhow::Result<()> {
        insert(&self.connection, items)
    }

    fn insert(&self, items: &[Item]) -> anyhow::Result<()> {
        insert(&self.connection, items)
    }

    fn get_all(&self, ids: &[Id]) -> anyhow::Result<()> {
        let snapshot = self.connection.unchecked_transaction()?;
        let mut get = snapshot.prepare_cached(GET)?;
        for id in ids {
            let found = get.query_row([id], |row| {
                black_box(row.get_ref(0)?);
                Ok(())
            });
            anyhow::ensure!(found.optional()?.is_some(), "a record is missing");
        }
        Ok(())
    }

    fn scan(&self) -> anyhow::Result<u64> {
        let mut scan = self.connection.prepare_cached(SCAN)?;
        let (mut rows, mut seen) = (scan.query([])?, 0);
        while let Some(row) = rows.next()? {
            black_box((row.get_ref(0)?, row.get_ref(1)?, row.get_ref(2)?));
            seen += 1;
        }
        Ok(seen)
    }

    fn writers(&self, count: usize) -> anyhow::Result<Vec<Writer>> {
        let writer = || {
            let connection = self.connect()?;
            Ok(Box::new(move |item: &Item| insert(&connection, std::slice::from_ref(item))) as Writer)
        };
        (0..count).map(|_| writer()).collect()
    }

    fn writers_on_one_connection(&self, count: usize) -> anyhow::Result<Option<Vec<Writer>>> {
        let shared = Arc::new(Mutex::new(self.connect()?));
        let writer = || {
            let shared = Arc::clone(&shared);
            Box::new(move |item: &Item| {
                let connection = shared.lock().unwrap_or_else(PoisonError::into_inner);
                insert(&connection, std::slice::from_ref(item))
            }) as Writer
        };
        Ok(Some((0..count).map(|_| writer()).collect()))
    }
}
