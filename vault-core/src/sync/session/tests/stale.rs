//! A server that is further with a slot than the device could know: what it calls stale is sent again, and
//! neither forgotten nor sent too late.

use vault_wire::{
    entry::Body,
    frame::{Entries, Frame, Rejection},
};

use super::doubles::{Device, Server, names, receipt};
use crate::{
    records::last_change,
    sync::{progress::Progress, session::Session},
};

/// A session whose batch reached the server, but not the answer to it.
pub(super) fn sends_and_hears_nothing(device: &Device, server: &mut Server) {
    let mut lost = device.session();
    while let Some(frame) = lost.next_frame().unwrap() {
        let is_batch = matches!(frame, Frame::Entries(_));
        let answers = server.hear(frame);
        if is_batch {
            break;
        }
        answers
            .into_iter()
            .for_each(|answer| lost.receive(answer).unwrap());
    }
}

/// A session that has just compared.
fn compared(device: &Device, server: &mut Server) -> Session {
    let mut session = device.session();
    for _ in 0..2 {
        let frame = session.next_frame().unwrap().unwrap();
        let answers = server.hear(frame);
        answers
            .into_iter()
            .for_each(|answer| session.receive(answer).unwrap());
    }
    session
}

fn next_batch(session: &mut Session) -> Entries {
    loop {
        match session.next_frame().unwrap() {
            Some(Frame::Entries(batch)) => return batch,
            None if session.has_more_to_look_at() => {}
            other => panic!("not a batch: {other:?}"),
        }
    }
}

/// The server's answers to batches, which reach the session. Returns what is stale of the last.
fn answered(server: &mut Server, session: &mut Session, batches: Vec<Entries>) -> Vec<Rejection> {
    let mut stale = Vec::new();
    for batch in batches {
        let ack = server.keep(batch);
        stale = ack.rejected.iter().map(|(_, why)| *why).collect();
        session.receive(Frame::EntriesAck(ack)).unwrap();
    }
    stale
}

/// The server has a change whose acknowledgement was lost. The comparison finds that, and before it is
/// written down, the record is deleted: the server is further than the comparison could tell.
#[test]
fn a_deletion_that_has_to_be_sent_again_is_not_forgotten_for_what_was_compared_before_it() {
    let (device, mut server) = (Device::new(41), Server::new());
    device.fill(0..3);
    let changing = device.put("before");
    let grant = device.granted(&mut server);
    server.serve(&mut device.session(), usize::MAX).unwrap();
    device.write(|writer| writer.update(changing, receipt("changed", "cash")));
    sends_and_hears_nothing(&device, &mut server);

    let mut session = compared(&device, &mut server);
    device.put("live");
    session.wake();
    let live = next_batch(&mut session);
    assert!(
        session.next_frame().unwrap().is_none(),
        "what differed is there already"
    );
    device.write(|writer| writer.delete(changing));
    session.wake();
    let deletion = next_batch(&mut session);
    let stale = answered(&mut server, &mut session, vec![live, deletion]);
    assert!(
        matches!(stale[..], [Rejection::Stale(2)]),
        "a comparison tells no revisions"
    );
    next_batch(&mut session);
    assert!(
        session.next_frame().unwrap().is_none(),
        "the deletion again, which is lost"
    );
    drop(session);
    server.serve(&mut device.session(), usize::MAX).unwrap();
    let all: Vec<_> = names(0..3).into_iter().chain(["live".to_owned()]).collect();
    assert_eq!(server.brands(grant), all);
}

#[test]
fn what_changes_after_a_comparison_settled_it_is_sent_with_the_next_revision() {
    let (device, mut server) = (Device::new(42), Server::new());
    device.fill(0..3);
    let grant = device.granted(&mut server);
    server.serve(&mut device.session(), usize::MAX).unwrap();
    let new = device.put("new");
    sends_and_hears_nothing(&device, &mut server);

    let mut session = compared(&device, &mut server);
    device.put("live");
    session.wake();
    let live = next_batch(&mut session);
    assert!(
        session.next_frame().unwrap().is_none(),
        "what differed is there already"
    );
    device.write(|writer| writer.update(new, receipt("newer", "cash")));
    session.wake();
    let newer = next_batch(&mut session);
    assert_eq!(newer.entries[0].rev, 2);
    assert_eq!(answered(&mut server, &mut session, vec![live, newer]), []);
    server.serve(&mut session, usize::MAX).unwrap();
    let new = ["live", "newer"].map(str::to_owned);
    assert_eq!(server.brands(grant), [names(0..3), new.to_vec()].concat());
}

/// Otherwise one who is cut off again and again walks farther each time over what the server has.
#[test]
fn how_far_the_walk_is_does_not_wait_for_what_a_comparison_found() {
    let (device, mut server) = (Device::new(44), Server::new());
    device.fill(0..3);
    let grant = device.granted(&mut server);
    server.serve(&mut device.session(), usize::MAX).unwrap();
    device.put("new");
    sends_and_hears_nothing(&device, &mut server);

    let mut session = compared(&device, &mut server);
    device.fill(10..20);
    session.wake();
    let live = next_batch(&mut session);
    let sent = live.entries.len() as u64;
    assert_eq!(answered(&mut server, &mut session, vec![live]), []);
    next_batch(&mut session);
    drop(session);
    let view = device.store.view().unwrap();
    let looked = Progress::load(&view, grant, 1).unwrap().looked;
    assert_eq!(looked.remaining(last_change(&view).unwrap()), 10 - sent + 1);
    server.serve(&mut device.session(), usize::MAX).unwrap();
    let all = [names(0..3), names(10..20), vec!["new".to_owned()]].concat();
    assert_eq!(server.brands(grant), all);
}

/// The revision of the deletion is stale, because its slot is only known from comparing. Before that is known,
/// the record is shown again.
#[test]
fn a_deletion_that_is_stale_does_not_take_back_what_was_sent_behind_it() {
    let (device, mut server) = (Device::new(43), Server::new());
    device.fill(0..3);
    let grant = device.granted(&mut server);
    server.serve(&mut device.session(), usize::MAX).unwrap();
    let away = device.put("away");
    sends_and_hears_nothing(&device, &mut server);
    let without_brand = crate::records::NewRecord::new(vault_wire::catalogue::Category::Receipts);
    device.write(|writer| writer.update(away, without_brand));

    let mut session = compared(&device, &mut server);
    let deletion = next_batch(&mut session);
    assert!(matches!(deletion.entries[0].body, Body::Delete));
    device.write(|writer| writer.update(away, receipt("back", "cash")));
    session.wake();
    let back = next_batch(&mut session);
    let stale = answered(&mut server, &mut session, vec![deletion]);
    assert!(matches!(stale[..], [Rejection::Stale(1)]));
    assert_eq!(answered(&mut server, &mut session, vec![back]), []);
    server.serve(&mut session, usize::MAX).unwrap();
    let all: Vec<_> = ["back".to_owned()].into_iter().chain(names(0..3)).collect();
    assert_eq!(server.brands(grant), all);
}

/// A record that leaves a grant and comes back is sent with a revision that the server is beyond, and
/// again with a higher one. Between the two answers the session writes down how far it is, because of the
/// record beside it.
#[test]
fn a_record_that_is_to_be_sent_again_is_not_passed_over_when_the_session_ends_before_its_answer() {
    let (device, mut server) = (Device::new(39), Server::new());
    device.fill(0..3);
    let away = device.put("away");
    let grant = device.granted(&mut server);
    let mut session = device.session();
    server.serve(&mut session, usize::MAX).unwrap();
    let without_brand = crate::records::NewRecord::new(vault_wire::catalogue::Category::Receipts);
    device.write(|writer| writer.update(away, without_brand));
    session.wake();
    server.serve(&mut session, usize::MAX).unwrap();
    assert_eq!(server.deleted.len(), 1);
    device.write(|writer| writer.update(away, receipt("back", "cash")));
    device.put("beside");
    session.wake();
    let batch = session.next_frame().unwrap().unwrap();
    let [Frame::EntriesAck(ack)] = &server.hear(batch)[..] else {
        panic!("a batch is acknowledged")
    };
    assert!(matches!(ack.rejected[..], [(_, Rejection::Stale(2))]), "{ack:?}");
    session.receive(Frame::EntriesAck(ack.clone())).unwrap();
    let closed = vault_wire::frame::Event::RequestClosed {
        request: vault_wire::id::RequestId([5; 16]),
        how: vault_wire::frame::Closed::Expired,
    };
    server.notices.push(closed.clone());
    let notice = vault_wire::frame::Notice {
        number: server.notices.len() as u64,
        event: closed,
    };
    session.receive(Frame::Notice(Box::new(notice))).unwrap();
    let mut is_sent_again = false;
    while let Some(frame) = session.next_frame().unwrap() {
        is_sent_again |= matches!(frame, Frame::Entries(_));
        // The server has it, and its answer is lost with the connection.
        drop(server.hear(frame));
    }
    assert!(is_sent_again);
    drop(session);
    server.serve(&mut device.session(), usize::MAX).unwrap();
    let new = ["back", "beside"].map(str::to_owned);
    let all: Vec<_> = new.into_iter().chain(names(0..3)).collect();
    assert_eq!(server.brands(grant), all);
}
