//! One round: every part of the workload, the engines taking turns within each part, so that whatever else the
//! machine does meets all of them alike.

use std::{
    path::{Path, PathBuf},
    thread,
};

use anyhow::Context;

use super::{
    CACHE_BYTES, Size, crash,
    engine::{Engine, Kind, Writer},
    run::Run,
};
use crate::{
    report::progress,
    stopwatch::{Took, timed},
    workload::{Item, PER_COMMIT, id, items, picks},
};

pub(super) const WARM_READS: u64 = 100_000;
const READS_OF_A_SLICE: usize = 10_000;
/// Into so many slices the commits are cut, the engines taking turns after each.
const SLICES: u64 = 10;
const COMMITS_OF_A_SLICE: u64 = 200;
pub(super) const COMMITS: u64 = SLICES * COMMITS_OF_A_SLICE;
const THREADS: usize = 4;

/// One engine with its file.
struct Contestant {
    kind: Kind,
    path: PathBuf,
    engine: Option<Box<dyn Engine>>,
    run: Run,
}

impl Contestant {
    fn engine(&self) -> anyhow::Result<&dyn Engine> {
        self.engine.as_deref().context("the file is closed")
    }
}

/// Runs all parts on new files in `folder`. The engine that begins changes with `number`.
pub(super) fn run(size: Size, number: u32, folder: &Path) -> anyhow::Result<Vec<(Kind, Run)>> {
    let mut round = Round::begin(size, number, folder)?;
    round.import()?;
    round.read_warm()?;
    round.scan()?;
    round.read_cold()?;
    round.insert()?;
    round.commit()?;
    round.commit_from_threads()?;
    round.open_after_crash()?;
    Ok(round
        .contestants
        .into_iter()
        .map(|one| (one.kind, one.run))
        .collect())
}

struct Round {
    size: Size,
    number: u32,
    contestants: Vec<Contestant>,
    /// The number of the next record that is added.
    next: u64,
}

impl Round {
    fn begin(size: Size, number: u32, folder: &Path) -> anyhow::Result<Self> {
        let mut contestants = Vec::new();
        for kind in Kind::ALL {
            let path = folder.join(kind.name());
            contestants.push(Contestant {
                kind,
                engine: Some(kind.create(&path, CACHE_BYTES)?),
                path,
                run: Run::default(),
            });
        }
        contestants.rotate_left(number as usize % Kind::ALL.len());
        Ok(Self {
            size,
            number,
            contestants,
            next: 0,
        })
    }

    fn say(&self, doing: &str) {
        progress(format_args!(
            "round {} of {}: {doing}",
            self.number + 1,
            self.size.rounds
        ));
    }

    /// Lets each engine do something, another first the next time.
    fn in_turn(&mut self, mut turn: impl FnMut(&mut Contestant) -> anyhow::Result<()>) -> anyhow::Result<()> {
        for contestant in &mut self.contestants {
            turn(contestant).with_context(|| contestant.kind.name())?;
        }
        self.contestants.rotate_left(1);
        Ok(())
    }

    fn take_items(&mut self, count: u64) -> Vec<Item> {
        let begin = self.next;
        self.next += count;
        items(begin..self.next)
    }

    fn import(&mut self) -> anyhow::Result<()> {
        self.say("import");
        while self.next < self.size.records {
            let items = self.take_items(PER_COMMIT.min(self.size.records - self.next));
            self.in_turn(|one| {
                let ((), took) = timed(|| one.engine()?.import(&items))?;
                one.run.import += took;
                Ok(())
            })?;
        }
        Ok(())
    }

    fn insert(&mut self) -> anyhow::Result<()> {
        self.say("inserts row by row");
        for _ in 0..self.size.insert_batches() {
            let items = self.take_items(PER_COMMIT);
            self.in_turn(|one| {
                let ((), took) = timed(|| one.engine()?.insert(&items))?;
                one.run.insert += took;
                Ok(())
            })?;
        }
        Ok(())
    }

    fn read_warm(&mut self) -> anyhow::Result<()> {
        self.say("reads from the cache");
        let ids = picks(self.size.records, WARM_READS, 0);
        self.in_turn(|one| one.engine()?.get_all(&ids))?;
        for ids in ids.chunks(READS_OF_A_SLICE) {
            self.in_turn(|one| {
                let ((), took) = timed(|| one.engine()?.get_all(ids))?;
                one.run.warm_get += took;
                Ok(())
            })?;
        }
        Ok(())
    }

    fn scan(&mut self) -> anyhow::Result<()> {
        self.say("scan of the index");
        let records = self.size.records;
        self.in_turn(|one| one.engine()?.scan().map(drop))?;
        for _ in 0..self.size.scans() {
            self.in_turn(|one| {
                let (seen, took) = timed(|| one.engine()?.scan())?;
                anyhow::ensure!(seen == records, "the scan saw {seen} entries of {records}");
                one.run.scan += took;
                Ok(())
            })?;
        }
        Ok(())
    }

    fn read_cold(&mut self) -> anyhow::Result<()> {
        self.say("reads after opening");
        self.in_turn(|one| {
            one.engine = None;
            one.run.file_bytes = std::fs::metadata(&one.path)?.len();
            Ok(())
        })?;
        for pass in 0..self.size.openings() {
            let ids = picks(self.size.records, self.size.cold_reads(), 1 + pass);
            self.in_turn(|one| {
                one.engine = None;
                let (engine, took) = timed(|| opened(one.kind, &one.path, &ids[..1]))?;
                one.run.unlock += took;
                let ((), took) = timed(|| engine.get_all(&ids[1..]))?;
                one.run.cold_get += took;
                one.engine = Some(engine);
                Ok(())
            })?;
        }
        Ok(())
    }

    fn commit(&mut self) -> anyhow::Result<()> {
        self.say("single commits");
        for _ in 0..SLICES {
            let items = self.take_items(COMMITS_OF_A_SLICE);
            self.in_turn(|one| {
                let writers = one.engine()?.writers(1)?;
                one.run.commits += commit_all(writers, &items)?;
                Ok(())
            })?;
        }
        Ok(())
    }

    fn commit_from_threads(&mut self) -> anyhow::Result<()> {
        self.say("single commits from four threads");
        let mut on_one_connection = [Took::default(); Kind::ALL.len()];
        for _ in 0..SLICES {
            let (items, more) = (
                self.take_items(COMMITS_OF_A_SLICE),
                self.take_items(COMMITS_OF_A_SLICE),
            );
            self.in_turn(|one| {
                let writers = one.engine()?.writers(THREADS)?;
                one.run.commits_4 += commit_all(writers, &items)?;
                if let Some(writers) = one.engine()?.writers_on_one_connection(THREADS)? {
                    on_one_connection[one.kind as usize] += commit_all(writers, &more)?;
                }
                Ok(())
            })?;
        }
        for one in &mut self.contestants {
            let shared = on_one_connection[one.kind as usize];
            if !shared.wall.is_zero() && shared.wall < one.run.commits_4.wall {
                one.run.commits_4 = shared;
            }
        }
        Ok(())
    }

    fn open_after_crash(&mut self) -> anyhow::Result<()> {
        self.say("opening after a crash");
        let next = self.next;
        self.in_turn(|one| {
            one.engine = None;
            let last = crash::write_until_killed(one.kind, &one.path, next)?;
            let (_, took) = timed(|| opened(one.kind, &one.path, &[id(last)]))?;
            one.run.open_after_crash += took;
            Ok(())
        })
    }
}

/// Opens a file and reads from it.
fn opened(kind: Kind, path: &Path, ids: &[crate::workload::Id]) -> anyhow::Result<Box<dyn Engine>> {
    let engine = kind.open(path, CACHE_BYTES)?;
    engine.get_all(ids)?;
    Ok(engine)
}

/// Commits each record on its own, shared out among the writers, which run at the same time.
fn commit_all(mut writers: Vec<Writer>, items: &[Item]) -> anyhow::Result<Took> {
    let share = items.len().div_ceil(writers.len());
    let ((), took) = timed(|| {
        thread::scope(|scope| {
            let threads: Vec<_> = writers
                .iter_mut()
                .zip(items.chunks(share))
                .map(|(writer, items)| scope.spawn(|| items.iter().try_for_each(writer)))
                .collect();
            threads
                .into_iter()
                .try_for_each(|thread| thread.join().map_err(|_| anyhow::anyhow!("a writer panicked"))?)
        })
    })?;
    Ok(took)
}
