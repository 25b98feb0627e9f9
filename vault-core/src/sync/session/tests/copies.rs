//! Files that were set back to before a consent, and second copies: what the server answers for, their owner
//! sees and can take back.

use vault_wire::{
    frame::{Frame, StatementRefusal},
    id::GrantId,
    statement::Event,
    terms::{Duration, Terms},
};

use super::{
    changes::{brands_of, put_dated, shared_dated, shown, since, sync},
    doubles::{Device, Server, names},
};
use crate::{
    consent::{
        GrantState, InboxRequest, RequestState, Selection, approve, ended, load_grant, narrow, not_accepted,
        pause, reject, requests, resume, store_grant, withdraw,
    },
    sync::SyncEvent,
};

fn inbox(device: &Device) -> InboxRequest {
    let view = device.store.view().unwrap();
    requests(&view, device.store.now()).unwrap().remove(0)
}

/// Two copies of a vault that were both asked for consent.
fn both_asked(seed: u64) -> ([Device; 2], Server) {
    let (device, mut server) = (Device::new(seed), Server::new());
    names(0..3).iter().for_each(|brand| put_dated(&device, brand));
    server.ask();
    sync(&device, &mut server);
    ([device.restored(), device], server)
}

fn agree(device: &Device, narrow: impl FnOnce(Selection) -> Selection) -> GrantId {
    let asked = inbox(device).request;
    approve(&device.store, asked.id, &narrow(Selection::everything(&asked))).unwrap()
}

fn only_since(all: Selection, from: i64) -> Selection {
    let range = vault_wire::terms::TimeRange {
        from: Some(vault_wire::time::Timestamp::from_unix_ms(from)),
        to: None,
    };
    all.within_time(vault_wire::catalogue::Category::Receipts, range)
        .unwrap()
}

#[test]
fn a_file_from_before_a_consent_takes_the_grant_over_and_serves_it_with_what_it_holds() {
    let (device, mut server) = (Device::new(51), Server::new());
    names(0..3).iter().for_each(|brand| put_dated(&device, brand));
    let restored = device.restored();
    let grant = device.granted(&mut server);
    sync(&device, &mut server);
    put_dated(&restored, "of the restored");
    let mut session = restored.session();
    server.serve(&mut session, usize::MAX).unwrap();
    let told: Vec<_> = std::iter::from_fn(|| session.take_event()).collect();
    let taken = SyncEvent::StatementTaken {
        grant,
        dropped: false,
    };
    assert!(told.contains(&taken), "the owner is told: {told:?}");
    let known = shown(&restored, grant);
    assert_eq!(known.state, GrantState::Active);
    assert_eq!(known.terms, shown(&device, grant).terms);
    assert_eq!(inbox(&restored).state, RequestState::Approved);
    assert_eq!(
        server.brands(grant),
        brands_of(&restored),
        "under a key of its own"
    );
    let before = server.batches;
    sync(&restored, &mut server);
    assert_eq!(server.batches, before, "and then there is nothing to say");
}

#[test]
fn a_file_from_before_a_consent_can_withdraw_it() {
    let (device, mut server) = (Device::new(52), Server::new());
    device.fill(0..3);
    let restored = device.restored();
    let grant = device.granted(&mut server);
    pause(&device.store, grant).unwrap();
    sync(&device, &mut server);
    sync(&restored, &mut server);
    assert_eq!(shown(&restored, grant).state, GrantState::Paused);
    withdraw(&restored.store, grant).unwrap();
    sync(&restored, &mut server);
    assert!(server.withdrawn);
    assert_eq!(shown(&restored, grant).state, GrantState::Erased);
    sync(&device, &mut server);
    assert_eq!(shown(&device, grant).state, GrantState::Erased);
}

#[test]
fn a_grant_that_comes_without_the_request_that_was_agreed_to_is_not_taken_over() {
    let (device, mut server) = (Device::new(53), Server::new());
    let restored = device.restored();
    let grant = device.granted(&mut server);
    sync(&device, &mut server);
    let honest = server.chain[0].request.clone().unwrap();
    let mut other = honest.clone();
    *other.bytes.last_mut().unwrap() ^= 1;
    for request in [None, Some(other)] {
        server.chain[0].request = request;
        assert!(server.serve(&mut restored.session(), usize::MAX).is_err());
        let known = crate::consent::grants(&restored.store.view().unwrap(), restored.store.now());
        assert!(known.unwrap().is_empty());
    }
    server.chain[0].request = Some(honest);
    sync(&restored, &mut server);
    assert_eq!(shown(&restored, grant).state, GrantState::Active);
}

#[test]
fn two_copies_that_agree_to_one_request_leave_what_both_agreed_to() {
    let ([first, second], mut server) = both_asked(54);
    let grant = agree(&first, |all| only_since(all, 1));
    assert_eq!(grant, agree(&second, |all| only_since(all, 5)));
    for _ in 0..2 {
        sync(&first, &mut server);
        sync(&second, &mut server);
    }
    for copy in [&first, &second] {
        assert_eq!(shown(copy, grant).state, GrantState::Active);
        assert_eq!(&shown(copy, grant).terms, &server.terms());
    }
    let left = server.terms().details[0].time_range.from.unwrap();
    assert_eq!(left.unix_ms(), 5, "the narrower of both");
    assert_eq!(server.brands(grant), brands_of(&second));
}

/// A server whose data was set back does not know the request that a copy answered and narrowed the grant of.
fn narrowed_and_not_accepted(copy: &Device, grant: GrantId) -> Terms {
    let less = only_since(Selection::all_of(&shown(copy, grant)), 5);
    narrow(&copy.store, grant, &less).unwrap();
    let unknown = StatementRefusal::UnknownRequest;
    let refused = |transaction: &_| not_accepted(&copy.store, transaction, grant, 1, unknown);
    copy.store.update(refused).unwrap();
    assert_eq!(shown(copy, grant).state, GrantState::NotAccepted(unknown));
    less.terms().clone()
}

#[test]
fn what_was_narrowed_behind_an_answer_that_was_not_accepted_holds_once_the_grant_is() {
    let ([first, second], mut server) = both_asked(56);
    let grant = agree(&first, |all| all);
    let copy_of_first = first.restored();
    agree(&second, |all| all);
    let less = narrowed_and_not_accepted(&second, grant);
    narrowed_and_not_accepted(&copy_of_first, grant);
    sync(&first, &mut server);
    let given = server.chain.clone();
    for copy in [copy_of_first, second] {
        server.chain.clone_from(&given);
        (server.generation, server.grant_key) = (1, None);
        server.held.clear();
        sync(&copy, &mut server);
        assert_eq!(shown(&copy, grant).state, GrantState::Active);
        assert_eq!(shown(&copy, grant).terms, less);
        assert_eq!(server.terms(), less);
    }
}

#[test]
fn what_one_copy_paused_stays_paused_though_the_other_paused_too_and_went_on() {
    let ([first, second], mut server) = both_asked(57);
    let grant = agree(&first, |all| all);
    sync(&first, &mut server);
    pause(&first.store, grant).unwrap();
    sync(&first, &mut server);
    resume(&first.store, grant).unwrap();
    sync(&first, &mut server);
    agree(&second, |all| all);
    pause(&second.store, grant).unwrap();
    sync(&second, &mut server);
    assert_eq!(shown(&second, grant).state, GrantState::Paused);
    assert!(server.is_paused());
    let pauses = |event: &Event| *event == Event::Paused;
    assert_eq!(server.said().filter(pauses).count(), 2, "each its own");
    sync(&first, &mut server);
    assert_eq!(shown(&first, grant).state, GrantState::Paused);
}

#[test]
fn an_answer_that_another_copy_gave_within_the_session_is_taken_over() {
    let ([first, second], mut server) = both_asked(55);
    let mut session = first.session();
    server.serve(&mut session, usize::MAX).unwrap();
    let grant = agree(&second, |all| all);
    sync(&second, &mut server);
    agree(&first, |all| all);
    session.wake();
    server.serve(&mut session, usize::MAX).unwrap();
    assert_eq!(shown(&first, grant).state, GrantState::Active);
    assert_eq!(server.brands(grant), brands_of(&first));
}

#[test]
fn a_copy_that_refuses_what_another_agreed_to_still_says_so() {
    let ([first, second], mut server) = both_asked(56);
    let grant = agree(&first, |all| all);
    sync(&first, &mut server);
    reject(&second.store, inbox(&second).request.id).unwrap();
    // Also if a server that was set back since has had the refusal already.
    second
        .store
        .update(|transaction| {
            let mut row = load_grant(transaction, grant)?;
            row.acknowledged = row.statement;
            store_grant(transaction, grant, &row)
        })
        .unwrap();
    let mut session = second.session();
    let mut says_no = false;
    while let Some(frame) = session.next_frame().unwrap()
        && !says_no
    {
        says_no = matches!(&frame, Frame::Statement(said)
            if said.statement.verify().unwrap().event == Event::Refused);
        if !says_no {
            for answer in server.hear(frame) {
                session.receive(answer).unwrap();
            }
        }
    }
    assert!(says_no, "the server makes a withdrawal of it");
}

#[test]
fn a_narrowing_that_another_copy_replaced_on_a_server_that_was_set_back_is_said_again() {
    let (device, mut server, grant) = shared_dated(57);
    let copy = device.restored();
    let backup = (server.held.clone(), server.grant_key.clone());
    narrow(&device.store, grant, &since(&device, grant, 7)).unwrap();
    sync(&device, &mut server);
    // The data are set back to before the narrowing, and another of the same number comes first.
    server.chain.truncate(1);
    (server.held, server.grant_key, server.generation) = (backup.0, backup.1, 1);
    narrow(&copy.store, grant, &since(&copy, grant, 3)).unwrap();
    sync(&copy, &mut server);
    assert_eq!(from(&server.terms()), 3);
    sync(&device, &mut server);
    assert_eq!(from(&server.terms()), 7, "what was taken away stays taken away");
    assert_eq!(
        server.brands(grant),
        brands_of(&device),
        "all opens under one key"
    );
    assert_eq!(shown(&device, grant).terms, server.terms());
}

fn from(terms: &Terms) -> i64 {
    terms.details[0].time_range.from.unwrap().unix_ms()
}

#[test]
fn a_grant_that_the_server_answers_for_again_is_shown_again() {
    let (device, mut server, grant) = shared_dated(58);
    let over = |transaction: &_| ended(&device.store, transaction, grant, GrantState::Expired);
    device.store.update(over).unwrap();
    assert_eq!(shown(&device, grant).state, GrantState::Expired);
    sync(&device, &mut server);
    assert_eq!(shown(&device, grant).state, GrantState::Active);
    put_dated(&device, "later");
    sync(&device, &mut server);
    assert_eq!(server.brands(grant), brands_of(&device));
}

#[test]
fn a_one_time_grant_that_was_used_up_is_withdrawn_when_the_server_has_forgotten_its_read() {
    let (device, mut server, grant) = shared_dated(59);
    let used_up = |transaction: &_| {
        let mut row = load_grant(transaction, grant)?;
        row.extent.terms.duration = Duration::OneTime;
        store_grant(transaction, grant, &row)?;
        ended(&device.store, transaction, grant, GrantState::Expired)
    };
    device.store.update(used_up).unwrap();
    sync(&device, &mut server);
    assert!(server.withdrawn);
    assert_eq!(shown(&device, grant).state, GrantState::Erased);
}

#[test]
fn a_withdrawal_that_the_server_has_forgotten_is_said_again_though_hello_had_no_room_for_it() {
    let (device, mut server, grant) = shared_dated(60);
    let chain = server.chain.clone();
    withdraw(&device.store, grant).unwrap();
    sync(&device, &mut server);
    // As if it had not been named as ended: the server tells that the grant runs.
    (server.chain, server.withdrawn) = (chain, false);
    let mut session = device.session();
    let Some(Frame::Hello(mut hello)) = session.next_frame().unwrap() else {
        panic!("a session begins with HELLO")
    };
    hello.ended.clear();
    for answer in server.hear(Frame::Hello(hello)) {
        session.receive(answer).unwrap();
    }
    server.serve(&mut session, usize::MAX).unwrap();
    assert!(server.withdrawn);
    assert_eq!(shown(&device, grant).state, GrantState::Erased);
}

#[test]
fn a_copy_whose_statements_another_one_delivered_compares_what_is_held() {
    let ([device, _], mut server) = both_asked(61);
    let grant = agree(&device, |all| all);
    // The same answer, byte for byte, on both.
    let copy = device.restored();
    put_dated(&copy, "of the copy");
    sync(&copy, &mut server);
    assert_eq!(server.brands(grant), brands_of(&copy));
    sync(&device, &mut server);
    assert_eq!(server.brands(grant), brands_of(&device));
}
