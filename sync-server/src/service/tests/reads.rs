//! What a developer gets, and what not (invariant I1).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use vault_wire::{
    frame::Event as Told,
    id::SubjectId,
    statement::Event,
    terms::{Duration, Frequency, Period, Terms},
    value::Value,
};

use super::{
    device::{Given, brand},
    world::{World, query, seconds, terms},
};
use crate::service::{
    page::Page,
    read::{Content, ReadError, ReadQuery, ReadRecord},
    sweep::sweep,
};

async fn with_records(world: &World, terms: Terms, count: u8) -> Given {
    world.try_ask(world.subject, terms).await.unwrap();
    let granted = world.device.approve(&world.server).await;
    let entries = (1..=count)
        .map(|n| {
            world
                .device
                .receipt(&granted, n, 1, &brand(&format!("brand {n:03}")))
        })
        .collect();
    let ack = world.device.push(&world.server, &granted, entries).await;
    assert!(ack.rejected.is_empty(), "{ack:?}");
    granted
}

fn fields(record: &ReadRecord) -> &BTreeMap<String, Value> {
    match &record.content {
        Content::Fields(fields) => fields,
        Content::Sealed { .. } => panic!("the record is sealed"),
    }
}

fn no_consent() -> ReadError {
    ReadError::ConsentRequired {
        pending_request: None,
    }
}

#[tokio::test]
async fn consented_records_are_answered_and_the_owner_sees_the_read() {
    let world = World::new().await;
    let granted = with_records(&world, terms(), 3).await;
    let answer = world.read().await.unwrap();
    let brands: Vec<_> = answer
        .records
        .iter()
        .map(|record| fields(record)["brand"].clone())
        .collect();
    assert_eq!(
        brands,
        ["brand 001", "brand 002", "brand 003"].map(|b| Value::Text(b.into()))
    );
    let told = world.device.told(&world.server).await;
    let Some(Told::Read(receipt)) = told.into_iter().map(|notice| notice.event).next_back() else {
        panic!("the owner was not told");
    };
    assert_eq!(
        (receipt.id, receipt.grant, receipt.records),
        (answer.read_id, granted.grant, 3)
    );
    assert_eq!(receipt.fields, ["brand"]);
}

#[tokio::test]
async fn an_unknown_subject_and_one_without_a_grant_look_the_same() {
    let world = World::new().await;
    let unknown = world.read_with(query(SubjectId([9; 16]))).await.unwrap_err();
    let without = world.read().await.unwrap_err();
    assert_eq!((&unknown, &without), (&no_consent(), &no_consent()));
    for subject in [SubjectId([9; 16]), world.subject] {
        let asked = world.try_ask(subject, terms()).await.unwrap();
        let refused = world.read_with(query(subject)).await.unwrap_err();
        let pending_request = Some(asked.id);
        assert_eq!(refused, ReadError::ConsentRequired { pending_request });
    }
}

#[tokio::test]
async fn a_request_to_nobody_lapses_like_one_that_nobody_answers() {
    let world = World::new().await;
    let nobody = SubjectId([9; 16]);
    let mut refusals = Vec::new();
    for subject in [nobody, world.subject] {
        world.try_ask(subject, terms()).await.unwrap();
    }
    world.clock.advance_ms(seconds(86_581));
    sweep(&world.server).await.unwrap();
    for subject in [nobody, world.subject] {
        refusals.push(world.try_ask(subject, terms()).await.unwrap_err());
    }
    assert_eq!(refusals[0], refusals[1]);
}

#[tokio::test]
async fn an_expired_grant_answers_nothing_and_loses_its_key() {
    let world = World::new().await;
    let end = world.server.now().plus_ms(seconds(100));
    let bound = Terms {
        duration: Duration::TimeBound(end),
        ..terms()
    };
    let granted = with_records(&world, bound, 1).await;
    world.clock.advance_ms(seconds(99));
    drop(world.read().await.unwrap());
    world.clock.advance_ms(seconds(1));
    assert_eq!(world.read().await.unwrap_err(), no_consent());
    sweep(&world.server).await.unwrap();
    assert!(world.server.grant_keys().get(granted.grant, 1).unwrap().is_none());
}

#[tokio::test]
async fn another_purpose_is_not_covered() {
    let world = World::new().await;
    with_records(&world, terms(), 1).await;
    let marketing = ReadQuery {
        purpose: Some(vault_wire::purpose::Purpose::Marketing),
        ..query(world.subject)
    };
    assert_eq!(world.read_with(marketing).await.unwrap_err(), no_consent());
}

#[tokio::test]
async fn pages_are_stable_while_records_arrive() {
    let world = World::new().await;
    let granted = with_records(&world, terms(), 5).await;
    let mut seen = BTreeSet::new();
    let mut page = ReadQuery {
        limit: 2,
        ..query(world.subject)
    };
    for round in 0u8..10 {
        let answer = world.read_with(page.clone()).await.unwrap();
        let more = vec![world.device.receipt(&granted, 100 + round, 1, &brand("late"))];
        if round < 2 {
            world.device.push(&world.server, &granted, more).await;
        }
        for record in &answer.records {
            assert!(seen.insert(record.slot), "a record came twice");
        }
        page.after.clone_from(&answer.next);
        if answer.next.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 7);
}

#[tokio::test]
async fn a_cursor_that_was_changed_or_made_for_another_category_is_refused() {
    let world = World::new().await;
    with_records(&world, terms(), 3).await;
    let first = ReadQuery {
        limit: 1,
        ..query(world.subject)
    };
    let cursor = world.read_with(first.clone()).await.unwrap().next.unwrap();
    let mut changed = cursor.clone();
    changed.replace_range(40..41, if &cursor[40..41] == "0" { "1" } else { "0" });
    for after in [changed, "zz".into(), String::new(), cursor[..32].to_owned()] {
        let query = ReadQuery {
            after: Some(after),
            ..first.clone()
        };
        assert_eq!(
            world.read_with(query).await.unwrap_err(),
            ReadError::InvalidCursor
        );
    }
}

#[tokio::test]
async fn fields_only_narrow() {
    let world = World::new().await;
    with_records(&world, terms(), 1).await;
    let only = |names: &[&str]| ReadQuery {
        fields: Some(names.iter().map(|name| (*name).to_owned()).collect()),
        ..query(world.subject)
    };
    let answer = world.read_with(only(&["total_cost"])).await.unwrap();
    assert!(fields(&answer.records[0]).is_empty());
    for wrong in ["payment_method", "shoe_size", "purchase_location"] {
        let refused = world.read_with(only(&["brand", wrong])).await.unwrap_err();
        assert_eq!(refused, ReadError::InvalidFields(vec![wrong.into()]));
    }
}

#[tokio::test]
async fn a_frequency_counts_reads_and_not_their_pages() {
    let world = World::new().await;
    let twice_an_hour = Terms {
        frequency: Some(Frequency {
            max_reads: 2,
            per: Period::Hour,
        }),
        ..terms()
    };
    with_records(&world, twice_an_hour, 3).await;
    let mut page = ReadQuery {
        limit: 1,
        ..query(world.subject)
    };
    for _ in 0..3 {
        page.after = world.read_with(page.clone()).await.unwrap().next;
    }
    world.clock.advance_ms(seconds(60));
    drop(world.read().await.unwrap());
    let refused = world.read().await.unwrap_err();
    assert_eq!(refused, ReadError::FrequencyExceeded { retry_after_s: 3_540 });
    world.clock.advance_ms(seconds(3_540));
    drop(world.read().await.unwrap());
}

#[tokio::test]
async fn a_one_time_grant_answers_one_read_with_all_its_pages() {
    let world = World::new().await;
    let once = Terms {
        duration: Duration::OneTime,
        ..terms()
    };
    let granted = with_records(&world, once, 3).await;
    let first = ReadQuery {
        limit: 2,
        ..query(world.subject)
    };
    let next = world.read_with(first.clone()).await.unwrap().next;
    assert_eq!(world.read().await.unwrap_err(), no_consent());
    let rest = ReadQuery { after: next, ..first };
    assert_eq!(world.read_with(rest.clone()).await.unwrap().records.len(), 1);
    world.clock.advance_ms(seconds(3_601));
    assert_eq!(world.read_with(rest).await.unwrap_err(), no_consent());
    sweep(&world.server).await.unwrap();
    assert!(world.server.grant_keys().get(granted.grant, 1).unwrap().is_none());
}

#[tokio::test]
async fn the_owner_is_told_of_refused_reads_once_an_hour() {
    let world = World::new().await;
    for _ in 0..3 {
        world.read().await.unwrap_err();
    }
    sweep(&world.server).await.unwrap();
    world.read().await.unwrap_err();
    sweep(&world.server).await.unwrap();
    let refused = |told: Vec<vault_wire::frame::Notice>| {
        let counts = told.into_iter().filter_map(|notice| match notice.event {
            Told::RefusedReads(refused) => Some(refused.attempts),
            _ => None,
        });
        counts.collect::<Vec<_>>()
    };
    assert_eq!(refused(world.device.told(&world.server).await), [3]);
    world.clock.advance_ms(seconds(3_600));
    sweep(&world.server).await.unwrap();
    assert_eq!(refused(world.device.told(&world.server).await), [3, 1]);
}

#[tokio::test]
async fn a_withdrawal_waits_for_the_answer_that_is_being_written_and_then_reads_are_refused() {
    let world = Arc::new(World::new().await);
    let mut granted = with_records(&world, terms(), 1).await;
    let answer = world.read().await.unwrap();
    let withdrawing = tokio::spawn({
        let world = Arc::clone(&world);
        async move {
            world
                .device
                .follow(&world.server, &mut granted, Event::Withdrawn)
                .await
        }
    });
    while world.read().await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(
        !withdrawing.is_finished(),
        "an earlier answer is still being written"
    );
    drop(answer);
    withdrawing.await.unwrap();
    assert_eq!(world.read().await.unwrap_err(), no_consent());
}

#[tokio::test]
async fn grants_are_listed_with_their_use() {
    use crate::service::grants::{GrantFilter, GrantStatus, grants};
    let world = World::new().await;
    let granted = with_records(&world, terms(), 1).await;
    drop(world.read().await.unwrap());
    let Page { items, next } =
        grants(&world.server, &world.caller, &GrantFilter::default(), None, 10).unwrap();
    assert_eq!((items.len(), next), (1, None));
    assert_eq!(
        (items[0].id, items[0].status),
        (granted.grant, GrantStatus::Active)
    );
    assert_eq!(items[0].usage.reads_total, 1);
    let withdrawn = GrantFilter {
        status: Some(GrantStatus::Withdrawn),
        ..GrantFilter::default()
    };
    let page = grants(&world.server, &world.caller, &withdrawn, None, 10).unwrap();
    assert!(page.items.is_empty());
}
