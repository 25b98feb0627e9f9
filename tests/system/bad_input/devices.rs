//! What is wrong between a device and the server.

use std::{
    io::Write,
    net::{TcpStream, UdpSocket},
};

use harness::{Ask, Device, Forger, Line, LineEnd, World};
use sync_server::{config::Enrolment, service::admin::create_invite};
use vault_core::{
    Category::Receipts,
    Error, ServerKeyPin, SyncError,
    wire::{
        frame::{ALPN, EventsSeen, Frame, LinkCode, LinkOpen, Refusal, encode},
        signature::SecretKey,
    },
};

use super::goes_on;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_shows_another_key_is_not_spoken_to() {
    let mut world = World::new(205).await;
    let device = world.offline_device();
    let wrong = ServerKeyPin(world.dice.bytes());
    let refused = device
        .vault
        .connect(&world.address(), wrong, None)
        .await
        .unwrap_err();
    assert!(
        matches!(refused, Error::Sync(SyncError::ServerKeyMismatch)),
        "{refused}"
    );
    assert!(
        device.vault.status().unwrap().server.is_none(),
        "nothing is remembered"
    );
    world.enrol(&device).await;
    let refused = device
        .vault
        .connect(&world.address(), wrong, None)
        .await
        .unwrap_err();
    assert!(
        matches!(refused, Error::Sync(SyncError::ServerKeyMismatch)),
        "{refused}"
    );
    device.sync().await;
    goes_on(&mut world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_opens_the_server_to_one_vault() {
    let mut world = World::with_enrolment(206, Enrolment::Invite).await;
    let (invited, other) = (world.offline_device(), world.offline_device());
    let invite = create_invite(world.server()).await.unwrap().to_string();
    let (address, pin) = (world.address(), world.pin());
    let connect = async |device: &Device, invite: Option<&str>| {
        device
            .vault
            .connect(&address, pin, invite.map(str::to_owned))
            .await
    };
    let is_required = |result| {
        matches!(
            result,
            Err(Error::Sync(SyncError::Refused(Refusal::InviteRequired)))
        )
    };
    assert!(is_required(connect(&invited, None).await));
    assert!(is_required(connect(&invited, Some("WRONG-INVITE")).await));
    connect(&invited, Some(&invite)).await.unwrap();
    assert!(
        is_required(connect(&other, Some(&invite)).await),
        "an invitation works once"
    );
    assert!(other.vault.status().unwrap().server.is_none());
    invited.sync().await;
    connect(&invited, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_frames_end_the_line_and_nothing_else() {
    let mut world = World::new(207).await;
    let device = world.device().await;
    let connected = device.stay_connected();
    let key = SecretKey::from_seed(&world.dice.bytes());
    let lengths = |length: u32, kind: u8| [&length.to_le_bytes()[..], &[kind]].concat();
    let mut garbage: Vec<Vec<u8>> = vec![
        lengths(0, 0),
        lengths(u32::MAX, 1),
        lengths((1 << 20) + (64 << 10) + 1, 5),
        lengths(1, 0x42),
        lengths(1, 1),
        [lengths(5, 3), vec![0; 4]].concat(),
        b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec(),
        encode(&Frame::LinkOpen(LinkOpen {})),
        encode(&Frame::EventsSeen(EventsSeen { through: 9 })),
        encode(&Frame::LinkCode(LinkCode {
            code: "7KQ7KQ7K".to_owned(),
            expires_at: world.clocks.time(),
        })),
    ];
    garbage.extend(
        (0..20)
            .map(|_| world.dice.bytes::<64>().to_vec())
            .map(|mut bytes| {
                // A length that is possible, so that the rest is looked at.
                bytes[..4].copy_from_slice(&59u32.to_le_bytes());
                bytes
            }),
    );
    for bytes in garbage {
        let mut line = Line::open(world.quic(), &key, ALPN).await.unwrap();
        line.send_bytes(&bytes).await;
        assert_eq!(
            line.end().await,
            LineEnd::Refused(Refusal::BadFrame),
            "{bytes:02x?}"
        );
    }
    // A frame that stops in the middle holds nobody up.
    let mut line = Line::open(world.quic(), &key, ALPN).await.unwrap();
    line.send_bytes(&lengths(100, 1)).await;
    connected.stop().await;
    goes_on(&mut world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_out_of_place_end_the_line_and_what_was_stored_stays() {
    let mut world = World::new(208).await;
    let developer = world.developer("Shop").await;
    let mut forger = Forger::enrolled(&mut world).await;
    let subject = forger.link(&developer).await;
    developer
        .ask(&Ask::for_fields(Receipts, &["brand"]), &subject)
        .await;
    let asked = forger.asked().await;
    let approval = forger.approval(&asked, world.clocks.time());
    forger.say(&approval).await;
    assert_eq!(
        forger
            .push(approval.grant, 1, &[("brand", "Acme")])
            .await
            .rejected,
        []
    );
    let out_of_place = Frame::LinkCode(LinkCode {
        code: "7KQ7KQ7K".to_owned(),
        expires_at: world.clocks.time(),
    });
    forger.line.send(&out_of_place).await;
    assert_eq!(forger.line.end().await, LineEnd::Refused(Refusal::BadFrame));
    forger.reconnect(Vec::new()).await;
    assert_eq!(developer.read(&subject, Receipts).await.records().len(), 1);
    let stranger = Forger::enrolled(&mut world).await;
    let unknown = SecretKey::from_seed(&world.dice.bytes());
    let mut line = Line::open(world.quic(), &unknown, ALPN).await.unwrap();
    line.send_bytes(&encode(&Frame::EventsSeen(EventsSeen { through: 1 })))
        .await;
    assert_eq!(line.end().await, LineEnd::Refused(Refusal::BadFrame));
    drop(stranger);
    goes_on(&mut world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_protocol_and_stray_datagrams_are_turned_away() {
    let mut world = World::new(209).await;
    let key = SecretKey::from_seed(&world.dice.bytes());
    for protocol in [&b"h3"[..], b"vault-sync/2", b"vault-sync"] {
        assert!(Line::open(world.quic(), &key, protocol).await.is_err());
    }
    let stray = UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..200 {
        let bytes = world.dice.bytes::<1_200>();
        let length = world.dice.below(1_200);
        stray.send_to(&bytes[..length], world.quic()).unwrap();
    }
    // Nothing listens for TCP where QUIC is, or whoever does is not ours; TCP bytes reach nobody.
    if let Ok(mut tcp) = TcpStream::connect(world.quic()) {
        let _ = tcp.write_all(b"garbage");
    }
    goes_on(&mut world).await;
}
