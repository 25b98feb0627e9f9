//! Whatever byte of a file is changed, whatever to: it opens with the content that was written, or the caller gets
//! a typed error, at once. Never a panic, never an abort, never other content.
//!
//! Every byte that a reader of the whole file looks at is changed in four ways, one at a time. A byte that it does
//! not look at cannot change what it does. A debug run takes a sample of the bytes.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cpu_time::ThreadTime;
use vault_file::{Error, Table};

use crate::history::{Content, History, content, create, open};
use crate::image::Image;
use crate::places::COMMIT_SLOTS;
use crate::simulated_disk::{JOURNAL, SimulatedDisk};

const SEED: u64 = 61;
const OPEN_MAX: Duration = Duration::from_secs(1);
/// Every so many changed files are written to as well, if they open.
const WRITTEN_TO: usize = 32;
const STEP: usize = if cfg!(debug_assertions) { 127 } else { 1 };
const MUTATIONS: [fn(u8, usize) -> u8; 4] = [
    |byte, at| byte ^ 1 << (at % 8),
    |_, _| 0x00,
    |_, _| 0xFF,
    |byte, _| byte.wrapping_add(1),
];

struct Sample {
    image: Image,
    content: Content,
    /// Without the last transaction.
    before: Content,
}

/// A change of the last record in the journal of a file that was not closed cannot be told from a crash that tore
/// it before it was acknowledged (`FORMAT.md`, section 8).
const TAKEN_BACK: &str = "the last record taken back";

/// A small file: a few records, all that its tables need and nothing more.
fn small_file(is_closed: bool) -> Sample {
    let disk = SimulatedDisk::default();
    let file = create(disk.handle(), SEED).unwrap();
    let mut before = Content::new();
    for number in 0..4u8 {
        before = content(&file).unwrap();
        let transaction = file.write().unwrap();
        for name in ["records", "time/receipts"] {
            let mut table = transaction.table(&Table::new(name)).unwrap();
            table.insert(&[b'k', number], &[number; 200]).unwrap();
        }
        transaction.commit().unwrap();
    }
    let newest = content(&file).unwrap();
    if !is_closed {
        disk.kill();
    }
    drop(file);
    Sample {
        image: disk.image(),
        content: newest,
        before,
    }
}

impl Sample {
    /// The ranges that opening and reading everything looks at, in order and apart.
    fn looked_at(&self) -> Vec<Range<usize>> {
        let disk = SimulatedDisk::holding(self.image.clone()).recording();
        assert!(content(&open(disk.handle(), SEED).unwrap()).unwrap() == self.content);
        let mut reads = disk.take_record().reads;
        reads.sort_unstable();
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for (start, len) in reads {
            match ranges.last_mut() {
                Some(last) if start <= last.end => last.end = last.end.max(start + len),
                _ => ranges.push(start..start + len),
            }
        }
        ranges
    }

    /// Opens a changed file and reads everything; what became of it.
    fn outcome_of(&self, image: Image, writes: bool) -> &'static str {
        let disk = SimulatedDisk::holding(image);
        let began = ThreadTime::now();
        let opened = open(disk.handle(), SEED);
        assert!(
            began.elapsed() < OPEN_MAX,
            "it took {:?} to open",
            began.elapsed()
        );
        let read = opened.and_then(|file| Ok((content(&file)?, file)));
        let file = match read {
            Ok((found, _)) if found == self.before => return TAKEN_BACK,
            Ok((found, file)) => {
                assert!(found == self.content, "it opened with other content");
                file
            }
            Err(error) => return kind_of(&error),
        };
        if !writes {
            // What closing writes is of no interest, and takes half of the time.
            disk.kill();
        } else {
            let mut history = History::new(SEED);
            let written = history.commit_one(&file);
            drop(file);
            if let Err(error) = written {
                kind_of(&error);
            } else {
                content(&open(disk.handle(), SEED).unwrap()).unwrap();
            }
        }
        "harmless"
    }
}

/// The errors that a changed file may give.
fn kind_of(error: &Error) -> &'static str {
    match error {
        Error::NotAVault => "not a vault",
        Error::Damaged { .. } => "damaged",
        Error::Tampered { .. } => "tampered",
        Error::NewerFormat { .. } | Error::BeforeFirstRelease { .. } => "another format",
        Error::WrongSecret => "wrong secret",
        Error::SlotUnavailable { .. } => "no such slot",
        Error::KdfOutOfRange { .. } => "out of range",
        Error::TooLarge { .. } => "too large",
        other => panic!("an error that says nothing of the file: {other:?}"),
    }
}

/// What came of changing bytes: how often, and of which bytes.
type Tally = BTreeMap<&'static str, (u64, Range<usize>)>;

/// Changes every byte that is looked at and wanted, on every core.
fn campaign(sample: &Sample, is_wanted: impl Fn(usize) -> bool) -> Tally {
    let looked_at = sample.looked_at().into_iter().flatten();
    let bytes: Vec<usize> = looked_at.filter(|at| is_wanted(*at)).step_by(STEP).collect();
    let (next, tally) = (AtomicUsize::new(0), Mutex::new(Tally::new()));
    let work = || {
        let mut own = Tally::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(at) = bytes.get(index).copied() else {
                break;
            };
            let mut byte = [0];
            sample.image.read(at, &mut byte);
            for (number, mutation) in MUTATIONS.iter().enumerate() {
                let changed = mutation(byte[0], at);
                if changed == byte[0] {
                    continue;
                }
                let mut image = sample.image.clone();
                image.write(at, &[changed]);
                let writes = (index + number).is_multiple_of(WRITTEN_TO);
                let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    sample.outcome_of(image, writes)
                }));
                let outcome =
                    outcome.unwrap_or_else(|_| panic!("byte {at} changed from {} to {changed}", byte[0]));
                note(&mut own, outcome, 1, &(at..at + 1));
            }
        }
        for (outcome, (count, bytes)) in own {
            note(&mut tally.lock().unwrap(), outcome, count, &bytes);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    tally.into_inner().unwrap()
}

fn note(tally: &mut Tally, outcome: &'static str, count: u64, bytes: &Range<usize>) {
    let (total, range) = tally.entry(outcome).or_insert((0, bytes.clone()));
    *total += count;
    *range = range.start.min(bytes.start)..range.end.max(bytes.end);
}

fn assert_mostly_refused(tally: &Tally) {
    let total: u64 = tally.values().map(|(count, _)| count).sum();
    let harmless = tally["harmless"].0;
    assert!(harmless < total * 3 / 4 && total > 1_000, "{tally:?}");
}

#[test]
fn every_byte_of_the_headers_and_commit_slots_is_mended_or_an_error() {
    let tally = campaign(&small_file(true), |at| at < JOURNAL.start);
    assert!(tally["harmless"].0 > 1_000, "one copy is enough: {tally:?}");
    assert!(!tally.contains_key(TAKEN_BACK), "{tally:?}");
}

#[test]
fn every_byte_of_the_page_table_and_the_pages_is_authentic_or_an_error() {
    let tally = campaign(&small_file(true), |at| at >= JOURNAL.end);
    assert_mostly_refused(&tally);
    assert!(!tally.contains_key(TAKEN_BACK), "{tally:?}");
}

/// What a closed file does not have: records in its journal, and slots that say so.
#[test]
fn every_byte_of_the_journal_of_a_file_that_was_not_closed_is_authentic_or_an_error() {
    let sample = small_file(false);
    let image = sample.image.to_vec();
    let journal = (JOURNAL.start..JOURNAL.end).step_by(4096);
    let used = journal
        .filter(|at| image[*at..*at + 4096].iter().any(|byte| *byte != 0))
        .count();
    assert!(used >= 3, "only {used} records");
    let unused = JOURNAL.start + used * 4096..JOURNAL.end;
    let wanted = |at: usize| COMMIT_SLOTS.contains(&at) || JOURNAL.contains(&at) && !unused.contains(&at);
    let tally = campaign(&sample, wanted);
    assert_mostly_refused(&tally);
    let (_, last_record) = &tally[TAKEN_BACK];
    let last = unused.start - 4096..unused.start;
    assert!(
        last.contains(&last_record.start) && last_record.end <= last.end,
        "{tally:?}"
    );
}

/// The comparison that all of this rests on.
#[test]
#[should_panic(expected = "it opened with other content")]
fn other_content_is_noticed() {
    let mut sample = small_file(true);
    sample.content.get_mut("records").unwrap().pop_first();
    sample.outcome_of(sample.image.clone(), false);
}
