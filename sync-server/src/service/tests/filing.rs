//! Entries are filed by slot later than they arrive; nobody can tell.

use std::{collections::BTreeMap, convert::Infallible};

use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use vault_wire::{
    entry::{ContentTag, Entry},
    frame::{Reconcile, Rejection},
    id::Slot,
    reconcile::{self as wire, Difference, Item, Span, Summary},
};

use super::{
    device::{Given, brand},
    world::{World, terms},
};
use crate::{
    live::Run,
    service::reconcile::reconcile,
    store::{
        Rows,
        tables::{GRANTS, UNFILED, key},
    },
};

/// What a server must hold: slot → revision, and the tag of what stands there.
type Model = BTreeMap<Slot, (u64, Option<ContentTag>)>;

/// What somebody thinks is held.
struct Thought(Vec<Item>);

impl wire::Set for Thought {
    type Error = Infallible;

    fn summary(&mut self, span: &Span) -> Result<Summary, Infallible> {
        Ok(self.0.iter().filter(|item| span.contains(item)).collect())
    }

    fn items(&mut self, span: &Span, limit: usize) -> Result<Vec<Item>, Infallible> {
        let items = self.0.iter().copied().filter(|item| span.contains(item));
        Ok(items.take(limit).collect())
    }
}

fn items(model: &Model) -> Vec<Item> {
    let item = |(slot, (_, tag)): (&Slot, &(u64, Option<ContentTag>))| tag.map(|tag| Item::new(*slot, tag));
    model.iter().filter_map(item).collect()
}

/// What differs between what the server says it holds and what it is thought to hold.
async fn differences(world: &World, granted: &Given, thought: Vec<Item>) -> Vec<Difference> {
    let mut thought = Thought(thought);
    let mut message = wire::question(&mut thought).unwrap();
    let mut found = Vec::new();
    loop {
        let asked = Reconcile {
            grant: granted.grant,
            generation: 1,
            message,
        };
        let answer = reconcile(&world.server, world.device.vault, asked).await.unwrap();
        let next = wire::compare(&mut thought, &answer.message, |difference| {
            found.push(difference);
            std::ops::ControlFlow::Continue(())
        });
        match next.unwrap() {
            wire::Next::Ask(next) => message = next,
            wire::Next::Done | wire::Next::Stopped => return found,
        }
    }
}

/// Sends a batch, which the model answers too.
async fn push(world: &World, granted: &Given, model: &mut Model, entries: Vec<Entry>) {
    let mut expected = Vec::new();
    for entry in &entries {
        let (rev, tag) = model.get(&entry.slot).copied().unwrap_or_default();
        let now = (entry.tag != ContentTag([0; 16])).then_some(entry.tag);
        if (rev, tag) == (entry.rev, now) {
            continue;
        }
        if rev >= entry.rev {
            expected.push((entry.slot, Rejection::Stale(rev)));
        } else {
            model.insert(entry.slot, (entry.rev, now));
        }
    }
    let ack = world.device.push(&world.server, granted, entries).await;
    assert_eq!(ack.rejected, expected);
}

fn generation(world: &World, granted: &Given) -> Vec<u8> {
    key(&[
        world.device.vault.as_bytes(),
        granted.grant.as_bytes(),
        &1u32.to_be_bytes(),
    ])
}

fn first_unfiled(world: &World, granted: &Given) -> Option<u64> {
    let view = world.server.store().view().unwrap();
    view.get(&UNFILED, &generation(world, granted)).unwrap()
}

async fn granted() -> (World, Given) {
    let world = World::new().await;
    world.try_ask(world.subject, terms()).await.unwrap();
    let granted = world.device.approve(&world.server).await;
    (world, granted)
}

fn long_row(world: &World, granted: &Given, records: std::ops::Range<u128>, rev: u64) -> Vec<Entry> {
    let receipt = |record| world.device.receipt_of(granted, record, rev, &brand("Acme"));
    records.map(receipt).collect()
}

#[tokio::test]
async fn what_arrived_is_filed_once_it_is_much_or_emptied_or_compared() {
    let (world, granted) = granted().await;
    let mut model = Model::new();
    let arrive = async |model: &mut Model, records: std::ops::Range<u128>, rev| {
        let row = long_row(&world, &granted, records, rev);
        push(&world, &granted, model, row).await;
        first_unfiled(&world, &granted)
    };
    for start in 0..6 {
        let filed = arrive(&mut model, start * 400..(start + 1) * 400, 1).await;
        assert_eq!(filed, Some(0), "more may follow a long row");
    }
    assert_eq!(
        arrive(&mut model, 5..6, 2).await,
        None,
        "much, and no more follows"
    );
    assert_eq!(arrive(&mut model, 6..7, 2).await, Some(2_401));
    let gone = vec![Entry::delete(long_row(&world, &granted, 6..7, 2)[0].slot, 3)];
    push(&world, &granted, &mut model, gone).await;
    assert_eq!(
        first_unfiled(&world, &granted),
        None,
        "no entry says what is emptied"
    );
    assert_eq!(arrive(&mut model, 7..8, 2).await, Some(2_402));
    assert_eq!(differences(&world, &granted, items(&model)).await, []);
    assert_eq!(first_unfiled(&world, &granted), None);
}

/// Random rows, long and short, new and old and emptied, while copies in memory are lost, or are those of a
/// transaction that failed.
#[tokio::test]
async fn a_server_that_files_late_answers_as_one_that_files_at_once() {
    for seed in 0..6 {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let (world, granted) = granted().await;
        let (mut model, mut were_unfiled) = (Model::new(), 0);
        for step in 0..24 {
            let count = [3, 40, 300, 400][rng.next_u32() as usize % 4];
            let start = u128::from(rng.next_u32() % 2_000);
            let may_empty = rng.next_u32().is_multiple_of(4);
            let mut entries = Vec::new();
            for record in start..start + count {
                let rev = u64::from(rng.next_u32() % 3) + step / 3;
                let entry = world
                    .device
                    .receipt_of(&granted, record, rev.max(1), &brand("Acme"));
                match may_empty && rng.next_u32().is_multiple_of(3) {
                    true => entries.push(Entry::delete(entry.slot, rev.max(1))),
                    false => entries.push(entry),
                }
            }
            push(&world, &granted, &mut model, entries).await;
            were_unfiled += usize::from(first_unfiled(&world, &granted).is_some());
            match rng.next_u32() % 4 {
                0 => drop(world.server.unfiled().take(&generation(&world, &granted))),
                1 => forge_copy(&world, &granted),
                2 if step % 2 == 0 => {
                    assert_eq!(
                        differences(&world, &granted, items(&model)).await,
                        [],
                        "seed {seed}"
                    );
                }
                _ => {}
            }
        }
        assert_eq!(
            differences(&world, &granted, items(&model)).await,
            [],
            "seed {seed}"
        );
        let mut thought = items(&model);
        let missing = thought.remove(thought.len() / 2);
        let found = differences(&world, &granted, thought).await;
        assert_eq!(found, [Difference::Theirs(missing)], "seed {seed}");
        assert!(were_unfiled > 3, "seed {seed}: nothing waited to be filed");
        let view = world.server.store().view().unwrap();
        let at = key(&[world.device.vault.as_bytes(), granted.grant.as_bytes()]);
        let held = view.get(&GRANTS, &at).unwrap().unwrap().held;
        assert_eq!(held, items(&model).iter().collect::<Summary>(), "seed {seed}");
    }
}

/// Leaves what a transaction that failed would have left in memory.
fn forge_copy(world: &World, granted: &Given) {
    let generation = generation(world, granted);
    let Some(run) = world.server.unfiled().take(&generation) else {
        return;
    };
    let forged = Run {
        next: run.next + 1,
        slots: BTreeMap::new(),
        ..run
    };
    let now = world.server.now();
    assert!(world.server.unfiled().keep(&generation, forged, now).is_ok());
}
