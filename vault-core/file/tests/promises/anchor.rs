//! A file that is put back as it was earlier is told from one that is as it was left, by a number that is
//! kept elsewhere.

use std::sync::{Arc, Mutex};

use vault_file::{Anchor, AnchorUnavailable, Error, FileId, Options, Position, SealedFile};

use crate::history::{create_with, open_with};
use crate::ledger::Ledger;
use crate::simulated_disk::SimulatedDisk;

/// What a key store or a server would keep.
#[derive(Default)]
struct Notebook(Mutex<Page>);

#[derive(Default)]
struct Page {
    position: Option<Position>,
    is_out_of_reach: bool,
}

impl Notebook {
    fn position(&self) -> Option<Position> {
        self.0.lock().unwrap().position
    }

    fn transactions(&self) -> u64 {
        self.position().unwrap().transactions
    }

    fn put_out_of_reach(&self) {
        self.0.lock().unwrap().is_out_of_reach = true;
    }
}

impl Anchor for Notebook {
    fn recall(&self, file: FileId) -> Result<Option<u64>, AnchorUnavailable> {
        let page = self.0.lock().unwrap();
        if page.is_out_of_reach {
            return Err(AnchorUnavailable);
        }
        let known = page.position.filter(|position| position.file == file);
        Ok(known.map(|position| position.transactions))
    }

    fn remember(&self, position: Position) -> Result<(), AnchorUnavailable> {
        let mut page = self.0.lock().unwrap();
        if page.is_out_of_reach {
            return Err(AnchorUnavailable);
        }
        page.position = Some(position);
        Ok(())
    }
}

fn open(disk: &SimulatedDisk) -> SealedFile {
    open_with(disk.handle(), 2, &Options::default()).unwrap()
}

#[test]
fn a_file_that_was_put_back_is_refused_and_left_as_it_is() {
    let (disk, ledger, anchor) = (
        SimulatedDisk::default(),
        Ledger::default(),
        Arc::new(Notebook::default()),
    );
    let file = create_with(disk.handle(), 1, &Options::default()).unwrap();
    ledger.write_times(&file, 5);
    drop(file);
    let earlier = disk.seen();
    let file = open(&disk).anchored(anchor.clone()).unwrap();
    ledger.write_times(&file, 5);
    drop(file);
    assert_eq!(anchor.transactions(), 10);

    let rolled_back = SimulatedDisk::holding(earlier);
    let refused = open(&rolled_back).anchored(anchor.clone()).unwrap_err();
    assert!(
        matches!(
            refused,
            Error::RolledBack {
                expected: 10,
                found: 5
            }
        ),
        "{refused:?}"
    );
    assert_eq!(anchor.transactions(), 10, "the anchor is not persuaded");
    assert_eq!(ledger_of(&rolled_back), 5);

    open(&disk).anchored(anchor).unwrap();
}

fn ledger_of(disk: &SimulatedDisk) -> u64 {
    let file = open(disk);
    let found = crate::history::content(&file).unwrap();
    crate::ledger::number_of(&found)
}

#[test]
fn a_crash_is_not_taken_for_a_rollback() {
    let (disk, ledger, anchor) = (
        SimulatedDisk::default(),
        Ledger::default(),
        Arc::new(Notebook::default()),
    );
    let file = create_with(disk.handle(), 1, &Options::default()).unwrap();
    let file = file.anchored(anchor.clone()).unwrap();
    ledger.write_times(&file, 5);
    file.checkpoint().unwrap();
    assert_eq!(anchor.transactions(), 5);
    ledger.write_times(&file, 3);
    assert_eq!(anchor.transactions(), 5, "it is not told of every transaction");
    let crashed = SimulatedDisk::holding(disk.after_power_cut(3, 512));
    let reopened = open(&crashed).anchored(anchor.clone()).unwrap();
    assert_eq!(reopened.position().transactions, 8);
    assert_eq!(anchor.transactions(), 8);
}

#[test]
fn the_number_goes_on_when_the_file_is_rewritten() {
    use vault_file::{Secret, VaultKey};
    let (disk, ledger, anchor) = (
        SimulatedDisk::default(),
        Ledger::default(),
        Arc::new(Notebook::default()),
    );
    let file = create_with(disk.handle(), 1, &Options::default()).unwrap();
    let file = file.anchored(anchor.clone()).unwrap();
    ledger.write_times(&file, 5);
    drop(file);
    let (new, key) = (SimulatedDisk::default(), crate::history::key());
    let rewritten = SealedFile::rewrite_on(
        disk.handle(),
        new.handle(),
        &Secret::RawKey(&key),
        VaultKey::Keep,
        crate::history::entropy(3),
        &Options::default(),
        &mut crate::history::unwatched,
    )
    .unwrap();
    drop(rewritten.anchored(anchor.clone()).unwrap());
    assert!(anchor.transactions() >= 5);
    let refused = open(&disk).anchored(anchor).unwrap_err();
    assert!(
        matches!(refused, Error::RolledBack { .. }),
        "the file before the rewrite: {refused:?}"
    );
}

#[test]
fn an_anchor_out_of_reach_is_told_and_does_no_harm() {
    let (disk, ledger, anchor) = (
        SimulatedDisk::default(),
        Ledger::default(),
        Arc::new(Notebook::default()),
    );
    let file = create_with(disk.handle(), 1, &Options::default()).unwrap();
    let file = file.anchored(anchor.clone()).unwrap();
    anchor.put_out_of_reach();
    ledger.write_times(&file, 5);
    assert!(matches!(file.checkpoint(), Err(Error::AnchorUnavailable(_))));
    ledger.write_times(&file, 1);
    drop(file);
    let file = open(&disk);
    assert_eq!(ledger.look(&file).unwrap(), 6);
    assert!(matches!(file.anchored(anchor), Err(Error::AnchorUnavailable(_))));
}

#[test]
fn a_file_has_one_anchor() {
    let disk = SimulatedDisk::default();
    let file = create_with(disk.handle(), 1, &Options::default()).unwrap();
    let file = file.anchored(Arc::new(Notebook::default())).unwrap();
    let second = file.anchored(Arc::new(Notebook::default()));
    assert!(matches!(second, Err(Error::InvalidInput { .. })));
}
