//! What goes first, what heals, and what the numbers on the wire tell.

use std::collections::BTreeMap;

use vault_wire::{
    entry::{Body, Entry},
    frame::{Frame, Rejection},
    id::Slot,
};

use super::{
    doubles::{Device, Server, names, receipt},
    stale::sends_and_hears_nothing,
};
use crate::sync::progress::{Gap, Progress};

/// Serves so many frames that the device sends, and tells which brands its batches held.
fn serve_some(server: &mut Server, session: &mut super::super::Session, frames: usize) -> Vec<Slot> {
    let mut sent = Vec::new();
    for _ in 0..frames {
        let Some(frame) = session.next_frame().unwrap() else {
            break;
        };
        if let Frame::Entries(batch) = &frame {
            sent.extend(batch.entries.iter().map(|entry| entry.slot));
        }
        for answer in server.hear(frame) {
            session.receive(answer).unwrap();
        }
    }
    sent
}

#[test]
fn what_changes_now_goes_before_what_was_there_before() {
    let (device, mut server) = (Device::new(31), Server::new());
    device.fill(0..40);
    let grant = device.granted(&mut server);
    let mut session = device.session();
    serve_some(&mut server, &mut session, 4);
    assert!(
        (1..40).contains(&server.held.len()),
        "in the middle of the back-fill"
    );
    let before = server.held.clone();
    device.put("live");
    session.wake();
    serve_some(&mut server, &mut session, 1);
    let new: Vec<_> = server
        .held
        .keys()
        .filter(|slot| !before.contains_key(slot))
        .collect();
    assert_eq!(new.len(), 1, "the next batch is the live one");
    assert!(server.brands(grant).contains(&"live".to_owned()));
    server.serve(&mut session, usize::MAX).unwrap();
    let all: Vec<_> = names(0..40).into_iter().chain(["live".to_owned()]).collect();
    assert_eq!(server.brands(grant), all);
}

#[test]
fn a_back_fill_that_was_cut_goes_on_behind_what_changed_meanwhile_and_sends_nothing_twice() {
    for cut in [3, 5, 8] {
        let (device, mut server) = (Device::new(32), Server::new());
        device.fill(0..40);
        let grant = device.granted(&mut server);
        let mut session = device.session();
        serve_some(&mut server, &mut session, cut);
        // What was acknowledged is durable once the session is quiet; here it breaks before.
        drop(session);
        let held: BTreeMap<Slot, u64> = server
            .held
            .iter()
            .map(|(slot, entry)| (*slot, entry.rev))
            .collect();
        device.put("meanwhile");
        server.serve(&mut device.session(), usize::MAX).unwrap();
        let all: Vec<_> = names(0..40).into_iter().chain(["meanwhile".to_owned()]).collect();
        assert_eq!(server.brands(grant), all, "cut after {cut} frames");
        for (slot, rev) in held {
            assert_eq!(server.held[&slot].rev, rev, "sent again though it was held");
        }
        let progress = Progress::load(&device.store.view().unwrap(), grant, 1).unwrap();
        assert_eq!((progress.held.count, progress.looked.gap), (41, None));
    }
}

#[test]
fn a_record_that_leaves_the_gap_by_changing_is_sent_once() {
    let (device, mut server) = (Device::new(33), Server::new());
    device.fill(0..40);
    let last = device.put("last");
    let grant = device.granted(&mut server);
    let mut session = device.session();
    serve_some(&mut server, &mut session, 4);
    device.write(|writer| writer.update(last, receipt("changed", "cash")));
    session.wake();
    server.serve(&mut session, usize::MAX).unwrap();
    assert!(server.brands(grant).contains(&"changed".to_owned()));
    assert!(
        server.held.values().all(|entry| entry.rev == 1),
        "each slot had one revision"
    );
}

#[test]
fn revisions_count_the_changes_of_their_slot_and_of_nothing_else() {
    let (device, mut server) = (Device::new(34), Server::new());
    let busy = device.put("busy");
    let grant = device.granted(&mut server);
    server.serve(&mut device.session(), usize::MAX).unwrap();
    for change in 0..5 {
        device.write(|writer| writer.update(busy, receipt(&format!("busy {change}"), "cash")));
        // Changes that the grant does not show, and of other records, count nowhere.
        device.write(|writer| writer.update(busy, receipt(&format!("busy {change}"), "card")));
        device.put(&format!("other {change}"));
        server.serve(&mut device.session(), usize::MAX).unwrap();
    }
    let mut revisions: Vec<_> = server.held.values().map(|entry| entry.rev).collect();
    revisions.sort_unstable();
    assert_eq!(revisions, [1, 1, 1, 1, 1, 6]);
    assert_eq!(server.brands(grant).len(), 6);
}

#[test]
fn a_slot_that_is_further_at_the_server_is_sent_again_above_it() {
    let (device, mut server) = (Device::new(35), Server::new());
    device.put("a");
    let grant = device.granted(&mut server);
    // What it had there was deleted by a copy of the vault that is gone.
    let mut session = device.session();
    let mut heard = Vec::new();
    while let Some(frame) = session.next_frame().unwrap() {
        if let Frame::Entries(batch) = &frame
            && heard.is_empty()
        {
            server.deleted.insert(batch.entries[0].slot, 7);
            heard.push(batch.entries[0].slot);
        }
        for answer in server.hear(frame) {
            session.receive(answer).unwrap();
        }
    }
    assert!(session.is_settled());
    assert_eq!(server.held[&heard[0]].rev, 8);
    assert_eq!(server.brands(grant), ["a"]);
}

#[test]
fn a_server_that_calls_everything_stale_is_not_believed_for_ever() {
    let (device, mut server) = (Device::new(36), Server::new());
    device.put("a");
    device.granted(&mut server);
    let mut session = device.session();
    let mut batches = 0;
    while let Some(frame) = session.next_frame().unwrap() {
        let Frame::Entries(batch) = frame else {
            for answer in server.hear(frame) {
                session.receive(answer).unwrap();
            }
            continue;
        };
        batches += 1;
        assert!(batches < 10);
        let stale = |entry: &Entry| (entry.slot, Rejection::Stale(entry.rev + 1));
        let ack = vault_wire::frame::EntriesAck {
            grant: batch.grant,
            generation: batch.generation,
            number: batch.number,
            rejected: batch.entries.iter().map(stale).collect(),
        };
        session.receive(Frame::EntriesAck(ack)).unwrap();
    }
    assert!(session.is_settled() && session.report().rejected == 1);
}

#[test]
fn nothing_but_what_differs_is_sent_after_the_server_was_set_back() {
    let (device, mut server) = (Device::new(37), Server::new());
    device.fill(0..200);
    let grant = device.granted(&mut server);
    server.serve(&mut device.session(), usize::MAX).unwrap();
    let lost: Vec<Slot> = server.held.keys().copied().step_by(40).collect();
    lost.iter().for_each(|slot| drop(server.held.remove(slot)));
    let garbled = *server.held.keys().nth(3).unwrap();
    let entry = server.held.get_mut(&garbled).unwrap();
    entry.tag = vault_wire::entry::ContentTag([9; 16]);
    let before = server.batches;
    let mut session = device.session();
    server.serve(&mut session, usize::MAX).unwrap();
    assert_eq!(server.brands(grant), names(0..200));
    assert_eq!(session.report().entries, lost.len() as u64 + 1);
    assert_eq!(server.batches - before, (lost.len() + 1).div_ceil(4));
    server.serve(&mut device.session(), usize::MAX).unwrap();
    assert_eq!(
        server.batches - before,
        (lost.len() + 1).div_ceil(4),
        "the two sides agree"
    );
}

#[test]
fn an_acknowledgement_that_was_lost_is_found_by_comparing_and_nothing_is_sent_again() {
    let (device, mut server) = (Device::new(38), Server::new());
    device.fill(0..3);
    let grant = device.granted(&mut server);
    sends_and_hears_nothing(&device, &mut server);
    assert_eq!(server.held.len(), 3);
    let before = server.batches;
    server.serve(&mut device.session(), usize::MAX).unwrap();
    assert_eq!(server.batches, before);
    let progress = Progress::load(&device.store.view().unwrap(), grant, 1).unwrap();
    assert_eq!(progress.held.count, 3);
}

#[test]
fn what_the_server_held_of_a_grant_that_is_over_is_cleared_away_later() {
    let (device, mut server) = (Device::new(39), Server::new());
    device.fill(0..9);
    let grant = device.granted(&mut server);
    server.serve(&mut device.session(), usize::MAX).unwrap();
    let tables = |device: &Device| {
        let tables = device.store.view().unwrap().tables().unwrap();
        tables
            .iter()
            .filter(|table| table.name().starts_with("held/"))
            .count()
    };
    assert_eq!(tables(&device), 1);
    crate::consent::withdraw(&device.store, grant).unwrap();
    server.serve(&mut device.session(), usize::MAX).unwrap();
    assert_eq!(tables(&device), 1, "it may be very large");
    server.serve(&mut device.session(), usize::MAX).unwrap();
    assert_eq!(tables(&device), 0);
}

#[test]
fn a_gap_is_remembered_from_one_session_to_the_next() {
    let (device, mut server) = (Device::new(40), Server::new());
    device.fill(0..40);
    let grant = device.granted(&mut server);
    let mut session = device.session();
    // One batch at a time, so that each acknowledgement is written down.
    serve_some(&mut server, &mut session, 5);
    serve_some(&mut server, &mut session, 1);
    let progress = Progress::load(&device.store.view().unwrap(), grant, 1).unwrap();
    let Gap { from, to } = progress.looked.gap.unwrap();
    assert!(0 < from && from < to && progress.looked.live == to);
    let deletions = server
        .held
        .values()
        .filter(|entry| matches!(entry.body, Body::Delete))
        .count();
    assert_eq!(deletions, 0);
    server.serve(&mut device.session(), usize::MAX).unwrap();
    assert_eq!(server.brands(grant), names(0..40));
}
