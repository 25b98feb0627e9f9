//! When the disk fails at any operation, the caller gets a typed error, nothing more is written through
//! that handle, and the file holds exactly one committed state when it is opened again: after the process
//! goes on, and after a loss of power too.

use vault_file::Error;

use crate::history::{History, content, create, open};
use crate::simulated_disk::{Planted, SimulatedDisk, Trouble};

const SEED: u64 = 11;
const COMMITS: usize = 8;

/// A closed file of a few commits, and its history.
fn before_the_trouble() -> (Vec<u8>, History) {
    let mut history = History::new(SEED);
    let disk = SimulatedDisk::default();
    let file = create(disk.handle(), SEED).unwrap();
    for _ in 0..COMMITS {
        history.commit_one(&file).unwrap();
    }
    drop(file);
    (disk.seen(), history)
}

/// Opens, commits, closes. The error, if one came before closing.
fn session(disk: &SimulatedDisk, history: &mut History) -> Option<Error> {
    let file = match open(disk.handle(), SEED) {
        Ok(file) => file,
        Err(error) => return Some(error),
    };
    for _ in 0..COMMITS {
        if let Err(error) = history.commit_one(&file) {
            assert_finished(&file, &error);
            return Some(error);
        }
    }
    None
}

/// Every later call repeats the cause.
fn assert_finished(file: &vault_file::SealedFile, cause: &Error) {
    assert_eq!(file.read().unwrap_err().to_string(), cause.to_string());
    assert_eq!(file.write().unwrap_err().to_string(), cause.to_string());
}

fn operations_of_a_session() -> u64 {
    let (image, mut history) = before_the_trouble();
    let disk = SimulatedDisk::holding(image);
    assert!(session(&disk, &mut history).is_none());
    disk.operations()
}

fn assert_intact(image: Vec<u8>, history: &History, at: u64) {
    let disk = SimulatedDisk::holding(image);
    let file = open(disk.handle(), SEED).unwrap_or_else(|error| panic!("operation {at}: {error}"));
    let found = content(&file).unwrap();
    assert_eq!(history.objection(&found), None, "operation {at}");
}

#[test]
fn an_error_at_any_operation_loses_nothing_that_was_acknowledged() {
    let mut errors_seen = 0;
    for at in 0..operations_of_a_session() {
        let (image, mut history) = before_the_trouble();
        let disk = SimulatedDisk::holding(image).with(Trouble::ErrorAt(at), Planted::Nothing);
        let error = session(&disk, &mut history);
        errors_seen += u64::from(error.is_some());
        if let Some(error) = error {
            assert!(matches!(error, Error::Io(_)), "operation {at}: {error:?}");
        }
        assert_eq!(
            disk.operations(),
            at + 1,
            "something was written after the disk had failed"
        );
        assert_intact(disk.seen(), &history, at);
        assert_intact(disk.after_power_cut(at, 512), &history, at);
    }
    assert!(errors_seen > 30, "only {errors_seen} operations failed");
}

#[test]
fn a_full_disk_is_told_and_the_file_works_again_once_there_is_space() {
    for from in 0..operations_of_a_session() {
        let (image, mut history) = before_the_trouble();
        let disk = SimulatedDisk::holding(image).with(Trouble::FullFrom(from), Planted::Nothing);
        if let Some(error) = session(&disk, &mut history) {
            assert!(matches!(error, Error::NoSpace), "operation {from}: {error:?}");
        }
        let disk = disk.with(Trouble::None, Planted::Nothing);
        let file = open(disk.handle(), SEED).unwrap();
        let found = content(&file).unwrap();
        assert_eq!(history.objection(&found), None, "operation {from}");
        history.continue_from(&found);
        history.commit_one(&file).unwrap();
        assert_eq!(
            history.objection(&content(&file).unwrap()),
            None,
            "operation {from}"
        );
    }
}

#[test]
fn an_error_while_a_file_is_created_is_a_typed_error() {
    let disk = SimulatedDisk::default();
    drop(create(disk.handle(), SEED).unwrap());
    for at in 0..disk.operations() {
        let disk = SimulatedDisk::default().with(Trouble::ErrorAt(at), Planted::Nothing);
        if let Err(error) = create(disk.handle(), SEED) {
            assert!(matches!(error, Error::Io(_)), "operation {at}: {error:?}");
        }
        match open(disk.handle(), SEED) {
            Ok(file) => assert!(content(&file).unwrap().is_empty()),
            Err(Error::NotAVault | Error::Damaged { .. }) => {}
            Err(other) => panic!("operation {at}: {other:?}"),
        }
    }
}

#[test]
fn a_file_over_its_size_limit_is_refused_before_it_grows() {
    use vault_file::{Options, SealedFile, Secret, Table};
    let (image, history) = before_the_trouble();
    let disk = SimulatedDisk::holding(image);
    let limited = Options {
        max_file_bytes: 4 * 1024 * 1024,
        ..Options::default()
    };
    let key = crate::history::key();
    let open_limited = || {
        SealedFile::open_on(
            disk.handle(),
            &Secret::RawKey(&key),
            crate::history::entropy(1),
            &limited,
        )
    };
    let file = open_limited().unwrap();
    let transaction = file.write().unwrap();
    let big = vec![1; 8 * 1024 * 1024];
    let refused = transaction
        .table(&Table::new("big"))
        .unwrap()
        .insert(b"key", &big)
        .unwrap_err();
    assert!(matches!(refused, Error::TooLarge { .. }), "{refused:?}");
    drop((transaction, file));
    assert!(disk.seen().len() < 8 * 1024 * 1024);
    let file = open_limited().unwrap();
    assert_eq!(history.objection(&content(&file).unwrap()), None);
}
