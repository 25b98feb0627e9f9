//! The life of a file before power fails: how it came to be, and sessions that end well, or with trouble, or with the
//! end of the process.

use std::sync::{Mutex, MutexGuard};

use vault_file::{Error, Options, SealedFile, Secret, VaultKey};

use super::model::{Allowed, Model, Wrong};
use super::workload::Use;
use crate::dice::Dice;
use crate::history::{create_with, entropy, key, open_with, unwatched};
use crate::simulated_disk::{Mark, SimulatedDisk, Trouble, during};

/// What a session may meet: the process goes on after it, or another one does.
const TROUBLES: [fn(u64) -> Trouble; 6] = [
    Trouble::KillAt,
    Trouble::KillAt,
    Trouble::ErrorAt,
    Trouble::HalfWrittenAt,
    Trouble::ErrorFrom,
    Trouble::FullFrom,
];

/// How a file comes to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beginning {
    Created,
    BackedUp,
    Rewritten,
}

/// The sessions before the first cut.
pub(super) struct Past<'t> {
    pub(super) seed: u64,
    pub(super) options: Options,
    pub(super) threads: usize,
    pub(super) disk: &'t SimulatedDisk,
    pub(super) model: &'t Mutex<Model>,
    pub(super) dice: &'t mut Dice,
}

impl Past<'_> {
    /// Each session ends well, or with trouble, or with the end of the process.
    pub(super) fn lives(&mut self, beginning: Beginning) -> Result<(), String> {
        let begun = self.begin(beginning);
        let mut file = Some(begun.map_err(|error| format!("at the beginning: {error}"))?);
        let sessions = 1 + self.dice.below(3);
        for session in 0..sessions {
            if self.dice.one_in(2) {
                self.disk
                    .expect(*self.dice.pick(&TROUBLES), self.dice.below(200) as u64);
            }
            let ended = self.live(file.take(), session as u64);
            let had_trouble = self.disk.calm();
            match ended {
                Ok(()) => {}
                Err(Wrong::Refused(_)) if had_trouble => {}
                Err(wrong) => return Err(format!("before any cut: {wrong}")),
            }
            if self.dice.one_in(8) {
                self.disk.kill();
            }
        }
        Ok(())
    }

    /// One session.
    fn live(&mut self, file: Option<SealedFile>, session: u64) -> Result<(), Wrong> {
        let open = || open_with(self.disk.handle(), self.seed + session, &self.options);
        let file = during("opening", || file.map_or_else(open, Ok))?;
        let found = self.model().look(&file, known(self.disk))?;
        self.disk.mark(self.model().continue_from(found));
        let steps = 4 + self.dice.below(14);
        let (disk, model) = (self.disk, self.model);
        let this = Use {
            file: &file,
            disk,
            model,
        };
        let worked = this.work(self.dice, self.threads, steps);
        during("closing", || drop(file));
        Ok(worked?)
    }

    /// A file that was created, rewritten or copied. From the moment it gets its name, it must open.
    fn begin(&mut self, beginning: Beginning) -> Result<SealedFile, Error> {
        let (seed, options, disk) = (self.seed, &self.options, self.disk);
        if beginning == Beginning::Created {
            let file = during("creating", || create_with(disk.handle(), seed, options))?;
            disk.mark(Mark::Named);
            return Ok(file);
        }
        let old = SimulatedDisk::default();
        let file = create_with(old.handle(), seed, options)?;
        let (steps, model) = (5, self.model);
        let this = Use {
            file: &file,
            disk: &old,
            model,
        };
        this.work(self.dice, 1, steps)?;
        let file = if beginning == Beginning::BackedUp {
            during("backing up", || file.back_up_on(disk.handle(), &mut unwatched))?;
            None
        } else {
            drop(file);
            Some(rewritten(&old, disk, seed, options)?)
        };
        disk.mark(Mark::Named);
        let newest = self.model().newest;
        disk.mark(self.model().continue_from(newest));
        if let Some(file) = file {
            return Ok(file);
        }
        let copy = during("opening", || open_with(disk.handle(), seed, options))?;
        during("claiming a copy", || copy.claim(|_, _| Ok::<_, Error>(())))?;
        Ok(copy)
    }

    fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap()
    }
}

fn rewritten(
    old: &SimulatedDisk,
    new: &SimulatedDisk,
    seed: u64,
    options: &Options,
) -> Result<SealedFile, Error> {
    during("rewriting", || {
        SealedFile::rewrite_on(
            old.handle(),
            new.handle(),
            &Secret::RawKey(&key()),
            VaultKey::Keep,
            entropy(seed + 1),
            options,
            &mut unwatched,
        )
    })
}

/// What is known at the end of the record so far.
pub(super) fn known(disk: &SimulatedDisk) -> Allowed {
    disk.marks().into_iter().fold(Allowed::default(), Allowed::after)
}
