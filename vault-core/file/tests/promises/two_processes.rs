//! One process at a time. When it is killed, the next one gets in at once and finds everything that was
//! acknowledged.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Stdio;

use vault_file::{Error, NewSlot, Options, RawKey, SealedFile, Secret, Table};

use crate::child_process::child;
use crate::history::{entropy, key, unwatched};

const PATH: &str = "VAULT_FILE_WRITER_PATH";
const ROWS: Table = Table::new("rows");
const LARGE: usize = 60_000;

fn open(path: &Path) -> Result<SealedFile, Error> {
    SealedFile::open(path, &Secret::RawKey(&key()), entropy(3), &Options::default())
}

fn value(number: u32) -> Vec<u8> {
    let len = if number.is_multiple_of(7) { LARGE } else { 200 };
    number.to_le_bytes().into_iter().cycle().take(len).collect()
}

/// The number of the last row; every row before it must be there.
fn last_row(file: &SealedFile) -> u32 {
    let rows = file.read().unwrap().table(&ROWS).unwrap();
    let mut expected = 0u32;
    for row in rows.range(..).unwrap() {
        let (key, found) = row.unwrap();
        expected += 1;
        assert_eq!(key, expected.to_be_bytes(), "a row is missing");
        assert!(found == value(expected), "row {expected} has another value");
    }
    expected
}

#[test]
fn a_process_that_is_killed_lets_the_next_one_in_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.vault");
    let slots = [NewSlot::RawKey(&RawKey::new(&[7; 32]))];
    drop(SealedFile::create(&path, &slots, entropy(1), &Options::default()).unwrap());
    let mut acknowledged = 0;
    for round in 0..12 {
        let mut writer = child(
            "two_processes::the_process_that_writes",
            &[(PATH, path.to_str().unwrap())],
        )
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
        let mut lines = BufReader::new(writer.stdout.take().unwrap());
        let mut number_in = |line: &str| {
            if let Some(number) = line.strip_prefix("row ") {
                acknowledged = number.trim_end().parse().unwrap();
            }
        };
        // It dies in the middle of something else each time.
        let mut seen = 0;
        while seen < 1 + round * 5 {
            let mut line = String::new();
            assert!(
                lines.read_line(&mut line).unwrap() > 0,
                "the writer ended by itself"
            );
            seen += u32::from(line.starts_with("row "));
            number_in(&line);
        }
        assert!(
            matches!(open(&path), Err(Error::Busy)),
            "while the other has it open"
        );
        writer.kill().unwrap();
        writer.wait().unwrap();
        let mut rest = String::new();
        lines.read_to_string(&mut rest).unwrap();
        // A line that was cut says nothing.
        rest.split_inclusive('\n')
            .filter(|line| line.ends_with('\n'))
            .for_each(number_in);

        let file = open(&path).unwrap();
        let found = last_row(&file);
        assert!(
            found == acknowledged || found == acknowledged + 1,
            "{acknowledged} were acknowledged, {found} are there"
        );
        acknowledged = found;
        drop(file);
        let secret = Secret::RawKey(&key());
        let verified = SealedFile::verify_at(&path, &secret, &Options::default(), &mut unwatched).unwrap();
        assert!(verified.is_sound(), "{:?}", verified.findings);
    }
}

/// Writes row after row, and says so when each is durable, until it is killed.
#[test]
#[expect(clippy::print_stdout, reason = "what the parent process reads")]
fn the_process_that_writes() {
    let Ok(path) = std::env::var(PATH) else { return };
    let file = open(Path::new(&path)).unwrap();
    let first = last_row(&file) + 1;
    println!();
    for number in first.. {
        let transaction = file.write().unwrap();
        let mut rows = transaction.table(&ROWS).unwrap();
        rows.insert(&number.to_be_bytes(), &value(number)).unwrap();
        drop(rows);
        transaction.commit().unwrap();
        println!("row {number}");
    }
}
