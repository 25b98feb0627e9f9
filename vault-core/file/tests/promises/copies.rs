//! Backup and restoring: the same content in a file of its own, read-only until it is claimed.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use vault_file::{Error, NewSlot, Origin, Progress, SealedFile, Secret, Table};

use crate::history::{History, content, entropy, key, names_in, open, sample, small_cache, unwatched};
use crate::simulated_disk::{Planted, SimulatedDisk, Trouble};

const SEED: u64 = 31;
const INCARNATION: Table = Table::new("incarnation");

fn claim(file: &SealedFile) {
    let begun = file.claim(|transaction, _| {
        transaction.table(&INCARNATION)?.insert(b"id", b"a new one")?;
        Ok::<_, Error>(())
    });
    begun.unwrap();
}

#[test]
fn a_backup_of_a_file_that_is_written_to_is_one_committed_state() {
    let (disk, history) = sample(SEED);
    let file = open(disk.handle(), 1).unwrap();
    let oldest = history.acknowledged;
    let over = AtomicBool::new(false);
    let (mut history, backups) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut history = history;
            while !over.load(Ordering::SeqCst) {
                history.commit_one(&file).unwrap();
            }
            history
        });
        let backups: Vec<_> = (0..8)
            .map(|_| {
                let disk = SimulatedDisk::default();
                file.back_up_on(disk.handle(), &mut unwatched).unwrap();
                disk
            })
            .collect();
        over.store(true, Ordering::SeqCst);
        (writer.join().unwrap(), backups)
    });
    history.acknowledged = oldest;
    for backup in backups {
        let backup = open(backup.handle(), 1).unwrap();
        assert_eq!(history.objection(&content(&backup).unwrap()), None);
    }
}

#[test]
fn a_copy_is_read_but_not_written_before_it_is_claimed() {
    let (disk, history) = sample(SEED);
    let file = open(disk.handle(), 1).unwrap();
    let backup = SimulatedDisk::default();
    let copied = file.back_up_on(backup.handle(), &mut unwatched).unwrap();
    assert_ne!(copied.file_id, file.file_id());
    let lineage = file.lineage();
    drop(file);

    let copy = open(backup.handle(), 1).unwrap();
    assert_eq!((copy.file_id(), copy.lineage()), (copied.file_id, lineage));
    assert_eq!(copy.unclaimed(), Some(Origin::Backup));
    assert!(matches!(
        copy.write(),
        Err(Error::Unclaimed {
            origin: Origin::Backup
        })
    ));
    assert_eq!(history.objection(&content(&copy).unwrap()), None);
    let failed = copy.claim(|_, _| Err::<(), _>(Error::Cancelled));
    assert!(matches!(failed, Err(Error::Cancelled)));
    drop(copy);

    let copy = open(backup.handle(), 1).unwrap();
    assert_eq!(
        copy.unclaimed(),
        Some(Origin::Backup),
        "claiming failed, so nothing happened"
    );
    claim(&copy);
    assert_eq!(copy.unclaimed(), None);
    copy.write().unwrap().commit().unwrap();
    drop(copy);
    let copy = open(backup.handle(), 1).unwrap();
    assert_eq!(copy.unclaimed(), None);
    assert!(content(&copy).unwrap().contains_key(INCARNATION.name()));
    let again = copy.claim(|_, _| Ok::<_, Error>(()));
    assert!(matches!(again, Err(Error::InvalidInput { .. })));
}

/// A claim that power interrupts is either done, with its incarnation, or still to do.
#[test]
fn a_power_cut_while_a_copy_is_claimed_never_leaves_a_claimed_copy_without_its_incarnation() {
    let (disk, _) = sample(SEED);
    let backup = SimulatedDisk::default();
    let file = open(disk.handle(), 1).unwrap();
    file.back_up_on(backup.handle(), &mut unwatched).unwrap();
    let image = backup.seen();
    let (mut at, mut unclaimed, mut claimed) = (0, 0, 0);
    loop {
        let disk = SimulatedDisk::holding(image.clone()).with(Trouble::CutAt(at), Planted::Nothing);
        if let Ok(copy) = open(disk.handle(), 1) {
            let _ = copy.claim(|transaction, _| {
                transaction.table(&INCARNATION)?.insert(b"id", b"a new one")?;
                Ok::<_, Error>(())
            });
        }
        for seed in 0..3 {
            let copy = open(
                SimulatedDisk::holding(disk.after_power_cut(seed, 512)).handle(),
                1,
            )
            .unwrap();
            let has_incarnation = content(&copy).unwrap().contains_key(INCARNATION.name());
            match copy.unclaimed() {
                Some(_) => unclaimed += 1,
                None => {
                    assert!(has_incarnation, "operation {at}");
                    claimed += 1;
                }
            }
        }
        if !disk.is_dark() {
            break;
        }
        at += 1;
    }
    assert!(
        unclaimed > 10 && claimed > 5,
        "{unclaimed} unclaimed, {claimed} claimed"
    );
}

#[test]
fn a_restored_vault_is_a_new_file_each_time_and_the_backup_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let file =
        SealedFile::create(&path("a"), &[NewSlot::RawKey(&key())], entropy(1), &small_cache()).unwrap();
    let mut history = History::new(SEED);
    history.commit_one(&file).unwrap();
    let subkey = *file.derive_key("records").as_bytes();
    file.back_up(&path("backup"), &mut unwatched).unwrap();
    let mut ids = vec![
        file.file_id(),
        SealedFile::inspect(&path("backup")).unwrap().file_id,
    ];
    drop(file);
    let restore = |to: &str, seed| {
        SealedFile::restore(
            &path("backup"),
            &path(to),
            &Secret::RawKey(&key()),
            entropy(seed),
            &small_cache(),
            &mut unwatched,
        )
    };
    for (name, seed) in [("b", 5), ("c", 6)] {
        let restored = restore(name, seed).unwrap();
        assert_eq!(restored.unclaimed(), Some(Origin::Restored));
        assert!(restored.write().is_err());
        assert_eq!(history.objection(&content(&restored).unwrap()), None);
        assert_eq!(restored.derive_key("records").as_bytes(), &subkey);
        claim(&restored);
        ids.push(restored.file_id());
    }
    assert!(matches!(restore("b", 7), Err(Error::AlreadyExists)));
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4, "four files, four identities");
    assert_eq!(names_in(folder.path()), ["a", "b", "backup", "c"]);
    let backup = SealedFile::inspect(&path("backup")).unwrap();
    assert_eq!(backup.origin, Some(Origin::Backup));
}

#[test]
fn a_copy_that_is_stopped_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, _) = sample(SEED);
    let file = open(disk.handle(), 1).unwrap();
    let mut stop = |_: Progress| ControlFlow::Break(());
    let stopped = file.back_up(&folder.path().join("backup"), &mut stop);
    assert!(matches!(stopped, Err(Error::Cancelled)));
    assert!(names_in(folder.path()).is_empty());
}
