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
/// After so long the copy of a generation makes room for others.
const IDLE_MS: i64 = 60_000;

/// The unfiled slots of every generation that has some.
#[derive(Clone, Default)]
pub(crate) struct Unfiled(Arc<Mutex<HashMap<Vec<u8>, Kept>>>);

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
        self.kept().remove(generation).map(|kept| kept.run)
    }

    /// Keeps what is not filed of a generation. Gives it back if there is no room for it.
    pub(crate) fn keep(&self, generation: &[u8], run: Run, now: Timestamp) -> Result<(), Run> {
        let mut kept = self.kept();
        let count = |kept: &HashMap<_, Kept>| kept.values().map(|kept| kept.run.slots.len()).sum::<usize>();
        if count(&kept) + run.slots.len() > SLOTS_MAX {
            let idle_since = now.plus_ms(-IDLE_MS);
            kept.retain(|_, kept| kept.used_at > idle_since);
        }
        if count(&kept) + run.slots.len() > SLOTS_MAX {
            return Err(run);
        }
        kept.insert(generation.to_vec(), Kept { run, used_at: now });
        Ok(())
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(kept(b"old", SLOTS_MAX / 2, start));
        let later = start.plus_ms(IDLE_MS / 2);
        assert!(kept(b"new", SLOTS_MAX / 2, later));
        assert!(!kept(b"more", 1, later), "both are in use");
        assert!(kept(b"more", 1, start.plus_ms(IDLE_MS)));
        assert!(unfiled.take(b"old").is_none());
        assert_eq!(
            unfiled.take(b"new").map(|run| run.slots.len()),
            Some(SLOTS_MAX / 2)
        );
        assert!(unfiled.take(b"new").is_none(), "it was handed out");
    }
}
