//! Pausing, narrowing and renewing against a server, with one device and with two copies of one vault.

use proptest::prelude::*;
use vault_wire::{
    id::GrantId,
    terms::{Duration, Terms},
    time::Timestamp,
};

use super::doubles::{Device, Server, names};
use crate::consent::{Grant, GrantState, Selection, grant, narrow, pause, renew, resume, withdraw};

const START: Timestamp = Timestamp::from_unix_ms(1_800_000_000_000);

pub(super) fn shown(device: &Device, id: GrantId) -> Grant {
    grant(&device.store.view().unwrap(), id, device.store.now()).unwrap()
}

pub(super) fn sync(device: &Device, server: &mut Server) {
    server.serve(&mut device.session(), usize::MAX).unwrap();
}

/// A device with nine records, all of which a server holds.
fn shared(seed: u64) -> (Device, Server, GrantId) {
    let (device, mut server) = (Device::new(seed), Server::new());
    device.fill(0..9);
    let grant = device.granted(&mut server);
    sync(&device, &mut server);
    assert_eq!(server.brands(grant), names(0..9));
    (device, server, grant)
}

/// The grant without the records from before a moment.
pub(super) fn since(device: &Device, id: GrantId, from: i64) -> Selection {
    let range = vault_wire::terms::TimeRange {
        from: Some(Timestamp::from_unix_ms(from)),
        to: None,
    };
    let all = Selection::all_of(&shown(device, id));
    all.within_time(vault_wire::catalogue::Category::Receipts, range)
        .unwrap()
}

#[test]
fn a_paused_grant_keeps_what_is_there_sends_nothing_and_goes_on_from_the_cursor() {
    let (device, mut server, grant) = shared(21);
    pause(&device.store, grant).unwrap();
    device.fill(9..12);
    sync(&device, &mut server);
    assert_eq!(
        server.brands(grant),
        names(0..9),
        "nothing was added or taken away"
    );
    let before = server.batches;
    resume(&device.store, grant).unwrap();
    sync(&device, &mut server);
    assert_eq!(server.brands(grant), names(0..12));
    assert_eq!(server.batches, before + 1, "only what is new was sent");
}

#[test]
fn a_pause_within_a_session_stops_the_lane_at_once() {
    let (device, mut server, grant) = shared(22);
    let mut session = device.session();
    server.serve(&mut session, usize::MAX).unwrap();
    pause(&device.store, grant).unwrap();
    device.fill(9..12);
    session.wake();
    server.serve(&mut session, usize::MAX).unwrap();
    assert!(server.is_paused());
    assert_eq!(server.brands(grant), names(0..9));
    resume(&device.store, grant).unwrap();
    session.wake();
    server.serve(&mut session, usize::MAX).unwrap();
    assert_eq!(server.brands(grant), names(0..12));
}

#[test]
fn a_narrowing_begins_a_generation_with_another_key_and_only_what_is_left() {
    let (device, mut server, grant) = shared(23);
    let key = *server.grant_key.as_ref().unwrap().as_bytes();
    let slots: Vec<_> = server.held.keys().copied().collect();
    narrow(&device.store, grant, &since(&device, grant, 1)).unwrap();
    sync(&device, &mut server);
    assert_eq!(server.generation, 2);
    assert_ne!(server.grant_key.as_ref().unwrap().as_bytes(), &key);
    assert!(
        server.held.is_empty(),
        "no record has a time, and the range has a beginning"
    );
    let dated = super::receipt("dated", "cash").at(START);
    device.write(|writer| writer.put(dated));
    sync(&device, &mut server);
    assert_eq!(server.held.len(), 1);
    assert!(server.held.keys().all(|slot| !slots.contains(slot)));
    assert!(!shown(&device, grant).undelivered);
}

#[test]
fn a_narrowing_within_a_session_goes_on_under_the_new_generation() {
    let (device, mut server, grant) = shared(24);
    let mut session = device.session();
    server.serve(&mut session, usize::MAX).unwrap();
    narrow(&device.store, grant, &since(&device, grant, 1)).unwrap();
    device.write(|writer| writer.put(super::receipt("dated", "cash").at(START)));
    session.wake();
    server.serve(&mut session, usize::MAX).unwrap();
    assert_eq!((server.generation, server.held.len()), (2, 1));
}

#[test]
fn wherever_the_connection_is_cut_around_a_narrowing_the_next_one_completes_it() {
    for cut in 0..6 {
        let (device, mut server, grant) = shared(25);
        device.write(|writer| writer.put(super::receipt("dated", "cash").at(START)));
        narrow(&device.store, grant, &since(&device, grant, 1)).unwrap();
        server.serve(&mut device.session(), cut).unwrap();
        sync(&device, &mut server);
        assert_eq!((server.generation, server.held.len()), (2, 1), "cut after {cut}");
        assert!(!shown(&device, grant).undelivered, "cut after {cut}");
    }
}

#[test]
fn a_grant_that_only_ends_earlier_keeps_its_generation_and_sends_nothing_again() {
    let (device, mut server, grant) = shared(26);
    let before = server.batches;
    let until = START.plus_ms(1_000_000);
    let selection = Selection::all_of(&shown(&device, grant)).until(until).unwrap();
    narrow(&device.store, grant, &selection).unwrap();
    sync(&device, &mut server);
    assert_eq!((server.generation, server.batches), (1, before));
    assert_eq!(server.terms().duration, Duration::TimeBound(until));
    renew(&device.store, grant, Some(until.plus_ms(1))).unwrap();
    sync(&device, &mut server);
    assert_eq!(server.terms().duration, Duration::TimeBound(until.plus_ms(1)));
    assert_eq!((server.generation, server.batches), (1, before));
}

#[test]
fn a_server_set_back_to_before_a_consent_is_sent_every_statement_with_its_proof_and_heals() {
    let (device, mut server, grant) = shared(27);
    pause(&device.store, grant).unwrap();
    sync(&device, &mut server);
    resume(&device.store, grant).unwrap();
    sync(&device, &mut server);
    let keys = Server::new().keys;
    server = Server {
        keys,
        state: vault_wire::id::StateId([44; 16]),
        ..Server::new()
    };
    sync(&device, &mut server);
    sync(&device, &mut server);
    assert_eq!(server.number(), 3);
    assert_eq!(server.brands(grant), names(0..9));
    let mut heard = server.heard.as_slice();
    let mut reader = vault_wire::frame::Reader::default();
    let mut proven = 0;
    while let Some(frame) = reader.next(&mut heard).unwrap() {
        if let vault_wire::frame::Frame::Statement(sent) = frame {
            let proof = sent.proof.unwrap();
            proof.acceptance.verify(&server.keys.0.public()).unwrap();
            proven += 1;
        }
    }
    assert_eq!(proven, 3);
}

#[test]
fn a_copy_that_did_not_hear_of_a_pause_takes_it_over() {
    let (device, mut server, grant) = shared(28);
    let copy = device.restored();
    pause(&device.store, grant).unwrap();
    sync(&device, &mut server);
    copy.fill(20..22);
    sync(&copy, &mut server);
    assert_eq!(shown(&copy, grant).state, GrantState::Paused);
    assert_eq!(server.brands(grant), names(0..9), "nothing was sent while paused");
    resume(&copy.store, grant).unwrap();
    sync(&copy, &mut server);
    sync(&device, &mut server);
    assert_eq!(shown(&device, grant).state, GrantState::Active);
}

#[test]
fn a_copy_that_did_not_hear_of_a_narrowing_goes_on_under_a_generation_of_its_own() {
    let (device, mut server, grant) = shared(29);
    let copy = device.restored();
    narrow(&device.store, grant, &since(&device, grant, 1)).unwrap();
    sync(&device, &mut server);
    copy.write(|writer| writer.put(super::receipt("dated", "cash").at(START)));
    sync(&copy, &mut server);
    sync(&copy, &mut server);
    assert_eq!(shown(&copy, grant).terms, shown(&device, grant).terms);
    assert_eq!((server.generation, server.held.len()), (3, 1));
}

#[test]
fn a_copy_that_narrowed_alike_does_not_take_the_others_generation_for_its_own() {
    let (device, mut server, grant) = shared_dated(32);
    let copy = device.restored();
    for one in [&device, &copy] {
        narrow(&one.store, grant, &since(one, grant, 1)).unwrap();
    }
    sync(&device, &mut server);
    put_dated(&copy, "of the copy");
    sync(&copy, &mut server);
    assert_eq!(server.brands(grant), brands_of(&copy), "all opens under one key");
    assert_eq!(shown(&copy, grant).terms, server.terms());
}

#[test]
fn a_copy_of_a_withdrawn_grant_says_so_itself_and_keeps_the_receipt() {
    let (device, mut server, grant) = shared(30);
    let copy = device.restored();
    withdraw(&device.store, grant).unwrap();
    sync(&device, &mut server);
    sync(&copy, &mut server);
    assert_eq!(shown(&copy, grant).state, GrantState::Erased);
}

pub(super) fn put_dated(device: &Device, brand: &str) {
    let record = super::receipt(brand, "cash").at(START);
    device.write(|writer| writer.put(record));
}

/// A device with three records of a known time, all of which a server holds.
pub(super) fn shared_dated(seed: u64) -> (Device, Server, GrantId) {
    let (device, mut server) = (Device::new(seed), Server::new());
    names(0..3).iter().for_each(|brand| put_dated(&device, brand));
    let grant = device.granted(&mut server);
    sync(&device, &mut server);
    (device, server, grant)
}

pub(super) fn brands_of(device: &Device) -> Vec<String> {
    let view = device.store.view().unwrap();
    let all = crate::records::Query {
        limit: usize::MAX,
        ..crate::records::Query::of(vault_wire::catalogue::Category::Receipts)
    };
    let records = crate::records::query(&view, &all).unwrap();
    let mut brands: Vec<_> = records
        .map(|record| match &record.unwrap().fields["brand"] {
            vault_wire::value::Value::Text(brand) => brand.clone(),
            _ => panic!("a brand is a text"),
        })
        .collect();
    brands.sort_unstable();
    brands
}

/// What an owner may do with one of two copies.
#[derive(Clone, Debug)]
enum Step {
    Pause(bool),
    Resume(bool),
    Since(bool, i64),
    Until(bool, i64),
    Renew(bool),
    /// A new record.
    Put(bool, u8),
    Withdraw(bool),
    Sync(bool),
    /// A connection that is lost after so many frames.
    Lose(bool, usize),
}

fn any_step() -> impl Strategy<Value = Step> {
    let copy = any::<bool>();
    prop_oneof![
        2 => copy.prop_map(Step::Pause),
        2 => copy.prop_map(Step::Resume),
        2 => (copy, 1i64..5).prop_map(|(copy, from)| Step::Since(copy, from)),
        1 => (copy, 1i64..5).prop_map(|(copy, day)| Step::Until(copy, day)),
        1 => copy.prop_map(Step::Renew),
        3 => (copy, any::<u8>()).prop_map(|(copy, name)| Step::Put(copy, name)),
        1 => copy.prop_map(Step::Withdraw),
        3 => copy.prop_map(Step::Sync),
        2 => (copy, 0usize..5).prop_map(|(copy, cut)| Step::Lose(copy, cut)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whatever_two_copies_say_in_whatever_order_all_sides_end_alike(
        steps in proptest::collection::vec(any_step(), 1..16)
    ) {
        let (device, mut server, id) = shared_dated(31);
        let copies = [device.restored(), device];
        let mut narrowed: Vec<Terms> = Vec::new();
        let mut withdrawn = false;
        for step in &steps {
            let of = |copy: bool| &copies[usize::from(copy)];
            match step {
                Step::Pause(copy) => drop(pause(&of(*copy).store, id)),
                Step::Resume(copy) => drop(resume(&of(*copy).store, id)),
                Step::Since(copy, from) => {
                    let selection = since(of(*copy), id, *from);
                    if narrow(&of(*copy).store, id, &selection).is_ok() {
                        narrowed.push(selection.terms().clone());
                    }
                }
                Step::Until(copy, day) => {
                    let until = START.plus_ms(day * 86_400_000);
                    if let Ok(selection) = Selection::all_of(&shown(of(*copy), id)).until(until) {
                        drop(narrow(&of(*copy).store, id, &selection));
                    }
                }
                Step::Renew(copy) => drop(renew(&of(*copy).store, id, None)),
                Step::Put(copy, name) => put_dated(of(*copy), &format!("put {name:03}")),
                Step::Withdraw(copy) => withdrawn |= withdraw(&of(*copy).store, id).is_ok(),
                Step::Sync(copy) => sync(of(*copy), &mut server),
                Step::Lose(copy, cut) => {
                    server.serve(&mut of(*copy).session(), *cut).unwrap();
                }
            }
        }
        for _ in 0..3 {
            copies.iter().for_each(|copy| sync(copy, &mut server));
        }
        let [one, other] = [shown(&copies[0], id), shown(&copies[1], id)];
        prop_assert_eq!(one.state, other.state);
        prop_assert_eq!(server.withdrawn, withdrawn);
        if withdrawn {
            prop_assert_eq!(one.state, GrantState::Erased);
            return Ok(());
        }
        prop_assert_eq!(&one.terms, &other.terms);
        prop_assert_eq!(&one.terms, &server.terms());
        prop_assert_eq!(one.state == GrantState::Paused, server.is_paused());
        if server.is_paused() {
            resume(&copies[1].store, id).unwrap();
            sync(&copies[1], &mut server);
        }
        prop_assert_eq!(server.brands(id), brands_of(&copies[1]));
        prop_assert!(!one.undelivered && !other.undelivered);
        for terms in &narrowed {
            let shows_no_more = server.terms().details.iter().all(|ours| {
                terms.detail(ours.category).is_some_and(|theirs| {
                    ours.time_range.within(&theirs.time_range)
                })
            });
            prop_assert!(shows_no_more, "a narrowing was lost: {:?}", terms);
        }
    }
}
