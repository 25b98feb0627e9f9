//! Over real sockets: TLS and nothing else, both protocols, hostile and slow clients.

use std::time::Duration;

use axum::{body::Body, http::Method};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use vault_wire::{catalogue::Category, statement::Event, value::Value};

use super::{
    client::{call_http1, calls_http2, get, tls, tls_with},
    consent::body,
    unread::Unread,
    world::{World, request},
};

/// Everything that the server sends until it closes; an error counts as the end.
async fn rest(stream: &mut (impl AsyncReadExt + Unpin)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let reading = async {
        let mut buffer = [0; 4_096];
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            bytes.extend_from_slice(&buffer[..count]);
        }
    };
    timeout(Duration::from_secs(20), reading)
        .await
        .expect("the server keeps the connection open");
    bytes
}

#[tokio::test]
async fn plain_http_gets_nothing_but_a_closed_connection() {
    let world = World::new().await;
    for hello in [
        "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\0\0\0\0\0\0",
    ] {
        let mut socket = TcpStream::connect(world.address).await.unwrap();
        socket.write_all(hello.as_bytes()).await.unwrap();
        let answer = rest(&mut socket).await;
        const ALERT: u8 = 21;
        assert!(
            answer.is_empty() || (answer[0] == ALERT && answer.len() <= 7),
            "{answer:?}"
        );
    }
    assert_eq!(
        call_http1(&world, get("/health", "")).await.status,
        200,
        "the process goes on"
    );
}

#[tokio::test]
async fn old_and_new_tls_are_spoken() {
    let world = World::new().await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let stream = tls_with(&world, &["h2"], &[version]).await.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
    }
}

#[tokio::test]
async fn both_protocols_and_several_clients_at_once_are_served() {
    let world = World::new().await;
    let token = world.token(&["*"]).await;
    let requests = (0..20)
        .map(|n| get(["/health", "/api/v1/grants"][n % 2], &token))
        .collect();
    let (many, one) = tokio::join!(
        calls_http2(&world, requests),
        call_http1(&world, get("/api/v1/purposes", "")),
    );
    assert!(many.iter().all(|answer| answer.status == 200));
    assert_eq!(one.status, 200);
    assert!(one.header("request-id").is_some());
}

#[tokio::test]
async fn a_call_that_waits_does_not_hold_up_another() {
    let world = World::new().await;
    let (device, subject) = world.linked_device(1).await;
    let json = [("content-type", "application/json")];
    let ask = request(
        Method::POST,
        "/v1/request-consent",
        &world.key,
        &json,
        Body::from(body(&subject).to_string()),
    );
    let deciding = async {
        let asked = device.asked().await;
        let others = calls_http2(&world, vec![get("/v1/grants", &world.key), get("/health", "")]).await;
        assert!(others.iter().all(|answer| answer.status == 200));
        device.approve(&asked, |_| {}).await
    };
    let (answer, _) = tokio::join!(call_http1(&world, ask), deciding);
    assert_eq!(answer.json()["message"], "You can immediately access the data.");
}

#[tokio::test]
async fn a_body_larger_than_allowed_is_refused_over_the_wire_too() {
    let world = World::new().await;
    let json = [("content-type", "application/json")];
    let large = Body::from(vec![b' '; (1 << 20) + 1]);
    let answers = calls_http2(
        &world,
        vec![request(
            Method::POST,
            "/v1/subjects/link",
            &world.key,
            &json,
            large,
        )],
    )
    .await;
    assert_eq!(
        (answers[0].status, answers[0].code().as_str()),
        (413, "body_too_large")
    );
}

#[tokio::test]
async fn headers_larger_than_allowed_are_refused() {
    let world = World::new().await;
    // Just too large is an answer like every other; far too large is not even read to its end.
    for (kib, is_problem) in [(70, true), (400, false)] {
        let mut stream = tls(&world, &["http/1.1"]).await.unwrap();
        let long = "x".repeat(kib << 10);
        let head =
            format!("GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx: {long}\r\n\r\n");
        let (mut reading, mut writing) = tokio::io::split(&mut stream);
        let sending = async {
            let _ = writing.write_all(head.as_bytes()).await;
            let _ = writing.flush().await;
        };
        let (answer, ()) = tokio::join!(rest(&mut reading), sending);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        // A reset can overtake an answer to what was not read.
        assert!(
            answer.starts_with("HTTP/1.1 431 ") || (!is_problem && answer.is_empty()),
            "{answer}"
        );
        assert_eq!(
            answer.contains("headers_too_large"),
            is_problem,
            "{kib} KiB: {answer}"
        );
    }
    let long = "x".repeat(70 << 10);
    let by_http2 = calls_http2(
        &world,
        vec![request(
            Method::GET,
            "/health",
            "",
            &[("x", &long)],
            Body::empty(),
        )],
    )
    .await;
    assert_eq!(by_http2[0].status, 431);
}

#[tokio::test]
async fn bytes_that_are_no_http_end_only_their_own_connection() {
    let world = World::new().await;
    for alpn in ["http/1.1", "h2"] {
        let mut stream = tls(&world, &[alpn]).await.unwrap();
        stream.write_all(&[0xff; 2_000]).await.unwrap();
        rest(&mut stream).await;
    }
    assert_eq!(call_http1(&world, get("/health", "")).await.status, 200);
}

#[tokio::test]
async fn a_withdrawal_waits_for_an_answer_that_is_still_being_read_and_cuts_it_off_in_the_end() {
    let world = World::new().await;
    let Unread {
        device,
        mut given,
        subject,
        token,
        mut stream,
    } = Unread::of(&world).await;
    let withdrawing = device.follow(&mut given, Event::Withdrawn);
    tokio::pin!(withdrawing);
    let early = timeout(Duration::from_millis(300), &mut withdrawing).await;
    assert!(early.is_err(), "acknowledged while an answer was on its way");
    world.clock.advance_ms(60_000);
    timeout(Duration::from_secs(10), withdrawing)
        .await
        .expect("the answer was cut off");
    let left_before = rest(&mut stream).await.len();
    assert!(left_before < 4 << 20, "{left_before} bytes: all of the answer");
    let refused = world.get(&format!("/v1/users/{subject}/receipts"), &token).await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn an_answer_that_was_read_holds_up_no_withdrawal() {
    let world = World::new().await;
    let (device, subject) = world.linked_device(1).await;
    world
        .post_with(
            "/v1/request-consent",
            &world.key,
            &[("prefer", "wait=0")],
            body(&subject),
        )
        .await;
    let mut given = device.approve(&device.asked().await, |_| {}).await;
    let brand = [("brand", Value::Text("Acme".into()))];
    device.push(&given, Category::Receipts, &[&brand]).await;
    let token = world.token(&["*"]).await;
    let path = format!("/v1/users/{subject}/receipts");
    // The connection stays open after the answer.
    let mut stream = tls(&world, &["http/1.1"]).await.unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    while !answer.contains("read_id") {
        let mut buffer = [0; 4_096];
        let count = stream.read(&mut buffer).await.unwrap();
        answer.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
    }
    let by_http2 = calls_http2(&world, vec![get(&path, &token)]).await;
    assert_eq!(
        by_http2[0].json()["data"][0]["fields"],
        json!({ "brand": "Acme" })
    );
    let withdrawing = device.follow(&mut given, Event::Withdrawn);
    timeout(Duration::from_secs(10), withdrawing)
        .await
        .expect("nothing to wait for");
}

#[tokio::test]
async fn stopping_answers_the_calls_that_wait_and_closes() {
    let world = World::new().await;
    let (device, subject) = world.linked_device(1).await;
    let address = world.address;
    let json = [("content-type", "application/json")];
    let ask = request(
        Method::POST,
        "/v1/request-consent",
        &world.key,
        &json,
        Body::from(body(&subject).to_string()),
    );
    let stop = world.stop.clone();
    let stopping = async {
        device.asked().await;
        stop.request();
    };
    let (answer, ()) = tokio::join!(call_http1(&world, ask), stopping);
    assert_eq!(
        (answer.status, &answer.json()["status"]),
        (202, &json!("pending"))
    );
    let refused = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(10), refused)
        .await
        .expect("the listener closes");
}
