//! The vault file beside plain redb, in the same commit mode: two-phase and quick-repair.

use std::path::Path;

use anyhow::Context;
use redb::{Database, ReadableDatabase, TableDefinition};
use vault_file::{Entropy, NewSlot, Options, RawKey, SealedFile, Secret, Table};

use crate::{
    report::{line, spread},
    stopwatch::{Took, timed},
    workload::{Item, PER_COMMIT, picks, records},
};

const CACHE_BYTES: usize = 1 << 30;
const READS: usize = 100_000;
const SINGLE_COMMITS: usize = 500;

/// What one engine took for each part of the workload.
#[derive(Clone, Copy, Default)]
struct Run {
    import: Took,
    warm_get: Took,
    cold_get: Took,
    scan: Took,
    commits: Took,
    open: Took,
    file_bytes: u64,
}

/// One part of the workload.
type Part = fn(&Run) -> Took;

/// Runs both engines in turn and prints the ratios.
pub(crate) fn run(count: usize, rounds: usize) -> anyhow::Result<()> {
    let reads = picks(count, READS.min(count));
    let (mut ours, mut limit) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let folder = tempfile::tempdir()?;
        limit.push(plain(&folder.path().join("plain.redb"), count, &reads)?);
        ours.push(sealed(&folder.path().join("sealed.vault"), count, &reads)?);
    }
    line("file", "records", count as f64, "records");
    let parts: [(&str, Part); 5] = [
        ("import_vs_redb", |run| run.import),
        ("warm_get_vs_redb", |run| run.warm_get),
        ("cold_get_vs_redb", |run| run.cold_get),
        ("scan_vs_redb", |run| run.scan),
        ("commit_vs_redb", |run| run.commits),
    ];
    for (metric, part) in parts {
        let ratio = |of: fn(Took) -> f64| {
            ours.iter()
                .zip(&limit)
                .map(|(ours, limit)| of(part(limit)) / of(part(ours)))
                .collect()
        };
        spread(
            "file",
            metric,
            ratio(|took| took.wall.as_secs_f64()),
            "ratio of wall time",
        );
        spread(
            "file",
            &format!("{metric}_cpu"),
            ratio(|took| took.cpu.as_secs_f64()),
            "ratio of processor time",
        );
    }
    let ms = |of: fn(&Run) -> Took| ours.iter().map(|run| of(run).wall.as_secs_f64() * 1e3).collect();
    spread("file", "unlock_without_kdf_ms", ms(|run| run.open), "ms");
    let rates = ours
        .iter()
        .map(|run| SINGLE_COMMITS as f64 / run.commits.wall.as_secs_f64())
        .collect();
    spread("file", "single_commits_per_s", rates, "commits/s");
    let sizes = ours
        .iter()
        .zip(&limit)
        .map(|(ours, limit)| limit.file_bytes as f64 / ours.file_bytes as f64)
        .collect();
    spread("file", "size_vs_redb", sizes, "ratio of bytes");
    Ok(())
}

const SEALED_RECORDS: Table = Table::new("records");
const SEALED_INDEX: Table = Table::new("index");

fn sealed(path: &Path, count: usize, reads: &[[u8; 16]]) -> anyhow::Result<Run> {
    let key = RawKey::new(&[7; 32]);
    let options = Options {
        cache_bytes: CACHE_BYTES,
        ..Options::default()
    };
    let entropy = || Entropy::new(getrandom::SysRng);
    let file = SealedFile::create(path, &[NewSlot::RawKey(&key)], entropy(), &options)?;
    let write = |items: Vec<Item>| {
        let transaction = file.write()?;
        {
            let (mut records, mut index) = (
                transaction.table(&SEALED_RECORDS)?,
                transaction.table(&SEALED_INDEX)?,
            );
            for item in items {
                records.insert(&item.id, &item.body)?;
                index.insert(&item.index, &[])?;
            }
        }
        Ok(transaction.commit()?)
    };
    let ((), import) = timed(|| in_batches(count, write))?;
    let get_all = |file: &SealedFile| {
        let records = file.read()?.table(&SEALED_RECORDS)?;
        reads.iter().try_for_each(|id| {
            records
                .get_with(id, |body| _ = std::hint::black_box(body[0]))?
                .context("a record is missing")
        })
    };
    get_all(&file)?;
    let ((), warm_get) = timed(|| get_all(&file))?;
    let ((), scan) = timed(|| {
        let rows = file.read()?.table(&SEALED_INDEX)?.range(..)?;
        let seen = rows
            .map(|row| row.map(std::hint::black_box))
            .collect::<Result<Vec<_>, _>>()?
            .len();
        anyhow::ensure!(seen == count, "the scan saw {seen} rows");
        Ok(())
    })?;
    let ((), commits) = timed(|| single(count, write))?;
    drop(file);
    let file_bytes = std::fs::metadata(path)?.len();
    let (file, open) = timed(|| {
        Ok(SealedFile::open(
            path,
            &Secret::RawKey(&key),
            entropy(),
            &options,
        )?)
    })?;
    let ((), cold_get) = timed(|| get_all(&file))?;
    Ok(Run {
        import,
        warm_get,
        cold_get,
        scan,
        commits,
        open,
        file_bytes,
    })
}

const PLAIN_RECORDS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("records");
const PLAIN_INDEX: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("index");

fn plain(path: &Path, count: usize, reads: &[[u8; 16]]) -> anyhow::Result<Run> {
    let open =
        || -> anyhow::Result<Database> { Ok(Database::builder().set_cache_size(CACHE_BYTES).create(path)?) };
    let database = open()?;
    let write = |items: Vec<Item>| {
        let mut transaction = database.begin_write()?;
        transaction.set_two_phase_commit(true);
        transaction.set_quick_repair(true);
        {
            let (mut records, mut index) = (
                transaction.open_table(PLAIN_RECORDS)?,
                transaction.open_table(PLAIN_INDEX)?,
            );
            for item in items {
                records.insert(item.id.as_slice(), item.body.as_slice())?;
                index.insert(item.index.as_slice(), [].as_slice())?;
            }
        }
        Ok(transaction.commit()?)
    };
    let ((), import) = timed(|| in_batches(count, write))?;
    let get_all = |database: &Database| -> anyhow::Result<()> {
        let records = database.begin_read()?.open_table(PLAIN_RECORDS)?;
        for id in reads {
            let body = records.get(id.as_slice())?.context("a record is missing")?;
            std::hint::black_box(body.value()[0]);
        }
        Ok(())
    };
    get_all(&database)?;
    let ((), warm_get) = timed(|| get_all(&database))?;
    let ((), scan) = timed(|| {
        let rows = database.begin_read()?.open_table(PLAIN_INDEX)?;
        // Copied out, as the vault file gives its rows.
        let copied = rows
            .range::<&[u8]>(..)?
            .map(|row| row.map(|(key, value)| (key.value().to_vec(), value.value().to_vec())));
        let seen = copied.collect::<Result<Vec<_>, _>>()?.len();
        anyhow::ensure!(seen == count, "the scan saw {seen} rows");
        Ok(())
    })?;
    let ((), commits) = timed(|| single(count, write))?;
    drop(database);
    let file_bytes = std::fs::metadata(path)?.len();
    let (database, open) = timed(open)?;
    let ((), cold_get) = timed(|| get_all(&database))?;
    Ok(Run {
        import,
        warm_get,
        cold_get,
        scan,
        commits,
        open,
        file_bytes,
    })
}

fn in_batches(count: usize, mut write: impl FnMut(Vec<Item>) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut all = records(count).peekable();
    while all.peek().is_some() {
        write(all.by_ref().take(PER_COMMIT).collect())?;
    }
    Ok(())
}

fn single(count: usize, mut write: impl FnMut(Vec<Item>) -> anyhow::Result<()>) -> anyhow::Result<()> {
    records(count + SINGLE_COMMITS)
        .skip(count)
        .try_for_each(|item| write(vec![item]))
}
