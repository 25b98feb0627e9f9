//! Statements of another copy as they are told: cut off between two of them, and told behind a refusal to a copy
//! that is connected at the same time.

use vault_wire::{
    frame::Frame,
    id::{GrantId, StateId},
    statement::Event,
    terms::Duration,
};

use super::{
    changes::{START, brands_of, put_dated, shared_dated, shown, since, sync},
    doubles::{Device, Server},
};
use crate::{
    consent::{GrantState, narrow, pause, renew, resume},
    sync::session::Session,
};

/// Lets a session hear what is told with an answer up to so many statements of another copy; then the
/// connection ends.
fn hear_up_to(mut session: Session, told: Vec<Frame>, statements: usize) {
    let mut heard = 0;
    for frame in told {
        heard += usize::from(matches!(frame, Frame::Kept(_)));
        if heard > statements {
            return;
        }
        session.receive(frame).unwrap();
    }
    panic!("there was no more to tell");
}

/// What the server answers to the next frame of a session.
fn answered(server: &mut Server, session: &mut Session) -> Vec<Frame> {
    let frame = session.next_frame().unwrap().unwrap();
    server.hear(frame)
}

fn said(server: &Server, event: &Event) -> usize {
    server.said().filter(|said| said == event).count()
}

/// A copy that is connected, and hears nothing of what the other one says, until it says something itself.
fn connected(seed: u64) -> (Device, Device, Session, Server, GrantId) {
    let (device, mut server, grant) = shared_dated(seed);
    let copy = device.restored();
    sync(&device, &mut server);
    let mut session = copy.session();
    server.serve(&mut session, usize::MAX).unwrap();
    (device, copy, session, server, grant)
}

#[test]
fn a_copy_that_was_cut_off_goes_on_at_a_server_that_was_set_back_to_just_there() {
    let (device, mut server, grant) = shared_dated(71);
    let copy = device.restored();
    narrow(&device.store, grant, &since(&device, grant, 1)).unwrap();
    sync(&device, &mut server);
    pause(&device.store, grant).unwrap();
    sync(&device, &mut server);
    put_dated(&copy, "of the copy");
    let mut session = copy.session();
    let told = answered(&mut server, &mut session);
    hear_up_to(session, told, 1);

    server.chain.truncate(2);
    server.state = StateId([71; 16]);
    sync(&copy, &mut server);
    assert_eq!(server.brands(grant), brands_of(&copy), "under a key of its own");
    assert_eq!(shown(&copy, grant).terms, server.terms());
    assert_eq!(shown(&copy, grant).state, GrantState::Active);
    sync(&device, &mut server);
    assert!(server.is_paused(), "and what the server has lost is said again");
}

#[test]
fn a_copy_that_was_cut_off_before_its_refusal_goes_on_though_all_stands_as_it_says() {
    let (device, copy, mut session, mut server, grant) = connected(72);
    narrow(&device.store, grant, &since(&device, grant, 1)).unwrap();
    // The server has the narrowing and none of the entries that follow it.
    server.serve(&mut device.session(), 1).unwrap();
    assert!(server.number() == 2 && server.held.is_empty());
    renew(&copy.store, grant, None).unwrap();
    session.wake();
    let told = answered(&mut server, &mut session);
    let before_the_refusal = told.len() - 1;
    told.into_iter()
        .take(before_the_refusal)
        .for_each(|frame| session.receive(frame).unwrap());
    drop(session);
    sync(&copy, &mut server);
    assert_eq!(server.brands(grant), brands_of(&copy), "under a key of its own");
}

#[test]
fn a_pause_that_was_displaced_is_said_once_though_the_connection_ended_among_the_others_statements() {
    let (device, mut server, grant) = shared_dated(73);
    let copy = device.restored();
    for one in [&device, &copy] {
        one.clock.advance_ms(1);
        pause(&one.store, grant).unwrap();
    }
    sync(&device, &mut server);
    resume(&device.store, grant).unwrap();
    sync(&device, &mut server);
    let mut session = copy.session();
    let told = answered(&mut server, &mut session);
    hear_up_to(session, told, 1);
    sync(&copy, &mut server);
    assert!(server.is_paused());
    assert_eq!(said(&server, &Event::Paused), 2, "each copy its own");
    assert_eq!(shown(&copy, grant).state, GrantState::Paused);
}

#[test]
fn what_a_connected_copy_paused_stays_paused_though_the_other_paused_too_and_went_on() {
    let (device, copy, mut session, mut server, grant) = connected(74);
    pause(&device.store, grant).unwrap();
    sync(&device, &mut server);
    resume(&device.store, grant).unwrap();
    sync(&device, &mut server);
    copy.clock.advance_ms(1);
    pause(&copy.store, grant).unwrap();
    session.wake();
    server.serve(&mut session, usize::MAX).unwrap();
    assert!(server.is_paused());
    assert_eq!(shown(&copy, grant).state, GrantState::Paused);
    assert_eq!(said(&server, &Event::Paused), 2, "each copy its own");
    sync(&device, &mut server);
    assert_eq!(shown(&device, grant).state, GrantState::Paused);
}

#[test]
fn what_the_other_copy_paused_just_so_is_not_said_again() {
    let (device, copy, mut session, mut server, grant) = connected(75);
    pause(&device.store, grant).unwrap();
    sync(&device, &mut server);
    copy.clock.advance_ms(1);
    pause(&copy.store, grant).unwrap();
    session.wake();
    server.serve(&mut session, usize::MAX).unwrap();
    assert_eq!(said(&server, &Event::Paused), 1);
    assert_eq!(shown(&copy, grant).state, GrantState::Paused);
    assert!(!shown(&copy, grant).undelivered);
}

#[test]
fn what_waited_behind_a_refused_statement_is_said_again_in_the_same_session() {
    let (device, copy, mut session, mut server, grant) = connected(76);
    pause(&device.store, grant).unwrap();
    sync(&device, &mut server);
    narrow(&copy.store, grant, &since(&copy, grant, 5)).unwrap();
    copy.clock.advance_ms(1);
    pause(&copy.store, grant).unwrap();
    session.wake();
    // Both are on the way before the first answer.
    let sent: Vec<_> = std::iter::from_fn(|| session.next_frame().unwrap()).collect();
    assert!(matches!(sent[..], [Frame::Statement(_), Frame::Statement(_)]));
    let mut told: Vec<_> = sent.into_iter().flat_map(|frame| server.hear(frame)).collect();
    let last = told.pop().unwrap();
    for answer in told {
        session.receive(answer).unwrap();
        let next = session.next_frame().unwrap();
        assert!(!matches!(next, Some(Frame::Statement(_))), "more follows");
    }
    session.receive(last).unwrap();
    server.serve(&mut session, usize::MAX).unwrap();
    assert_eq!(shown(&copy, grant).terms, server.terms());
    assert!(server.is_paused() && !shown(&copy, grant).undelivered);
    assert_eq!(said(&server, &Event::Paused), 1);
}

#[test]
fn a_generation_of_a_copys_own_takes_nothing_away_from_what_another_renewed() {
    let (device, mut server, grant) = shared_dated(77);
    let copy = device.restored();
    let until = START.plus_ms(1_000_000);
    let less = since(&device, grant, 1).until(until).unwrap();
    narrow(&device.store, grant, &less).unwrap();
    sync(&device, &mut server);
    let mut session = copy.session();
    let told = answered(&mut server, &mut session);
    told.into_iter().for_each(|frame| session.receive(frame).unwrap());
    assert!(shown(&copy, grant).undelivered, "its own generation");
    drop(session);
    let longer = until.plus_ms(1);
    renew(&device.store, grant, Some(longer)).unwrap();
    sync(&device, &mut server);
    sync(&copy, &mut server);
    assert_eq!(server.terms().duration, Duration::TimeBound(longer));
    assert_eq!(server.brands(grant), brands_of(&copy));
}

#[test]
fn what_the_server_stored_unacknowledged_is_compared_though_the_device_is_behind_and_renews() {
    let (device, mut server) = (Device::new(78), Server::new());
    let gone = device.put("gone");
    device.put("stays");
    let grant = device.granted(&mut server);
    cut_behind(&device, &mut server, |frame| matches!(frame, Frame::Entries(_)));
    pause(&device.store, grant).unwrap();
    resume(&device.store, grant).unwrap();
    let resumed = |frame: &Frame| matches!(frame, Frame::Statement(sent) if sent.statement.verify().unwrap().event == Event::Resumed);
    cut_behind(&device, &mut server, resumed);
    device.write(|writer| writer.delete(gone));
    renew(&device.store, grant, None).unwrap();
    sync(&device, &mut server);
    assert_eq!(server.brands(grant), brands_of(&device));
}

/// A session that ends before the answer to a frame arrives.
fn cut_behind(device: &Device, server: &mut Server, is_last: impl Fn(&Frame) -> bool) {
    let mut session = device.session();
    loop {
        let frame = session.next_frame().unwrap().unwrap();
        let is_last = is_last(&frame);
        let told = server.hear(frame);
        if is_last {
            return;
        }
        told.into_iter().for_each(|frame| session.receive(frame).unwrap());
    }
}
