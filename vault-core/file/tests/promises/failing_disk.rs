//! When the disk fails at any operation, once or from then on, the caller gets a typed error, nothing more is
//! written through that handle, and the file holds exactly one committed state when it is opened again: after
//! the process goes on, and after a loss of power too.

use vault_file::{Error, NewSlot, Options, RawKey, SealedFile, Secret, Table};

use crate::history::{History, content, create, entropy, key, open, small_cache, unwatched};
use crate::image::Image;
use crate::simulated_disk::{Planted, SimulatedDisk, Trouble};

const SEED: u64 = 11;
const COMMITS: usize = 8;

/// A closed file of a few commits, and its history.
fn before_the_trouble() -> (Image, History) {
    let mut history = History::new(SEED);
    let disk = SimulatedDisk::default();
    let file = create(disk.handle(), SEED).unwrap();
    for _ in 0..COMMITS {
        history.commit_one(&file).unwrap();
    }
    drop(file);
    (disk.image(), history)
}

/// Opens, reads, commits, changes the slots, closes. The error, if one came before closing.
fn session(disk: &SimulatedDisk, history: &mut History) -> Option<Error> {
    let file = match open(disk.handle(), SEED) {
        Ok(file) => file,
        Err(error) => return Some(error),
    };
    let worked = work(&file, history);
    let changes = disk.operations();
    if let Err(error) = &worked {
        assert_finished(&file, error);
    }
    drop(file);
    if worked.is_err() {
        assert_eq!(
            disk.operations(),
            changes,
            "something was written after the disk had failed"
        );
    }
    worked.err()
}

fn work(file: &SealedFile, history: &mut History) -> Result<(), Error> {
    for _ in 0..COMMITS {
        history.commit_one(file)?;
    }
    content(file)?;
    let slot = file.add_slot(NewSlot::RawKey(&RawKey::new(&[8; 32])))?;
    file.remove_slot(slot)?;
    history.commit_one(file)
}

/// Every later call repeats the cause.
fn assert_finished(file: &SealedFile, cause: &Error) {
    assert_eq!(file.read().unwrap_err().to_string(), cause.to_string());
    assert_eq!(file.write().unwrap_err().to_string(), cause.to_string());
}

/// Changes and reads of a session without trouble.
fn operations_of_a_session() -> (u64, u64) {
    let (image, mut history) = before_the_trouble();
    let disk = SimulatedDisk::holding(image);
    assert!(session(&disk, &mut history).is_none());
    (disk.operations(), disk.reads())
}

/// The file holds one committed state, takes more of them, and is sound.
fn assert_intact(image: Image, history: &History, what: Trouble) {
    let disk = SimulatedDisk::holding(image);
    let mut history = history.clone();
    let file = open(disk.handle(), SEED).unwrap_or_else(|error| panic!("{what:?}: {error}"));
    let found = content(&file).unwrap();
    assert_eq!(history.objection(&found), None, "{what:?}");
    history.continue_from(&found);
    history.commit_one(&file).unwrap();
    let found = content(&file).unwrap();
    assert_eq!(history.objection(&found), None, "{what:?}");
    drop(file);
    let secret = Secret::RawKey(&key());
    let verified = SealedFile::verify_on(disk.handle(), &secret, &small_cache(), &mut unwatched).unwrap();
    assert!(verified.is_sound(), "{what:?}: {:?}", verified.findings);
}

/// How many sessions met their trouble; each error must be of the `expected` kind.
fn sessions_with(troubles: impl Iterator<Item = Trouble>, expected: fn(&Error) -> bool) -> usize {
    let (image, history) = before_the_trouble();
    let mut errors = 0;
    for trouble in troubles {
        let mut history = history.clone();
        let disk = SimulatedDisk::holding(image.clone()).with(trouble, Planted::Nothing);
        if let Some(error) = session(&disk, &mut history) {
            assert!(expected(&error), "{trouble:?}: {error:?}");
            errors += 1;
        }
        assert_intact(disk.image(), &history, trouble);
        assert_intact(disk.after_power_cut(errors as u64, 512).into(), &history, trouble);
    }
    errors
}

#[test]
fn an_error_at_any_change_loses_nothing_that_was_acknowledged() {
    let (changes, _) = operations_of_a_session();
    for trouble in [Trouble::ErrorAt, Trouble::ErrorFrom, Trouble::HalfWrittenAt] {
        let errors = sessions_with((0..changes).map(trouble), |error| matches!(error, Error::Io(_)));
        assert!(errors > 30, "only {errors} sessions failed");
    }
}

/// A change that was lost without an error is what a caller who ignores an error would leave.
#[test]
fn an_error_that_nobody_minds_is_noticed() {
    let (image, history) = before_the_trouble();
    let (changes, _) = operations_of_a_session();
    let noticed = (0..changes).filter(|at| {
        let trouble = Trouble::SwallowedAt(*at);
        let lost = || {
            let mut history = history.clone();
            let disk = SimulatedDisk::holding(image.clone()).with(trouble, Planted::Nothing);
            let error = session(&disk, &mut history);
            assert_intact(disk.image(), &history, trouble);
            assert!(error.is_none(), "{error:?}");
        };
        std::panic::catch_unwind(lost).is_err()
    });
    let noticed = noticed.count();
    assert!(noticed > 10, "only {noticed} of {changes} were noticed");
}

#[test]
fn an_error_at_any_read_loses_nothing_that_was_acknowledged() {
    let (_, reads) = operations_of_a_session();
    for trouble in [Trouble::ReadErrorAt, Trouble::ReadErrorFrom] {
        let errors = sessions_with((0..reads).map(trouble), |error| matches!(error, Error::Io(_)));
        assert!(errors > 10, "only {errors} sessions failed");
    }
}

#[test]
fn a_full_disk_is_told_and_the_file_works_again_once_there_is_space() {
    let (changes, _) = operations_of_a_session();
    for trouble in [Trouble::FullAt, Trouble::FullFrom] {
        let errors = sessions_with((0..changes).map(trouble), |error| matches!(error, Error::NoSpace));
        assert!(errors > 20, "only {errors} sessions failed");
    }
}

#[test]
fn an_error_while_a_file_is_created_is_a_typed_error() {
    let disk = SimulatedDisk::default();
    drop(create(disk.handle(), SEED).unwrap());
    for at in 0..disk.operations() {
        for trouble in [
            Trouble::ErrorAt(at),
            Trouble::ErrorFrom(at),
            Trouble::FullFrom(at),
        ] {
            let disk = SimulatedDisk::default().with(trouble, Planted::Nothing);
            if let Err(error) = create(disk.handle(), SEED) {
                assert!(
                    matches!(error, Error::Io(_) | Error::NoSpace),
                    "{trouble:?}: {error:?}"
                );
            }
            match open(disk.with(Trouble::None, Planted::Nothing).handle(), SEED) {
                Ok(file) => assert!(content(&file).unwrap().is_empty()),
                Err(Error::NotAVault | Error::Damaged { .. }) => {}
                Err(other) => panic!("{trouble:?}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_file_over_its_size_limit_is_refused_before_it_grows() {
    let (image, history) = before_the_trouble();
    let disk = SimulatedDisk::holding(image);
    let limited = Options {
        max_file_bytes: 4 * 1024 * 1024,
        ..Options::default()
    };
    let open_limited =
        || SealedFile::open_on(disk.handle(), &Secret::RawKey(&key()), entropy(1), &limited).unwrap();
    let file = open_limited();
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
    let file = open_limited();
    assert_eq!(history.objection(&content(&file).unwrap()), None);
}
