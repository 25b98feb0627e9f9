//! Clients that are slow on purpose: each runs into a bound. Time is tokio's own, and it runs by itself
//! as soon as nobody has anything to do.

use std::time::Duration;

use super::{client::tls, unread::Unread, world::World};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, pause},
};

/// What is received until the server closes, and the seconds until then.
async fn until_closed(stream: &mut (impl AsyncReadExt + Unpin)) -> (String, u64) {
    let begun = Instant::now();
    let mut received = Vec::new();
    let mut buffer = [0; 4_096];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        received.extend_from_slice(&buffer[..count]);
    }
    (
        String::from_utf8_lossy(&received).into_owned(),
        begun.elapsed().as_secs(),
    )
}

#[tokio::test]
async fn a_client_that_never_begins_the_handshake_is_let_go() {
    let world = World::new().await;
    let mut socket = TcpStream::connect(world.address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    pause();
    let (received, seconds) = until_closed(&mut socket).await;
    assert_eq!(received, "");
    assert!((9..=11).contains(&seconds), "{seconds} s");
}

#[tokio::test]
async fn a_head_that_does_not_end_is_let_go() {
    let world = World::new().await;
    for begun in ["", "GET /health HTTP/1.1\r\nhost: x\r\nx-slow: "] {
        let mut stream = tls(&world, &["http/1.1"]).await.unwrap();
        stream.write_all(begun.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        pause();
        let (_, seconds) = until_closed(&mut stream).await;
        assert!((29..=31).contains(&seconds), "{seconds} s");
        tokio::time::resume();
    }
}

#[tokio::test]
async fn a_body_that_does_not_end_is_answered_and_let_go() {
    let world = World::new().await;
    let mut stream = tls(&world, &["http/1.1"]).await.unwrap();
    let head = format!(
        "POST /v1/subjects/link HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n{{",
        world.key
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    pause();
    let (received, seconds) = until_closed(&mut stream).await;
    assert!(
        received.starts_with("HTTP/1.1 408 ") && received.contains("request_timeout"),
        "{received}"
    );
    assert!((29..=31).contains(&seconds), "{seconds} s");
}

#[tokio::test]
async fn an_http2_connection_without_requests_is_let_go() {
    let world = World::new().await;
    let mut stream = tls(&world, &["h2"]).await.unwrap();
    let empty_settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .await
        .unwrap();
    stream.write_all(&empty_settings).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    pause();
    let (_, seconds) = until_closed(&mut stream).await;
    assert!((59..=181).contains(&seconds), "{seconds} s");
}

#[tokio::test]
async fn an_answer_that_nobody_reads_is_let_go_with_its_guard() {
    let world = World::new().await;
    let Unread {
        given, mut stream, ..
    } = Unread::of(&world).await;
    pause();
    tokio::time::sleep(Duration::from_secs(200)).await;
    tokio::time::resume();
    let (received, _) = until_closed(&mut stream).await;
    assert!(received.len() < 4 << 20, "all of the answer");
    world
        .server
        .guards()
        .drain(given.grant, world.server.clock())
        .await;
}
