//! One trial: a file lives through a few sessions on a disk that records everything; then power is cut at many
//! points of the record, and each time the file must recover, also when power fails again while it does.

use std::collections::BTreeMap;
use std::sync::Mutex;

use vault_file::{Error, Options, SealedFile};

use super::model::{Allowed, Model};
use super::past::Beginning::{self, BackedUp, Created, Rewritten};
use super::past::{Past, known};
use super::workload::{Use, verify_at_rest};
use crate::dice::Dice;
use crate::history::{open_with, small_journal};
use crate::image::Image;
use crate::remains::{Damage, Remains};
use crate::simulated_disk::{Event, Mark, Planted, Record, SimulatedDisk, during};

/// Cuts of one record.
const CUTS: usize = 40;
/// Cuts on top of each other.
const DEPTH: usize = 3;

/// How many cuts fell where.
pub(super) type Tally = BTreeMap<(usize, &'static str), u64>;

/// What a trial found.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) tally: Tally,
    pub(super) objections: Vec<Objection>,
}

/// A file that did not recover.
#[derive(Debug)]
pub(super) struct Objection {
    pub(super) what: String,
    /// What the disk held when power came back.
    pub(super) image: Image,
}

/// What a trial does, which cuts it makes, and with what mistake.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// `None` for something else each time.
    pub(super) beginning: Option<Beginning>,
    /// How many threads write, with one more that reads beside several; `None` for something else each time.
    pub(super) threads: Option<usize>,
    pub(super) planted: Planted,
    /// Cuts after every entry of the record instead of some.
    pub(super) everywhere: bool,
    /// How the unsynced part is damaged; `None` for something else each time.
    pub(super) damage: Option<Damage>,
}

pub(super) fn trial(seed: u64, plan: Plan) -> Outcome {
    let mut dice = Dice::new(seed);
    let mut outcome = Outcome::default();
    let (beginnings, threads) = ([Created, Created, BackedUp, Rewritten], [1, 1, 3]);
    let beginning = plan.beginning.unwrap_or_else(|| *dice.pick(&beginnings));
    let threads = plan.threads.unwrap_or_else(|| *dice.pick(&threads));
    // From none at all to the whole area: how often tables are made durable.
    let options = small_journal(*dice.pick(&[0, 3 * 4096, 12 * 4096, 256 * 1024]));
    let model = Mutex::new(Model::new());
    let disk = SimulatedDisk::default().recording();
    let mut past = Past {
        seed,
        options,
        threads,
        disk: &disk,
        model: &model,
        dice: &mut dice,
    };
    if let Err(what) = past.lives(beginning) {
        let image = disk.image();
        outcome.objections.push(Objection { what, image });
        return outcome;
    }
    let (record, model) = (disk.take_record(), model.into_inner().unwrap());
    let mut remains = Remains::new(&record, plan.planted);
    let (mut allowed, mut walked) = (Allowed::default(), 0);
    for at in cut_points(&record, &mut dice, plan.everywhere) {
        remains.advance_to(at);
        allowed = allowed_after(allowed, &record, walked..at);
        walked = at;
        let damage = plan.damage.unwrap_or_else(|| a_damage(&mut dice));
        let image = remains.image(&mut dice, damage);
        *outcome
            .tally
            .entry((1, record.entries[at - 1].during))
            .or_default() += 1;
        let mut recovery = Recovery {
            plan,
            options,
            dice: dice.split(),
            outcome: &mut outcome,
        };
        recovery.run(image, allowed, model.clone(), 1);
    }
    outcome
}

/// Power fails after so many entries, in rising order. Half of the points lie beside a sync, where most is at
/// stake.
fn cut_points(record: &Record, dice: &mut Dice, everywhere: bool) -> Vec<usize> {
    let entries = &record.entries;
    let named = entries
        .iter()
        .position(|entry| matches!(entry.event, Event::Mark(Mark::Named)))
        .map_or(1, |place| place + 1);
    if everywhere {
        return (named..=entries.len()).collect();
    }
    let syncs: Vec<usize> = (named..entries.len())
        .filter(|index| matches!(entries[*index].event, Event::SyncDone(_)))
        .collect();
    let mut points: Vec<usize> = (0..CUTS)
        .map(|_| match dice.below(2) {
            0 if !syncs.is_empty() => *dice.pick(&syncs) + dice.below(2),
            _ => named + dice.below(entries.len() - named + 1),
        })
        .collect();
    points.sort_unstable();
    points
}

fn a_damage(dice: &mut Dice) -> Damage {
    *dice.pick(&[
        Damage::Tears(512),
        Damage::Tears(512),
        Damage::Tears(64),
        Damage::Tears(1),
    ])
}

fn allowed_after(mut allowed: Allowed, record: &Record, range: std::ops::Range<usize>) -> Allowed {
    for entry in &record.entries[range] {
        if let Event::Mark(mark) = entry.event {
            allowed = allowed.after(mark);
        }
    }
    allowed
}

struct Recovery<'t> {
    plan: Plan,
    options: Options,
    dice: Dice,
    outcome: &'t mut Outcome,
}

impl Recovery<'_> {
    fn run(&mut self, image: Image, allowed: Allowed, model: Model, depth: usize) {
        let disk = SimulatedDisk::holding(image.clone()).recording();
        let before = model.clone();
        let model = Mutex::new(model);
        if let Err(what) = self.recover(&disk, allowed, &model, depth) {
            self.outcome.objections.push(Objection { what, image });
            return;
        }
        if depth < DEPTH && self.dice.one_in(3) {
            let record = disk.take_record();
            // Most of the time early: while the file recovers.
            let entries = record.entries.len();
            let end = if self.dice.one_in(2) {
                entries
            } else {
                entries.min(16)
            };
            let at = 1 + self.dice.below(end.max(1));
            let at = at.min(entries);
            if at == 0 {
                return;
            }
            let mut remains = Remains::new(&record, self.plan.planted);
            remains.advance_to(at);
            let damage = self.plan.damage.unwrap_or_else(|| a_damage(&mut self.dice));
            let image = remains.image(&mut self.dice, damage);
            let allowed = allowed_after(allowed, &record, 0..at);
            let during = record.entries[at - 1].during;
            *self.outcome.tally.entry((depth + 1, during)).or_default() += 1;
            let mut model = model.into_inner().unwrap();
            model.newest = before.newest;
            self.run(image, allowed, model, depth + 1);
        }
    }

    /// Opens, compares, goes on writing, closes, checks.
    fn recover(
        &mut self,
        disk: &SimulatedDisk,
        allowed: Allowed,
        model: &Mutex<Model>,
        depth: usize,
    ) -> Result<(), String> {
        let (seed, options) = (self.dice.seed(), self.options);
        let opening = [
            "",
            "opening after a cut",
            "opening after two cuts",
            "opening after three cuts",
        ][depth];
        let file = during(opening, || open_with(disk.handle(), seed, &options))
            .map_err(|error| format!("refused: {error}"))?;
        let look = |allowed| {
            model
                .lock()
                .unwrap()
                .look(&file, allowed)
                .map_err(|wrong| wrong.to_string())
        };
        let found = look(allowed)?;
        disk.mark(model.lock().unwrap().continue_from(found));
        if self.plan.planted == Planted::Nothing {
            self.go_on(&file, disk, model)?;
        } else {
            // Writing on top of what a mistake has lost would only hide it.
            disk.kill();
        }
        during("closing", || drop(file));
        verify_at_rest(disk, &options)?;
        if self.dice.one_in(4) {
            let file = open_with(disk.handle(), seed, &options)
                .map_err(|error| format!("refused the second time: {error}"))?;
            let looked = model.lock().unwrap().look(&file, known(disk));
            looked.map_err(|wrong| wrong.to_string())?;
        }
        Ok(())
    }

    fn go_on(&mut self, file: &SealedFile, disk: &SimulatedDisk, model: &Mutex<Model>) -> Result<(), String> {
        let wrote = |error: Error| format!("does not go on after recovery: {error}");
        if file.unclaimed().is_some() {
            during("claiming a copy", || file.claim(|_, _| Ok::<_, Error>(()))).map_err(wrote)?;
        }
        let this = Use { file, disk, model };
        for _ in 0..self.dice.below(3) {
            this.transact(&mut self.dice).map_err(wrote)?;
        }
        Ok(())
    }
}
