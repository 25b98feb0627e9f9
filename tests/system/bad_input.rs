//! Bad input of every kind is a clear, typed error; the process goes on, and nothing is lost.

use std::{
    fs,
    io::{Read, Write},
    net::{TcpStream, UdpSocket},
    sync::Arc,
    time::Duration,
};

use harness::{Ask, Call, Device, Dice, Forger, Line, LineEnd, World, receipt, soon};
use serde_json::{Value as Json, json};
use sync_server::{config::Enrolment, service::admin::create_invite};
use vault_core::{
    Category::{Health, Receipts},
    Clock, Error, Host, KdfParams, NewRecord, Options, Passphrase, Randomness, RawKey, Secret, ServerKeyPin,
    SyncError, Value, VaultFile,
    wire::{
        frame::{ALPN, EventsSeen, Frame, LinkCode, LinkOpen, Refusal, encode},
        signature::SecretKey,
    },
};

fn host(world: &World, options: Options) -> Host {
    Host {
        clock: Arc::clone(&world.clocks.vaults) as Arc<dyn Clock>,
        randomness: Randomness::new(world.dice.clone().generator()),
        options,
    }
}

/// The server still does what it is for.
async fn goes_on(world: &mut World) {
    let device = world.device().await;
    device
        .vault
        .put(receipt(world.clocks.time(), "Acme", "1", "card"))
        .unwrap();
    let developer = world.developer("Shop").await;
    let subject = device.link(&developer).await;
    developer
        .ask(&Ask::for_fields(Receipts, &["brand"]), &subject)
        .await;
    device.grant(|all| all).await;
    assert_eq!(developer.read(&subject, Receipts).await.records().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_opens_nothing_and_the_right_one_still_does() {
    let world = World::new(200).await;
    let path = world.place("passphrase.vault");
    let options = Options {
        kdf: KdfParams::FLOOR,
        ..Options::default()
    };
    let (right, wrong) = (
        Passphrase::new("right words").unwrap(),
        Passphrase::new("wrong words").unwrap(),
    );
    let file = VaultFile::at(&path);
    drop(file.create(&right, host(&world, options.clone())).unwrap());
    let before = fs::read(&path).unwrap();
    let open = |secret: &Secret<'_>| file.open(secret, host(&world, options.clone()));
    let refused = open(&Secret::Passphrase(&wrong)).unwrap_err();
    assert!(
        matches!(refused, Error::File(vault_core::FileError::WrongSecret)),
        "{refused}"
    );
    let key = RawKey::new(&[7; 32]);
    let refused = open(&Secret::RawKey(&key)).unwrap_err();
    assert!(
        matches!(
            refused,
            Error::File(vault_core::FileError::SlotUnavailable { .. })
        ),
        "{refused}"
    );
    assert!(fs::read(&path).unwrap() == before, "a refusal writes nothing");
    assert!(open(&Secret::Passphrase(&right)).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_opener_is_told_that_the_vault_is_open_and_the_first_goes_on() {
    let mut world = World::new(201).await;
    let device = world.offline_device();
    let key = RawKey::new(&device.key);
    let file = VaultFile::at(device.path());
    let refused = file
        .open(&Secret::RawKey(&key), host(&world, Options::default()))
        .unwrap_err();
    assert!(
        matches!(refused, Error::File(vault_core::FileError::Busy)),
        "{refused}"
    );
    let refused = file
        .create_with_key(&key, host(&world, Options::default()))
        .unwrap_err();
    assert!(
        matches!(refused, Error::File(vault_core::FileError::AlreadyExists)),
        "{refused}"
    );
    device
        .vault
        .put(receipt(world.clocks.time(), "Acme", "1", "card"))
        .unwrap();
    device.vault.lock();
    assert!(matches!(device.vault.status(), Err(Error::Locked)));
    let again = file
        .open(&Secret::RawKey(&key), host(&world, Options::default()))
        .unwrap();
    assert_eq!(
        again
            .status()
            .unwrap()
            .records
            .iter()
            .map(|(_, count)| count)
            .sum::<u64>(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_or_foreign_file_is_an_error_and_is_left_as_it_is() {
    let mut world = World::new(202).await;
    let device = world.offline_device();
    let now = world.clocks.time();
    let many = (0..500).map(|n| receipt(now, &format!("brand {n}"), "1", "card"));
    device.vault.put_batch(many.collect()).unwrap();
    device.vault.lock();
    let whole = fs::read(device.path()).unwrap();
    let (key, place) = (RawKey::new(&device.key), world.place("odd.vault"));
    let mut odd: Vec<Vec<u8>> = [
        0,
        1,
        4_095,
        4_096,
        20_480,
        24_576,
        whole.len() / 2,
        whole.len() - 1,
    ]
    .map(|length| whole[..length].to_vec())
    .into();
    odd.push(b"SQLite format 3\0".repeat(4_096));
    odd.push(world.dice.bytes::<65_536>().to_vec());
    for bytes in odd {
        fs::write(&place, &bytes).unwrap();
        let opened = VaultFile::at(&place).open(&Secret::RawKey(&key), host(&world, Options::default()));
        // A cut at the very end may only cost room that nothing uses; then all records are there.
        match opened.map(|vault| {
            vault
                .status()
                .unwrap()
                .records
                .iter()
                .map(|(_, count)| count)
                .sum::<u64>()
        }) {
            Ok(count) => assert_eq!((count, bytes.len() + 1), (500, whole.len())),
            Err(Error::File(_)) => assert!(
                fs::read(&place).unwrap() == bytes,
                "{} bytes were changed",
                bytes.len()
            ),
            Err(error) => panic!("{} bytes: {error}", bytes.len()),
        }
    }
    let missing = VaultFile::at(world.place("no such.vault"));
    assert!(matches!(
        missing.open(&Secret::RawKey(&key), host(&world, Options::default())),
        Err(Error::File(_))
    ));
    assert_eq!(device.reopened(&mut world.dice).records(Receipts).len(), 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_without_room_says_so_and_keeps_all_that_it_had_taken() {
    let world = World::new(203).await;
    let (path, key) = (world.place("small.vault"), RawKey::new(&[7; 32]));
    let small = Options {
        max_file_bytes: 2 << 20,
        ..Options::default()
    };
    let vault = VaultFile::at(&path)
        .create_with_key(&key, host(&world, small))
        .unwrap();
    vault.allow_collection(Receipts).unwrap();
    let now = world.clocks.time();
    let mut kept = 0;
    let refused = loop {
        let hundred = (0..100).map(|n| receipt(now, &format!("brand {n} {}", "x".repeat(200)), "1", "card"));
        match vault.put_batch(hundred.collect()) {
            Ok(_) => kept += 100,
            Err(error) => break error,
        }
    };
    assert!(
        matches!(refused, Error::File(vault_core::FileError::TooLarge { .. })),
        "{refused}"
    );
    drop(vault);
    let vault = VaultFile::at(&path)
        .open(&Secret::RawKey(&key), host(&world, Options::default()))
        .unwrap();
    let count: u64 = vault
        .status()
        .unwrap()
        .records
        .iter()
        .map(|(_, count)| count)
        .sum();
    assert_eq!(count, kept, "with more room, everything that was taken is there");
    vault.put(receipt(now, "one more", "1", "card")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_the_catalogue_or_the_owner_does_not_allow_is_refused() {
    let mut world = World::new(204).await;
    let device = world.offline_device();
    let bad = [
        NewRecord::new(Receipts).with("no_such_field", Value::Text("x".into())),
        NewRecord::new(Receipts).with("total_cost", Value::Text("nine".into())),
        NewRecord::new(Receipts).with("currency", Value::Text("euro".into())),
        NewRecord::new(Receipts).with("purchase_location.lat", Value::Float(91.0)),
        NewRecord::new(Receipts).with("purchase_location.lat", Value::Float(f64::NAN)),
    ];
    for record in bad {
        let refused = device.vault.put(record).unwrap_err();
        assert!(matches!(refused, Error::InvalidRecord { .. }), "{refused}");
    }
    device.vault.forbid_collection(Health).unwrap();
    let refused = device.vault.put(NewRecord::new(Health)).unwrap_err();
    assert!(
        matches!(refused, Error::CollectionNotAllowed { category: Health }),
        "{refused}"
    );
    let batch = vec![
        receipt(world.clocks.time(), "good", "1", "card"),
        NewRecord::new(Health),
    ];
    assert!(device.vault.put_batch(batch).is_err());
    assert_eq!(device.records(Receipts).len(), 0, "all of a batch, or none");
    assert!(matches!(
        device.vault.sync(|_| {}).await,
        Err(Error::NotConnected)
    ));
}

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

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_on_the_tls_port_gets_no_answer_in_plain_text() {
    let mut world = World::new(210).await;
    for hello in [
        &b"GET /api/v1/grants HTTP/1.1\r\nhost: localhost\r\n\r\n"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01garbage that looks like TLS",
        &[0; 300],
    ] {
        let hello = hello.to_vec();
        let address = world.https();
        let answer = tokio::task::spawn_blocking(move || {
            let mut tcp = TcpStream::connect(address).unwrap();
            tcp.set_read_timeout(Some(harness::PATIENCE)).unwrap();
            tcp.write_all(&hello).unwrap();
            tcp.shutdown(std::net::Shutdown::Write).unwrap();
            let mut answer = Vec::new();
            let _ = tcp.read_to_end(&mut answer);
            answer
        });
        let answer = soon("the end of a connection", answer).await.unwrap();
        assert!(answer.len() <= 7, "more than a TLS alert: {answer:?}");
    }
    let plain = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(20)))
        .build();
    let address = format!("http://127.0.0.1:{}/api/v1/grants", world.https().port());
    let refused = tokio::task::spawn_blocking(move || ureq::Agent::from(plain).get(address).call().is_err());
    assert!(refused.await.unwrap());
    goes_on(&mut world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_for_what_does_not_exist_is_refused_by_name() {
    let mut world = World::new(211).await;
    let device = world.device().await;
    let developer = world.developer("Shop").await;
    let subject = device.link(&developer).await;
    let good = Ask::for_fields(Receipts, &["brand"]).body(&subject);
    type Spoil = fn(&mut Json);
    let cases: [(&str, Spoil); 12] = [
        ("unknown_category", |body| {
            body["authorization_details"][0]["category"] = json!("horoscopes")
        }),
        ("invalid_fields", |body| {
            body["authorization_details"][0]["fields"] = json!(["star_sign"])
        }),
        ("invalid_fields", |body| {
            body["authorization_details"][0]["precision"] = json!({ "brand": "month" })
        }),
        ("unknown_purpose", |body| {
            body["purpose"]["code"] = json!("curiosity")
        }),
        ("unknown_field", |body| body["surprise"] = json!(1)),
        ("unknown_field", |body| {
            body["authorization_details"][0]["feilds"] = json!([])
        }),
        ("invalid_request", |body| body["delivery"] = json!("sealed")),
        (
            "invalid_request",
            |body| body["duration"] = json!({ "type": "time_bound", "expires_at": "2001-01-01T00:00:00Z" }),
        ),
        ("invalid_request", |body| {
            body["authorization_details"] = json!([])
        }),
        ("invalid_request", |body| {
            body["purpose"]["text"] = json!("x".repeat(281))
        }),
        ("invalid_request", |body| {
            body["purpose"]["text"] = json!("line\u{202e}")
        }),
        ("invalid_request", |body| *body = json!([])),
    ];
    for (code, spoil) in cases {
        let mut body = good.clone();
        spoil(&mut body);
        let call = Call::post("/api/v1/request-consent", body.clone()).bearer(&developer.api_key);
        let answer = developer.call(call.header("prefer", "respond-async")).await;
        assert_eq!(
            (answer.status, answer.text("code")),
            (400, code),
            "{body}: {}",
            answer.json
        );
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
    device.sync().await;
    assert!(device.pending().is_none(), "none of it reached the user");
    goes_on(&mut world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_keys_tokens_and_codes_open_nothing() {
    let mut world = World::new(212).await;
    let device = world.device().await;
    let developer = world.developer("Shop").await;
    let subject = device.link(&developer).await;
    let forged = format!("{}x", &developer.api_key[..developer.api_key.len() - 1]);
    for (bearer, code) in [
        (forged.as_str(), "invalid_api_key"),
        ("pv_live_nothing", "invalid_api_key"),
    ] {
        let call = Call::post("/api/v1/session-tokens", json!({})).bearer(bearer);
        let answer = developer.call(call).await;
        assert_eq!(
            (answer.status, answer.text("code")),
            (401, code),
            "{}",
            answer.json
        );
        assert!(answer.header("www-authenticate").is_some());
    }
    let path = format!("/api/v1/users/{subject}/receipts");
    let answer = developer
        .call(Call::get(&path).bearer("pv_tok_0000000000000000"))
        .await;
    assert_eq!(
        (answer.status, answer.text("code")),
        (401, "invalid_token"),
        "{}",
        answer.json
    );
    let token = developer.token().await;
    let from_browser = developer
        .call(
            Call::get(&path)
                .bearer(&token)
                .header("origin", "https://shop.example"),
        )
        .await;
    assert_eq!(
        (from_browser.status, from_browser.text("code")),
        (403, "browser_not_allowed")
    );
    let code = device.vault.link_code().await.unwrap().code;
    let link = async |code: &str| {
        let call =
            Call::post("/api/v1/subjects/link", json!({ "link_code": code })).bearer(&developer.api_key);
        developer.call(call).await.status
    };
    assert_eq!(link("00000000").await, 400);
    assert_eq!(link(&code).await, 201);
    assert_eq!(link(&code).await, 400, "a code works once");
    let late = device.vault.link_code().await.unwrap().code;
    world.clocks.advance_s(600);
    assert_eq!(link(&late).await, 400, "a code ends after ten minutes");
    goes_on(&mut world).await;
}

#[test]
fn dice_fall_the_same_way_for_the_same_seed() {
    let draw = |seed| Dice::new(seed).bytes::<32>();
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
}
