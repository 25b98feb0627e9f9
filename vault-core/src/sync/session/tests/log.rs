//! The log of what the server tells: followed, compared, and contradicted by a server that lies.

use vault_wire::{
    frame::{Event, Frame, Hello, LogLeaves, Notice},
    id::{LogId, VaultId},
    log::{Frontier, LogHead, LogProof, SignedHead, leaf},
    receipt::RefusedReads,
    signature::SecretKey,
    time::Timestamp,
};

use super::doubles::{Device, Server};
use crate::{
    error::Error,
    sync::{LogFaultKind, LogStanding, SyncError, SyncEvent, log_standing},
};

/// What the double keeps of its log beside the notices.
#[derive(Default)]
pub(super) struct KeptLog {
    vault: Option<VaultId>,
    /// Another log than the first.
    another: Option<LogId>,
    base: u64,
    /// How many notices another copy of the vault confirmed.
    gone: usize,
}

impl Server {
    fn frontier(&self) -> Frontier {
        let mut frontier = Frontier::default();
        self.notices.iter().for_each(|event| frontier.push(leaf(event)));
        frontier
    }

    fn head(&self) -> SignedHead {
        let vault = self.log.vault.unwrap();
        let log = self.log.another.unwrap_or(LogId::first_of(vault));
        let at = Timestamp::from_unix_ms(1);
        LogHead::of(vault, log, self.log.base, &self.frontier(), at).sign(&self.keys.0)
    }

    /// The head, and what the device has not been told.
    pub(super) fn tell(&mut self, hello: &Hello) -> (SignedHead, Vec<Frame>) {
        self.log.vault = Some(hello.vault);
        let log = self.log.another.unwrap_or(LogId::first_of(hello.vault));
        let seen = match hello.log.log == log {
            true => hello.events_seen.max(self.log.base),
            false => self.log.base,
        };
        let unseen = || {
            let numbered = self.notices.iter().zip(self.log.base + 1..);
            numbered.enumerate().filter(|(_, (_, number))| *number > seen)
        };
        let is_gone = |index: usize| index < self.log.gone;
        let leaves = unseen().filter(|(index, _)| is_gone(*index));
        let leaves: Vec<_> = leaves.map(|(_, (event, _))| leaf(event)).collect();
        let notices = unseen().filter(|(index, _)| !is_gone(*index));
        let notices = notices.map(|(_, (event, number))| {
            let event = event.clone();
            Frame::Notice(Box::new(Notice { number, event }))
        });
        let first = seen + 1;
        let gone = (!leaves.is_empty()).then_some(Frame::LogLeaves(LogLeaves { first, leaves }));
        (self.head(), gone.into_iter().chain(notices).collect())
    }

    /// Takes a notice into the log and proves it.
    pub(super) fn prove(&mut self, notice: &Event) -> LogProof {
        let before = self.frontier();
        self.notices.push(notice.clone());
        LogProof {
            head: self.head(),
            index: before.size(),
            path: before.path_of_next(),
        }
    }
}

fn refused(attempts: u32) -> Event {
    Event::RefusedReads(RefusedReads {
        at: Timestamp::from_unix_ms(5),
        app: vault_wire::id::AppId([4; 16]),
        app_name: "somebody".into(),
        category: vault_wire::catalogue::Category::Health,
        attempts,
    })
}

fn told(numbers: std::ops::Range<u32>) -> Server {
    let mut server = Server::new();
    server.notices = numbers.map(refused).collect();
    server
}

fn sync(device: &Device, server: &mut Server) -> Vec<SyncEvent> {
    let mut session = device.session();
    server.serve(&mut session, usize::MAX).unwrap();
    std::iter::from_fn(|| session.take_event()).collect()
}

fn standing(device: &Device) -> LogStanding {
    log_standing(&device.store.view().unwrap()).unwrap()
}

fn kinds(device: &Device) -> Vec<LogFaultKind> {
    standing(device).faults.iter().map(|fault| fault.kind).collect()
}

#[test]
fn the_vault_and_an_honest_server_agree_after_every_notice() {
    let (device, mut server) = (Device::new(40), told(0..5));
    for attempts in 5..12 {
        sync(&device, &mut server);
        assert_eq!(standing(&device).number, u64::from(attempts));
        assert_eq!(standing(&device).agreed_at, Some(Timestamp::from_unix_ms(1)));
        assert_eq!(kinds(&device), []);
        server.notices.push(refused(attempts));
    }
}

#[test]
fn a_server_that_changes_what_it_told_is_contradicted_and_syncing_goes_on() {
    let (device, mut server) = (Device::new(41), told(0..5));
    sync(&device, &mut server);
    server.notices[2] = refused(99);
    server.notices.push(refused(5));
    let events = sync(&device, &mut server);
    assert!(events.contains(&SyncEvent::LogContradicted(LogFaultKind::Forked)));
    assert_eq!(kinds(&device), [LogFaultKind::Forked]);
    let found = &standing(&device).faults[0];
    let (vault, key) = (device.store.identity.vault(), server.keys.0.public());
    let before = found.before.as_ref().unwrap().verify(&key, vault).unwrap();
    let after = found.after.verify(&key, vault).unwrap();
    assert_eq!((before.number(), after.number()), (5, 6), "both are signed");

    server.notices.push(refused(6));
    sync(&device, &mut server);
    assert_eq!(standing(&device).number, 7, "what is told is still taken in");
    assert_eq!(kinds(&device), [LogFaultKind::Forked], "once is enough");
}

#[test]
fn a_server_whose_log_is_shorter_than_it_was_is_contradicted() {
    let (device, mut server) = (Device::new(42), told(0..5));
    sync(&device, &mut server);
    server.notices.truncate(3);
    sync(&device, &mut server);
    assert_eq!(kinds(&device), [LogFaultKind::Shortened]);
}

#[test]
fn another_log_is_followed_and_what_was_signed_of_the_one_before_is_kept() {
    let (device, mut server) = (Device::new(43), told(0..5));
    sync(&device, &mut server);
    server.notices = vec![refused(7), refused(8)];
    (server.log.another, server.log.base) = (Some(LogId([9; 16])), 5);
    sync(&device, &mut server);
    assert_eq!(kinds(&device), [LogFaultKind::Replaced]);
    assert_eq!(standing(&device).number, 7);
    let before = standing(&device).faults[0].before.clone().unwrap();
    let vault = device.store.identity.vault();
    assert_eq!(before.verify(&server.keys.0.public(), vault).unwrap().number(), 5);
    sync(&device, &mut server);
    assert_eq!(
        kinds(&device),
        [LogFaultKind::Replaced],
        "the new one is agreed on"
    );
}

#[test]
fn notices_that_another_copy_confirmed_are_followed_by_their_leaves() {
    let (device, mut server) = (Device::new(44), told(0..9));
    server.log.gone = 6;
    sync(&device, &mut server);
    assert_eq!(standing(&device).number, 9);
    assert_eq!(kinds(&device), []);

    let (device, mut server) = (Device::new(44), told(0..9));
    server.log.gone = 6;
    let (head, mut told) = {
        let session = &mut device.session();
        let Some(Frame::Hello(hello)) = session.next_frame().unwrap() else {
            panic!("a session begins with HELLO")
        };
        server.tell(&hello)
    };
    let Frame::LogLeaves(gone) = &mut told[0] else {
        panic!("the leaves come first")
    };
    gone.leaves[3] = [0; 32];
    let mut session = device.session();
    let welcome = server.welcome(&hello_of(&mut session)).remove(0);
    assert!(matches!(&welcome, Frame::Welcome(welcome) if welcome.log == head));
    session.receive(welcome).unwrap();
    told.into_iter().for_each(|frame| session.receive(frame).unwrap());
    session.next_frame().unwrap();
    assert_eq!(
        kinds(&device),
        [LogFaultKind::Forked],
        "a leaf that is not what was told"
    );
}

fn hello_of(session: &mut crate::sync::session::Session) -> Hello {
    match session.next_frame().unwrap() {
        Some(Frame::Hello(hello)) => hello,
        other => panic!("a session begins with HELLO, not {other:?}"),
    }
}

#[test]
fn a_notice_that_is_left_out_ends_the_session() {
    let (device, mut server) = (Device::new(45), told(0..4));
    let mut session = device.session();
    let mut answers = server.welcome(&hello_of(&mut session));
    answers.remove(2);
    let outcome: Result<(), Error> = answers
        .into_iter()
        .try_for_each(|frame| session.receive(frame))
        .and_then(|()| session.next_frame().map(drop));
    assert!(matches!(outcome, Err(Error::Sync(SyncError::Protocol(_)))));
    assert_eq!(standing(&device).number, 0, "nothing of it is kept");
}

#[test]
fn a_head_that_somebody_else_signed_ends_the_session() {
    let (device, mut server) = (Device::new(46), told(0..2));
    let mut session = device.session();
    let Frame::Welcome(mut welcome) = server.welcome(&hello_of(&mut session)).remove(0) else {
        panic!("the answer to HELLO is WELCOME")
    };
    let stranger = SecretKey::from_seed(&[77; 32]);
    let head = welcome
        .log
        .verify(&server.keys.0.public(), device.store.identity.vault())
        .unwrap();
    welcome.log = head.sign(&stranger);
    let outcome = session.receive(Frame::Welcome(welcome));
    assert!(matches!(outcome, Err(Error::Sync(SyncError::BadLogHead))));
}

#[test]
fn a_server_that_only_announces_or_contradicts_itself_for_ever_fills_nothing() {
    let (device, mut server) = (Device::new(48), told(0..2));
    let mut session = device.session();
    let answers = server.welcome(&hello_of(&mut session));
    answers
        .into_iter()
        .for_each(|frame| session.receive(frame).unwrap());
    session.next_frame().unwrap();
    for n in 0..1_100_u64 {
        server.log.another = Some(LogId([u8::try_from(n % 251).unwrap(); 16]));
        server.log.base = n + 2;
        server.notices.clear();
        session.receive(Frame::LogHead(server.head())).unwrap();
        session.next_frame().unwrap();
    }
    assert_eq!(standing(&device).faults.len(), 1_000);
    server.notices.extend([refused(1), refused(2)]);
    let announce = |session: &mut crate::sync::session::Session| {
        session.receive(Frame::LogHead(server.head()))?;
        session.next_frame().map(drop)
    };
    let outcome: Result<(), Error> = (0..100).try_for_each(|_| announce(&mut session));
    assert!(matches!(outcome, Err(Error::Sync(SyncError::Protocol(_)))));
}

#[test]
fn a_restored_copy_of_the_vault_follows_the_log_from_where_it_was() {
    let (device, mut server) = (Device::new(47), told(0..3));
    sync(&device, &mut server);
    let copy = device.restored();
    server.notices.extend([refused(3), refused(4)]);
    sync(&device, &mut server);
    server.log.gone = 5;
    server.notices.push(refused(5));
    sync(&copy, &mut server);
    assert_eq!((standing(&copy).number, kinds(&copy)), (6, vec![]));
}
