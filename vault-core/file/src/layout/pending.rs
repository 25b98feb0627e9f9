//! Pages that redb has written and the disk does not have yet.
//!
//! redb writes page by page, in an order of its own. Nothing needs a page on the disk before a state that names it
//! is made durable, so pages wait here until then, or until there are too many, and go out in their order: neighbours
//! together, each with its newest content alone.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::PAGE_BYTES;

/// Pages on their way to the disk.
pub(super) struct Pending {
    /// How many may wait.
    pages_max: usize,
    /// Whether none waits, for readers, who mostly need to know no more.
    is_empty: AtomicBool,
    waiting: RwLock<Waiting>,
    /// Held by whoever adds, forgets or writes them out.
    order: Mutex<()>,
}

/// What waits, as plaintext.
#[derive(Default)]
pub(super) struct Waiting {
    /// Which of the slots holds a page.
    slots: BTreeMap<u64, usize>,
    bytes: Vec<u8>,
}

/// The right to add, to forget and to write out.
pub(super) struct Turn<'p> {
    pending: &'p Pending,
    _order: MutexGuard<'p, ()>,
}

impl Pending {
    /// For at most so many bytes, but at least for one page.
    pub(super) fn new(bytes_max: usize) -> Self {
        Self {
            pages_max: (bytes_max / PAGE_BYTES).max(1),
            is_empty: AtomicBool::new(true),
            waiting: RwLock::default(),
            order: Mutex::default(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.is_empty.load(Ordering::Acquire)
    }

    /// Copies a page that waits. Returns whether it does; if not, the disk has it.
    pub(super) fn read(&self, page: u64, plain: &mut [u8]) -> bool {
        let waiting = self.waiting();
        let found = waiting.slots.get(&page).map(|slot| waiting.slot(*slot));
        if let Some(found) = found {
            plain.copy_from_slice(found);
        }
        found.is_some()
    }

    /// Waits until nobody else has the turn.
    pub(super) fn turn(&self) -> Turn<'_> {
        Turn {
            pending: self,
            _order: self.order.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    fn waiting(&self) -> RwLockReadGuard<'_, Waiting> {
        self.waiting.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn waiting_mut(&self) -> RwLockWriteGuard<'_, Waiting> {
        self.waiting.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// Whether so many pages more may wait.
    pub(super) fn has_room_for(&self, pages: usize) -> bool {
        self.pending.waiting().used() + pages <= self.pending.pages_max
    }

    /// Adds consecutive pages. What was there of them before is not needed any more.
    pub(super) fn put(&self, first: u64, plain: &[u8]) {
        let mut waiting = self.pending.waiting_mut();
        for (page, bytes) in (first..).zip(plain.chunks_exact(PAGE_BYTES)) {
            waiting.put(page, bytes);
        }
        self.pending.is_empty.store(false, Ordering::Release);
    }

    /// What waits. Readers find it as long as it is not cleared.
    pub(super) fn waiting(&self) -> RwLockReadGuard<'_, Waiting> {
        self.pending.waiting()
    }

    /// Forgets the pages from this one on.
    pub(super) fn forget_from(&self, page: u64) {
        self.pending.waiting_mut().slots.split_off(&page);
    }

    /// Forgets all: the disk has them.
    pub(super) fn clear(&self) {
        let mut waiting = self.pending.waiting_mut();
        waiting.slots.clear();
        waiting.bytes.clear();
        self.pending.is_empty.store(true, Ordering::Release);
    }
}

impl Waiting {
    /// The pages in their order.
    pub(super) fn pages(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.slots.iter().map(|(page, slot)| (*page, self.slot(*slot)))
    }

    fn used(&self) -> usize {
        self.bytes.len() / PAGE_BYTES
    }

    fn slot(&self, slot: usize) -> &[u8] {
        &self.bytes[slot * PAGE_BYTES..(slot + 1) * PAGE_BYTES]
    }

    fn put(&mut self, page: u64, bytes: &[u8]) {
        let next = self.used();
        let slot = *self.slots.entry(page).or_insert(next);
        if slot == next {
            self.bytes.extend_from_slice(bytes);
        } else {
            self.bytes[slot * PAGE_BYTES..(slot + 1) * PAGE_BYTES].copy_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(byte: u8) -> [u8; PAGE_BYTES] {
        [byte; PAGE_BYTES]
    }

    fn waiting(pending: &Pending) -> Vec<(u64, u8)> {
        let turn = pending.turn();
        let waiting = turn.waiting();
        waiting.pages().map(|(page, bytes)| (page, bytes[0])).collect()
    }

    #[test]
    fn pages_leave_in_their_order_with_the_bytes_that_were_written_last() {
        let pending = Pending::new(8 * PAGE_BYTES);
        let turn = pending.turn();
        turn.put(9, &page(1));
        turn.put(4, &[page(2), page(3)].concat());
        turn.put(9, &page(4));
        assert!(turn.has_room_for(5));
        assert!(
            !turn.has_room_for(6),
            "a page that is written again takes no more room"
        );
        drop(turn);
        assert_eq!(waiting(&pending), [(4, 2), (5, 3), (9, 4)]);
    }

    #[test]
    fn what_waits_is_read_until_it_is_cleared_or_forgotten() {
        let pending = Pending::new(0);
        let mut found = page(0);
        assert!(pending.is_empty() && !pending.read(1, &mut found));
        pending.turn().put(1, &[page(5), page(6)].concat());
        pending.turn().forget_from(2);
        assert!(!pending.is_empty() && !pending.read(2, &mut found));
        assert!(pending.read(1, &mut found) && found == page(5));
        pending.turn().clear();
        assert!(pending.is_empty() && !pending.read(1, &mut found));
    }
}
