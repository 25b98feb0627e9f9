//! Which extents are taken, which are free, and which will be once the next state is durable.

use std::collections::BTreeSet;

/// The extents of a file.
#[derive(Default)]
pub(super) struct Space {
    /// The group in each extent.
    groups: Vec<Option<u32>>,
    /// The extents that hold nothing.
    free: BTreeSet<u32>,
    /// The extents that only the durable state uses: they become free once it is not the newest any more.
    given_up: Vec<u32>,
}

impl Space {
    /// The extents of a durable state. `None` if two groups claim the same one.
    pub(super) fn of(entries: impl Iterator<Item = (u32, u32)>) -> Option<Self> {
        let mut space = Self::default();
        for (group, extent) in entries {
            if space.groups.len() <= extent as usize {
                space.groups.resize(extent as usize + 1, None);
            }
            if space.groups[extent as usize].replace(group).is_some() {
                return None;
            }
        }
        let holes = (0u32..).zip(&space.groups).filter(|(_, group)| group.is_none());
        space.free = holes.map(|(extent, _)| extent).collect();
        Some(space)
    }

    /// Takes the first extent that is free, or the next one.
    pub(super) fn take(&mut self, group: u32) -> u32 {
        let next = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
        let extent = self.free.pop_first().unwrap_or(next);
        if extent == next {
            self.groups.push(None);
        }
        self.groups[extent as usize] = Some(group);
        extent
    }

    /// Gives an extent back, from the next durable state on.
    pub(super) fn give_up(&mut self, extent: u32) {
        self.groups[extent as usize] = None;
        self.given_up.push(extent);
    }

    /// Frees what was given up. A state that does not use it is durable.
    pub(super) fn release(&mut self) {
        self.free.extend(self.given_up.drain(..));
        while self.groups.last().is_some_and(Option::is_none) {
            self.groups.pop();
        }
        let extents = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
        self.free.split_off(&extents);
    }

    /// The last extent that holds a group, and that group.
    pub(super) fn last(&self) -> Option<(u32, u32)> {
        let extents = self.groups.iter().enumerate().rev();
        extents
            .filter_map(|(extent, group)| Some((u32::try_from(extent).ok()?, (*group)?)))
            .next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extent_that_was_given_up_is_taken_again_only_after_the_next_durable_state() {
        let mut space = Space::default();
        assert_eq!([space.take(7), space.take(8), space.take(9)], [0, 1, 2]);
        space.give_up(1);
        assert_eq!(space.take(10), 3);
        space.release();
        assert_eq!(space.take(11), 1);
        assert_eq!(space.last(), Some((3, 10)));
    }

    #[test]
    fn extents_at_the_end_are_forgotten_and_holes_are_filled_first() {
        let mut space = Space::of([(0, 4), (1, 0), (2, 2)].into_iter()).unwrap();
        assert_eq!(space.last(), Some((4, 0)));
        space.give_up(4);
        assert_eq!(space.last(), Some((2, 2)));
        space.release();
        assert_eq!([space.take(5), space.take(6), space.take(7)], [1, 3, 4]);
    }

    #[test]
    fn two_groups_in_one_extent_are_refused() {
        assert!(Space::of([(0, 1), (1, 1)].into_iter()).is_none());
    }
}
