//! Slots of entries that arrived and are not filed by slot yet, so that they are found. Only a copy of what
//! the store has: what is missing here is read again.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use vault_wire::{id::Slot, time::Timestamp};

use crate::store::SlotRow;

/// Slots that are kept here of all generations together: about 25 MiB.
const SLOTS_MAX: usize = 262_144;
/// Slots that would take as much memory as a generation does besides its slots.
const SLOTS_PER_GENERATION: usize = 8;
/// After so long the copy of a generation makes room for others.
const IDLE_MS: i64 = 60_000;

/// The unfiled slots of every generation that has some.
#[derive(Clone, Default)]
pub(crate) struct Unfiled(Arc<Mutex<Copies>>);

#[derive(Default)]
struct Copies {
    of: HashMap<Vec<u8>, Kept>,
    /// How many slots they come to.
    slots: usize,
    /// When those that were idle made room for others.
    cleared_at: Option<Timestamp>,
}

struct Kept {
    run: Run,
    used_at: Timestamp,
}

/// What arrived of one generation from one arrival on, and is not filed.
#[derive(Default)]
pub(crate) struct Run {
    /// The first arrival that is not filed.
    pub(crate) first: u64,
    /// The arrival that follows the last one.
    pub(crate) next: u64,
    /// What stands in the slots that they touch.
    pub(crate) slots: BTreeMap<Slot, SlotRow>,
}

impl Unfiled {
    /// Hands out what is kept of a generation, which is not kept any more.
    pub(crate) fn take(&self, generation: &[u8]) -> Option<Run> {
        self.copies().take(generation)
    }

    /// Keeps what is not filed of a generation. Gives it back if there is no room for it.
    pub(crate) fn keep(&self, generation: &[u8], run: Run, now: Timestamp) -> Result<(), Run> {
        let mut copies = self.copies();
        drop(copies.take(generation));
        if !copies.have_room_for(&run) {
            copies.clear_idle(now);
        }
        if !copies.have_room_for(&run) {
            return Err(run);
        }
        copies.slots += run.cost();
        copies.of.insert(generation.to_vec(), Kept { run, used_at: now });
        Ok(())
    }

    fn copies(&self) -> MutexGuard<'_, Copies> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Copies {
    fn take(&mut self, generation: &[u8]) -> Option<Run> {
        let run = self.of.remove(generation)?.run;
        self.slots -= run.cost();
        Some(run)
    }

    fn have_room_for(&self, run: &Run) -> bool {
        self.slots + run.cost() <= SLOTS_MAX
    }

    /// Lets go of what was not used for long. Looked for at most once in as long.
    fn clear_idle(&mut self, now: Timestamp) {
        let idle_since = now.plus_ms(-IDLE_MS);
        if self.cleared_at.is_none_or(|cleared| cleared <= idle_since) {
            self.of.retain(|_, kept| kept.used_at > idle_since);
            self.slots = self.of.values().map(|kept| kept.run.cost()).sum();
            self.cleared_at = Some(now);
        }
    }
}

impl Run {
    /// The memory that it takes, in slots.
    fn cost(&self) -> usize {
        self.slots.len() + SLOTS_PER_GENERATION
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: usize = SLOTS_MAX / 2 - SLOTS_PER_GENERATION;

    fn run(slots: usize) -> Run {
        let slot = |number: usize| Slot((number as u128).to_be_bytes());
        let emptied = SlotRow { rev: 1, place: None };
        Run {
            slots: (0..slots).map(|number| (slot(number), emptied)).collect(),
            ..Run::default()
        }
    }

    #[test]
    fn when_there_is_no_room_what_was_not_used_for_long_goes_and_the_rest_stays() {
        let (unfiled, start) = (Unfiled::default(), Timestamp::from_unix_ms(0));
        let kept = |name: &[u8], slots, now| unfiled.keep(name, run(slots), now).is_ok();
        assert!(kept(b"old", HALF, start));
        let later = start.plus_ms(IDLE_MS / 2);
        assert!(kept(b"new", HALF, later));
        assert!(!kept(b"more", 1, later), "both are in use");
        assert!(
            !kept(b"more", 1, start.plus_ms(IDLE_MS)),
            "it was looked for not long ago"
        );
        assert!(kept(b"more", 1, later.plus_ms(IDLE_MS)));
        assert!(unfiled.take(b"old").is_none() && unfiled.take(b"new").is_none());
        assert_eq!(unfiled.take(b"more").map(|run| run.slots.len()), Some(1));
        assert!(unfiled.take(b"more").is_none(), "it was handed out");
        assert_eq!(unfiled.copies().slots, 0);
    }

    #[test]
    fn a_copy_that_takes_the_place_of_another_counts_once() {
        let (unfiled, now) = (Unfiled::default(), Timestamp::from_unix_ms(0));
        for _ in 0..5 {
            assert!(unfiled.keep(b"same", run(HALF), now).is_ok());
        }
        assert_eq!(unfiled.copies().slots, SLOTS_MAX / 2);
    }
}
