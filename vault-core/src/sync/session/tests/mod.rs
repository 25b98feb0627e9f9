//! The session against a server in memory, with every way of losing a connection.

mod chain;
mod changes;
mod copies;
mod doubles;
mod escrow;
mod keys;
mod lanes;
mod log;
mod stale;
mod told;
mod two_copies;

use vault_wire::{
    catalogue::Category,
    entry::Entry,
    frame::Frame,
    id::{Slot, StateId},
    signature::SecretKey,
    value::Value,
};

use crate::{
    consent::{grants, withdraw},
    sync::progress::Progress,
};
use doubles::{Device, Server, names, receipt};

#[test]
fn the_server_holds_just_what_was_granted() {
    let (device, mut server) = (Device::new(1), Server::new());
    device.fill(0..10);
    let grant = device.granted(&mut server);
    server.serve(&mut device.session(), usize::MAX).unwrap();
    assert_eq!(server.brands(grant), names(0..10));
    assert!(
        !server.heard.windows(4).any(|bytes| bytes == b"cash"),
        "a field that was not granted left the device"
    );
}

#[test]
fn when_nothing_changed_nothing_but_hello_is_sent() {
    let (device, mut server) = (Device::new(2), Server::new());
    device.put("a");
    device.granted(&mut server);
    server.serve(&mut device.session(), usize::MAX).unwrap();
    server.heard.clear();
    server.serve(&mut device.session(), usize::MAX).unwrap();
    let first = vault_wire::frame::Reader::default()
        .next(&mut server.heard.as_slice())
        .unwrap()
        .unwrap();
    assert!(matches!(first, Frame::Hello(_)));
    assert_eq!(
        vault_wire::frame::encode(&first),
        server.heard,
        "nothing follows HELLO"
    );
}

#[test]
fn an_edit_of_a_field_that_is_not_granted_sends_nothing() {
    let (device, mut server) = (Device::new(3), Server::new());
    let id = device.put("a");
    device.granted(&mut server);
    server.serve(&mut device.session(), usize::MAX).unwrap();
    let before = server.batches;
    device.write(|writer| writer.update(id, receipt("a", "card")));
    server.serve(&mut device.session(), usize::MAX).unwrap();
    assert_eq!(server.batches, before);
}

#[test]
fn edits_and_deletions_follow() {
    let (device, mut server) = (Device::new(4), Server::new());
    let (edited, deleted) = (device.put("old"), device.put("gone"));
    let grant = device.granted(&mut server);
    server.serve(&mut device.session(), usize::MAX).unwrap();
    device.write(|writer| writer.update(edited, receipt("new", "cash")));
    device.write(|writer| writer.delete(deleted));
    server.serve(&mut device.session(), usize::MAX).unwrap();
    assert_eq!(server.brands(grant), ["new"]);
}

#[test]
fn wherever_the_connection_is_cut_the_next_one_completes_what_is_missing() {
    for cut in 0..8 {
        let (device, mut server) = (Device::new(5), Server::new());
        device.fill(0..18);
        let grant = device.granted(&mut server);
        server.serve(&mut device.session(), cut).unwrap();
        // While disconnected, a record that may or may not have arrived is deleted, another edited.
        let first = crate::records::query(
            &device.store.view().unwrap(),
            &crate::records::Query::of(Category::Receipts),
        );
        let ids: Vec<_> = first.unwrap().take(2).map(|record| record.unwrap()).collect();
        device.write(|writer| writer.delete(ids[0].id));
        device.write(|writer| writer.update(ids[1].id, receipt("edited", "cash")));
        server.serve(&mut device.session(), usize::MAX).unwrap();
        let Value::Text(gone) = &ids[0].fields["brand"] else {
            panic!()
        };
        let Value::Text(old) = &ids[1].fields["brand"] else {
            panic!()
        };
        let mut expected: Vec<_> = names(0..18)
            .into_iter()
            .filter(|brand| brand != gone && brand != old)
            .chain(["edited".to_owned()])
            .collect();
        expected.sort_unstable();
        assert_eq!(server.brands(grant), expected, "cut after {cut} frames");
    }
}

#[test]
fn a_server_that_lost_data_is_filled_again_and_nothing_local_is_lost() {
    let (device, mut server) = (Device::new(6), Server::new());
    device.fill(0..9);
    let grant = device.granted(&mut server);
    server.serve(&mut device.session(), usize::MAX).unwrap();
    // A backup of an earlier moment comes back, under a new state.
    let lost: Vec<_> = server.held.keys().copied().take(5).collect();
    lost.iter().for_each(|slot| drop(server.held.remove(slot)));
    server.state = StateId([33; 16]);
    server.serve(&mut device.session(), usize::MAX).unwrap();
    assert_eq!(server.brands(grant), names(0..9));
    assert_eq!(
        crate::records::count(&device.store.view().unwrap(), Category::Receipts).unwrap(),
        9
    );
}

#[test]
fn entries_that_no_record_accounts_for_are_taken_back() {
    let (device, mut server) = (Device::new(7), Server::new());
    device.fill(0..9);
    let grant = device.granted(&mut server);
    server.serve(&mut device.session(), usize::MAX).unwrap();
    // The server holds what a restored vault no longer knows.
    for stray in 0..7 {
        server.held.insert(
            Slot([stray; 16]),
            Entry {
                slot: Slot([stray; 16]),
                ..server.held.values().next().unwrap().clone()
            },
        );
    }
    server.serve(&mut device.session(), usize::MAX).unwrap();
    assert_eq!(server.brands(grant), names(0..9));
    let before = server.batches;
    server.serve(&mut device.session(), usize::MAX).unwrap();
    assert_eq!(server.batches, before, "the two sides agree");
}

#[test]
fn a_copy_begins_a_life_of_its_own_and_its_first_sync_leaves_exactly_what_it_holds() {
    let (device, mut server) = (Device::new(10), Server::new());
    device.fill(0..5);
    let grant = device.granted(&mut server);
    server.serve(&mut device.session(), usize::MAX).unwrap();
    let copy = device.restored();
    assert_ne!(copy.incarnation(), device.incarnation());
    device.fill(5..9);
    server.serve(&mut device.session(), usize::MAX).unwrap();
    assert_eq!(server.brands(grant), names(0..9));
    copy.fill(20..22);
    server.serve(&mut copy.session(), usize::MAX).unwrap();
    let held: Vec<_> = names(0..5).into_iter().chain(names(20..22)).collect();
    assert_eq!(server.brands(grant), held);
    let held = Progress::load(&copy.store.view().unwrap(), grant, 1)
        .unwrap()
        .held;
    assert_eq!(held.count, 7);
    let before = server.batches;
    server.serve(&mut copy.session(), usize::MAX).unwrap();
    assert_eq!(server.batches, before, "the two sides agree");
}

#[test]
fn a_withdrawal_made_offline_goes_first_and_ends_with_a_checked_receipt() {
    let (device, mut server) = (Device::new(8), Server::new());
    device.fill(0..9);
    let grant = device.granted(&mut server);
    server.serve(&mut device.session(), usize::MAX).unwrap();
    device.put("never shared");
    withdraw(&device.store, grant).unwrap();
    let before = server.batches;
    server.serve(&mut device.session(), usize::MAX).unwrap();
    assert!(server.withdrawn && server.held.is_empty());
    assert_eq!(server.batches, before);
    let shown = grants(&device.store.view().unwrap(), device.store.now()).unwrap();
    assert_eq!(shown[0].state, crate::consent::GrantState::Erased);
    assert!(!shown[0].undelivered);
}

#[test]
fn an_erasure_receipt_of_another_server_is_refused() {
    let (device, mut server) = (Device::new(9), Server::new());
    let grant = device.granted(&mut server);
    server.serve(&mut device.session(), usize::MAX).unwrap();
    withdraw(&device.store, grant).unwrap();
    let mut session = device.session();
    let hello = session.next_frame().unwrap().unwrap();
    server
        .hear(hello)
        .into_iter()
        .for_each(|answer| session.receive(answer).unwrap_or_default());
    server.keys.0 = SecretKey::from_seed(&[99; 32]);
    assert!(server.serve(&mut session, usize::MAX).is_err());
    let shown = grants(&device.store.view().unwrap(), device.store.now()).unwrap();
    assert_eq!(
        shown[0].state,
        crate::consent::GrantState::Withdrawn,
        "the erasure is not proven"
    );
}
