//! An allocator that counts, so that a test can say how much memory a decoder set aside.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

#[global_allocator]
static COUNTING: Counting = Counting;

struct Counting;

fn took(bytes: usize) {
    HELD.set(HELD.get().wrapping_add(bytes));
    // What this thread frees for another wraps below zero: that is no peak.
    if HELD.get() < usize::MAX / 2 && HELD.get() > PEAK.get() {
        PEAK.set(HELD.get());
    }
}

fn gave(bytes: usize) {
    HELD.set(HELD.get().wrapping_sub(bytes));
}

#[expect(
    unsafe_code,
    reason = "an allocator cannot be written without; it only counts and forwards"
)]
// SAFETY: every call goes to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        gave(layout.size());
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Old and new may both exist for a moment.
        took(size);
        gave(layout.size());
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(at, layout, size) }
    }
}

/// The most bytes that were held at once while this ran, beyond what was held before.
pub(crate) fn peak_of<T>(run: impl FnOnce() -> T) -> usize {
    HELD.set(0);
    PEAK.set(0);
    drop(run());
    PEAK.get()
}

#[test]
fn the_count_sees_what_is_held_at_once() {
    assert!(peak_of(|| vec![0u8; 10_000]) >= 10_000);
    let one_by_one = peak_of(|| (0..100).for_each(|_| drop(vec![0u8; 1_000])));
    assert!((1_000..10_000).contains(&one_by_one));
}
