//! Both sides against each other, against the independent implementation in the crate `negentropy`,
//! and against bytes that mean nothing.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    ops::{Bound, ControlFlow},
};

use negentropy::{Id, Negentropy, NegentropyStorageVector, Storage};
use proptest::prelude::*;
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};

use super::*;
use crate::limits::RECONCILE_BYTES_MAX;

type Items = BTreeSet<Item>;

/// A set with its tallies, as both sides keep it.
fn kept(items: &Items) -> impl Set<Error = Infallible> {
    let mut tallies = vec![Tally::default(); 256];
    for item in items {
        let added = Change::Added(*item);
        tallies[usize::from(added.first_byte())].change(&added);
    }
    let tallies = (0..=255).zip(tallies).filter(|(_, tally)| !tally.is_empty());
    let list = |span: &Span, limit: usize| {
        let Edge::At(from) = span.from else {
            return Ok(Vec::new());
        };
        let to = match span.to {
            Edge::At(item) => Bound::Excluded(item),
            Edge::End => Bound::Unbounded,
        };
        Ok(items
            .range((Bound::Included(from), to))
            .take(limit)
            .copied()
            .collect())
    };
    Tallied::new(tallies.collect::<Vec<_>>(), list)
}

fn random_items(rng: &mut ChaCha20Rng, count: usize) -> Items {
    let mut items = Items::new();
    while items.len() < count {
        let mut item = Item([0; 32]);
        rng.fill_bytes(&mut item.0);
        items.insert(item);
    }
    items
}

/// Takes some items away from a copy, gives some others another tag, and adds some.
fn changed(rng: &mut ChaCha20Rng, items: &Items, changes: usize) -> Items {
    let mut other = items.clone();
    let picks: Vec<Item> = items.iter().copied().collect();
    for _ in 0..changes {
        let draw = rng.next_u32() as usize;
        if let Some(pick) = picks
            .get(draw % picks.len().max(1))
            .filter(|_| !draw.is_multiple_of(3))
        {
            other.remove(pick);
        }
        if draw.is_multiple_of(2) {
            other.extend(random_items(rng, 1));
        }
    }
    other
}

fn expected(ours: &Items, theirs: &Items) -> BTreeSet<Difference> {
    let only_ours = ours.difference(theirs).map(|item| Difference::Ours(*item));
    only_ours
        .chain(theirs.difference(ours).map(|item| Difference::Theirs(*item)))
        .collect()
}

/// What came of a reconciliation.
struct Outcome {
    found: BTreeSet<Difference>,
    rounds: usize,
    bytes: usize,
}

fn reconcile(ours: &Items, mut answer: impl FnMut(&[u8]) -> Vec<u8>) -> Outcome {
    let mut message = question(&mut kept(ours)).unwrap();
    let mut outcome = Outcome {
        found: BTreeSet::new(),
        rounds: 0,
        bytes: 0,
    };
    loop {
        outcome.rounds += 1;
        assert!(outcome.rounds < 1_000, "it does not come to an end");
        let answered = answer(&message);
        assert!(message.len() <= RECONCILE_BYTES_MAX && answered.len() <= RECONCILE_BYTES_MAX);
        outcome.bytes += message.len() + answered.len();
        let next = compare(&mut kept(ours), &answered, |difference| {
            outcome.found.insert(difference);
            ControlFlow::Continue(())
        });
        match next.unwrap() {
            Next::Done => return outcome,
            Next::Ask(next) => message = next,
            Next::Stopped => unreachable!(),
        }
    }
}

fn with_our_answers(ours: &Items, theirs: &Items) -> Outcome {
    reconcile(ours, |message| answer(&mut kept(theirs), message).unwrap())
}

fn foreign(items: &Items) -> NegentropyStorageVector {
    let mut storage = NegentropyStorageVector::with_capacity(items.len());
    for item in items {
        storage.insert(0, Id::from_byte_array(item.0)).unwrap();
    }
    storage.seal().unwrap();
    storage
}

fn samples() -> impl Iterator<Item = (Items, Items)> {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let sizes = [
        (0, 0),
        (0, 3),
        (1, 1),
        (31, 2),
        (32, 5),
        (40, 40),
        (700, 60),
        (5_000, 1),
        (5_000, 3_000),
    ];
    sizes.into_iter().map(move |(count, changes)| {
        let ours = random_items(&mut rng, count);
        let theirs = changed(&mut rng, &ours, changes);
        (ours, theirs)
    })
}

#[test]
fn just_what_differs_is_found() {
    for (ours, theirs) in samples() {
        for (ours, theirs) in [
            (&ours, &theirs),
            (&theirs, &ours),
            (&ours, &Items::new()),
            (&Items::new(), &ours),
        ] {
            assert_eq!(with_our_answers(ours, theirs).found, expected(ours, theirs));
        }
    }
}

#[test]
fn an_independent_implementation_understands_what_is_asked() {
    for (ours, theirs) in samples() {
        let storage = foreign(&theirs);
        let limit = RECONCILE_BYTES_MAX as u64;
        let mut side = Negentropy::new(Storage::Borrowed(&storage), limit).unwrap();
        let outcome = reconcile(&ours, |message| side.reconcile(message).unwrap());
        assert_eq!(outcome.found, expected(&ours, &theirs));
    }
}

#[test]
fn an_independent_implementation_understands_what_is_answered() {
    for (ours, theirs) in samples() {
        let storage = foreign(&ours);
        let mut side = Negentropy::new(Storage::Borrowed(&storage), RECONCILE_BYTES_MAX as u64).unwrap();
        let (mut have, mut need) = (Vec::new(), Vec::new());
        let mut message = Some(side.initiate().unwrap());
        while let Some(asked) = message {
            let answered = answer(&mut kept(&theirs), &asked).unwrap();
            message = side.reconcile_with_ids(&answered, &mut have, &mut need).unwrap();
        }
        let have = have.iter().map(|id| Difference::Ours(Item(id.to_bytes())));
        let need = need.iter().map(|id| Difference::Theirs(Item(id.to_bytes())));
        assert_eq!(
            have.chain(need).collect::<BTreeSet<_>>(),
            expected(&ours, &theirs)
        );
    }
}

#[test]
fn few_differences_in_many_items_cost_few_rounds_and_bytes() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let ours = random_items(&mut rng, 100_000);
    let theirs = changed(&mut rng, &ours, 10);
    let outcome = with_our_answers(&ours, &theirs);
    assert_eq!(outcome.found, expected(&ours, &theirs));
    assert!(outcome.rounds <= 3, "{} rounds", outcome.rounds);
    assert!(outcome.bytes < 40_000, "{} bytes", outcome.bytes);
    assert_eq!(with_our_answers(&ours, &ours).rounds, 1);
}

#[test]
fn two_slots_that_swap_their_tags_are_two_differences() {
    let item = |slot: u8, tag: u8| Item([[slot; 16], [tag; 16]].concat().try_into().unwrap());
    let (before, after) = ([item(1, 7), item(2, 8)].into(), [item(1, 8), item(2, 7)].into());
    assert_eq!(with_our_answers(&before, &after).found.len(), 4);
}

#[test]
fn whoever_asks_can_stop_and_begin_anew() {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let theirs = random_items(&mut rng, 3_000);
    let mut ours = Items::new();
    let mut passes = 0;
    while ours != theirs {
        passes += 1;
        let mut message = question(&mut kept(&ours)).unwrap();
        let mut found = Vec::new();
        loop {
            let answered = answer(&mut kept(&theirs), &message).unwrap();
            let next = compare(&mut kept(&ours), &answered, |difference| {
                found.push(difference);
                if found.len() < 400 {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            });
            match next.unwrap() {
                Next::Ask(next) => message = next,
                Next::Done | Next::Stopped => break,
            }
        }
        assert!(found.len() <= 400);
        ours.extend(found.iter().map(|difference| match difference {
            Difference::Theirs(item) => *item,
            Difference::Ours(item) => panic!("{item:?} is there"),
        }));
    }
    assert_eq!(passes, 8);
}

#[test]
fn another_version_is_offered_this_one_and_not_understood() {
    let items = Items::new();
    assert_eq!(answer(&mut kept(&items), &[0x62, 1, 2]), Ok(vec![0x61]));
    assert!(answer(&mut kept(&items), &[0x51]).is_err());
    assert!(compare(&mut kept(&items), &[0x62], |_| ControlFlow::Continue(())).is_err());
}

#[test]
fn what_is_said_of_a_span_must_lie_in_it() {
    let mut message = vec![0x61, 1, 1, 0x80, 2, 1];
    message.extend([0x90; 32]);
    let read = compare(&mut kept(&Items::new()), &message, |_| ControlFlow::Continue(()));
    assert!(matches!(read, Err(Fault::Malformed(_))));
}

proptest! {
    #[test]
    fn any_bytes_are_answered_or_refused(
        rest in proptest::collection::vec(prop_oneof![0u8..4, any::<u8>()], 0..300), seed: u64,
    ) {
        let items = random_items(&mut ChaCha20Rng::seed_from_u64(seed), 50);
        let message = [&[0x61][..], &rest].concat();
        if let Ok(answered) = answer(&mut kept(&items), &message) {
            prop_assert!(answered.len() <= RECONCILE_BYTES_MAX);
        }
        let _ = compare(&mut kept(&items), &message, |_| ControlFlow::Continue(()));
    }

    #[test]
    fn a_tally_that_lost_all_it_gained_is_empty(seed: u64, count in 1usize..40) {
        let items = random_items(&mut ChaCha20Rng::seed_from_u64(seed), count);
        let mut tally = Tally::default();
        items.iter().for_each(|item| tally.change(&Change::Added(*item)));
        items.iter().rev().for_each(|item| tally.change(&Change::Removed(*item)));
        prop_assert!(tally.is_empty());
    }
}
