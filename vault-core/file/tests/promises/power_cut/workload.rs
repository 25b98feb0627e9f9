//! What a user does with a file, at random: transactions small and large, and everything beside them.

use std::sync::{Mutex, PoisonError};

use vault_file::{Error, NewSlot, Options, RawKey, SealedFile, Secret, Snapshot, Table, Transaction};

use super::model::{Model, Version, version_of, write_version};
use crate::dice::Dice;
use crate::history::{key, open, unwatched};
use crate::simulated_disk::{Mark, SimulatedDisk, during};

const TABLES: [Table; 3] = [
    Table::new("records"),
    Table::new("time/receipts"),
    Table::new("changes"),
];
const NAMES: [&str; 3] = ["records", "time/receipts", "changes"];
/// So few keys that rows are overwritten and removed all the time.
const KEYS: usize = 60;

/// A file in use: the disk that records, the versions, and what is known of them.
pub(super) struct Use<'a> {
    pub(super) file: &'a SealedFile,
    pub(super) disk: &'a SimulatedDisk,
    pub(super) model: &'a Mutex<Model>,
}

impl Use<'_> {
    /// Does so many things, with so many threads that write.
    pub(super) fn work(&self, dice: &mut Dice, threads: usize, steps: usize) -> Result<(), Error> {
        if threads == 1 {
            return self.steps(dice, steps, true);
        }
        let dice: Vec<Dice> = (0..=threads).map(|_| dice.split()).collect();
        std::thread::scope(|scope| {
            let running: Vec<_> = dice
                .into_iter()
                .enumerate()
                .map(|(thread, mut dice)| {
                    scope.spawn(move || match thread {
                        0 => self.watch(&mut dice, steps),
                        _ => self.steps(&mut dice, steps / threads + 1, thread == 1),
                    })
                })
                .collect();
            running.into_iter().try_for_each(|thread| thread.join().unwrap())
        })
    }

    fn steps(&self, dice: &mut Dice, steps: usize, may_do_anything: bool) -> Result<(), Error> {
        let mut held: Option<(Snapshot, u64)> = None;
        for _ in 0..steps {
            match dice.below(100) {
                0..4 if may_do_anything => self.change_slots(dice)?,
                4..6 if may_do_anything => self.back_up()?,
                6..8 => during("checking the open file", || self.verify())?,
                8..12 => held = Some(self.look()?),
                12..16 => drop(held.take()),
                16..18 => self.abort(dice)?,
                18..22 => during("a checkpoint", || self.file.checkpoint())?,
                _ => self.transact(dice)?,
            }
        }
        if let Some((snapshot, number)) = held {
            let row = snapshot.table(&super::model::VERSION)?.get(b"last")?;
            let found = row.map_or(0, |row| u64::from_le_bytes(row.try_into().unwrap()));
            assert_eq!(found, number, "a snapshot changed");
        }
        Ok(())
    }

    /// Reads beside the writers: what it is shown must never be lost again.
    fn watch(&self, dice: &mut Dice, looks: usize) -> Result<(), Error> {
        for _ in 0..looks {
            self.look()?;
            for _ in 0..dice.below(20) {
                std::thread::yield_now();
            }
        }
        Ok(())
    }

    fn look(&self) -> Result<(Snapshot, u64), Error> {
        let snapshot = self.file.read()?;
        let row = snapshot.table(&super::model::VERSION)?.get(b"last")?;
        let number = row.map_or(0, |row| u64::from_le_bytes(row.try_into().unwrap()));
        self.disk.mark(Mark::AtLeast(number));
        Ok((snapshot, number))
    }

    pub(super) fn transact(&self, dice: &mut Dice) -> Result<(), Error> {
        let (what, change) = a_change(dice);
        during(what, || {
            let transaction = self.file.write()?;
            let mut version = self.model().newest_version();
            change(&transaction, &mut version, dice)?;
            let number = self.model().next;
            write_version(&transaction, number)?;
            assert_eq!(self.model().attempt(version), number, "one writer at a time");
            transaction.commit()?;
            self.disk.mark(Mark::AtLeast(number));
            Ok(())
        })
    }

    fn abort(&self, dice: &mut Dice) -> Result<(), Error> {
        let (_, change) = a_change(dice);
        during("a transaction that is not committed", || {
            let transaction = self.file.write()?;
            change(&transaction, &mut self.model().newest_version(), dice)?;
            transaction.abort();
            Ok(())
        })
    }

    /// Adds a slot, or removes one that this added.
    fn change_slots(&self, dice: &mut Dice) -> Result<(), Error> {
        during("changing the key slots", || {
            let slots = self.file.slots();
            if slots.len() < 8 && (slots.len() < 3 || dice.one_in(2)) {
                let key = RawKey::new(&dice.bytes(32).try_into().unwrap());
                self.file.add_slot(NewSlot::RawKey(&key)).map(drop)
            } else {
                self.file.remove_slot(slots[slots.len() - 1].id)
            }
        })
    }

    /// What is copied is one version, not older than what was acknowledged before.
    fn back_up(&self) -> Result<(), Error> {
        during("backing up", || {
            let copy = SimulatedDisk::default();
            let before = version_of(self.file)?;
            self.file.back_up_on(copy.handle(), &mut unwatched)?;
            let copy = open(copy.handle(), 1)?;
            let found = version_of(&copy)?;
            assert!(found >= before, "the copy has version {found}, not {before}");
            Ok(())
        })
    }

    fn verify(&self) -> Result<(), Error> {
        let verified = self.file.verify(&mut unwatched)?;
        assert!(verified.is_sound(), "{:?}", verified.findings);
        Ok(())
    }

    fn model(&self) -> std::sync::MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Checks a file at rest: nothing may be wrong with it.
pub(super) fn verify_at_rest(disk: &SimulatedDisk, options: &Options) -> Result<(), String> {
    let verified = SealedFile::verify_on(disk.handle(), &Secret::RawKey(&key()), options, &mut unwatched);
    match verified {
        Ok(verified) if verified.is_sound() => Ok(()),
        Ok(verified) => Err(format!("not sound after recovery: {:?}", verified.findings)),
        Err(error) => Err(format!("not checked: {error}")),
    }
}

type Change = fn(&Transaction, &mut Version, &mut Dice) -> Result<(), Error>;

fn a_change(dice: &mut Dice) -> (&'static str, Change) {
    match dice.below(100) {
        0..50 => ("a small transaction", small),
        50..70 => ("a transaction of some rows", medium),
        70..82 => ("a large transaction", large),
        82..92 => ("removing rows", clear),
        _ => ("removing a table", remove_table),
    }
}

fn small(transaction: &Transaction, version: &mut Version, dice: &mut Dice) -> Result<(), Error> {
    let rows = 1 + dice.below(3);
    put(transaction, version, dice, rows, 300)
}

fn medium(transaction: &Transaction, version: &mut Version, dice: &mut Dice) -> Result<(), Error> {
    for _ in 0..2 {
        let rows = 3 + dice.below(10);
        put(transaction, version, dice, rows, 600)?;
    }
    Ok(())
}

/// More than the journal of a small commit would take: one value of many pages, or many rows.
fn large(transaction: &Transaction, version: &mut Version, dice: &mut Dice) -> Result<(), Error> {
    if dice.one_in(2) {
        put(transaction, version, dice, 1, 1)?;
        put(transaction, version, dice, 1, 150_000)
    } else {
        put(transaction, version, dice, 50, 2_000)
    }
}

fn put(
    transaction: &Transaction,
    version: &mut Version,
    dice: &mut Dice,
    rows: usize,
    bytes_below: usize,
) -> Result<(), Error> {
    let place = dice.below(TABLES.len());
    let mut table = transaction.table(&TABLES[place])?;
    let expected = version.table(NAMES[place]);
    for _ in 0..rows {
        let key = vec![b'k', u8::try_from(dice.below(KEYS)).unwrap()];
        if dice.one_in(5) {
            table.remove(&key)?;
            expected.remove(&key);
        } else {
            let len = dice.below(bytes_below);
            let value = dice.bytes(len);
            table.insert(&key, &value)?;
            expected.insert(key, value.into());
        }
    }
    Ok(())
}

fn clear(transaction: &Transaction, version: &mut Version, dice: &mut Dice) -> Result<(), Error> {
    let place = dice.below(TABLES.len());
    let mut table = transaction.table(&TABLES[place])?;
    let expected = version.table(NAMES[place]);
    let keep = dice.below(2);
    for key in expected.keys().skip(keep) {
        table.remove(key)?;
    }
    *expected = std::mem::take(expected).into_iter().take(keep).collect();
    drop(table);
    small(transaction, version, dice)
}

fn remove_table(transaction: &Transaction, version: &mut Version, dice: &mut Dice) -> Result<(), Error> {
    let place = dice.below(TABLES.len());
    transaction.remove_table(&TABLES[place])?;
    version.remove_table(NAMES[place]);
    if dice.one_in(2) {
        small(transaction, version, dice)?;
    }
    Ok(())
}
