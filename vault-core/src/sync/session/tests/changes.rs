//! Pausing, narrowing and renewing against a server, with one device and with a copy of it.

use vault_wire::{id::GrantId, terms::Duration, time::Timestamp};

use super::doubles::{Device, Server, names};
use crate::consent::{Grant, GrantState, Selection, grant, narrow, pause, renew, resume, withdraw};

pub(super) const START: Timestamp = Timestamp::from_unix_ms(1_800_000_000_000);

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
