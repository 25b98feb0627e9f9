//! A developer's HTTP client over real TLS.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{Method, Request},
};
use http_body_util::BodyExt;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{
    ClientConfig, SupportedProtocolVersion,
    pki_types::{ServerName, UnixTime},
    time_provider::TimeProvider,
};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::{TlsConnector, client::TlsStream};
use vault_wire::time::Timestamp;

use super::world::{Answer, World, request};
use crate::clock::Clock;

/// A TLS connection that trusts the server's own authority.
pub(super) async fn tls(world: &World, alpn: &[&str]) -> std::io::Result<TlsStream<TcpStream>> {
    tls_with(world, alpn, rustls::ALL_VERSIONS).await
}

pub(super) async fn tls_with(
    world: &World,
    alpn: &[&str],
    versions: &[&'static SupportedProtocolVersion],
) -> std::io::Result<TlsStream<TcpStream>> {
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_details(ring, Arc::new(TimeOfTheWorld(world.clock.now())))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(world.server.tls().roots())
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let socket = TcpSocket::new_v4()?;
    // Small, so that an answer that is not read stays with the server.
    socket.set_recv_buffer_size(16 << 10)?;
    let socket = socket.connect(world.address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, socket).await
}

/// The server's certificate is of the world's time.
#[derive(Debug)]
struct TimeOfTheWorld(Timestamp);

impl TimeProvider for TimeOfTheWorld {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.unix_ms() / 1_000).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

/// One call over a connection of its own, by HTTP/1.1.
pub(super) async fn call_http1(world: &World, request: Request<Body>) -> Answer {
    let stream = tls(world, &["http/1.1"]).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    let driving = tokio::spawn(connection);
    let answer = read(sender.send_request(with_host(request)).await.unwrap()).await;
    drop(sender);
    driving.await.unwrap().unwrap();
    answer
}

/// Several calls at once over one connection, by HTTP/2.
pub(super) async fn calls_http2(world: &World, requests: Vec<Request<Body>>) -> Vec<Answer> {
    let stream = tls(world, &["h2"]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    let driving = tokio::spawn(connection);
    let calls: Vec<_> = requests
        .into_iter()
        .map(|request| {
            let mut sender = sender.clone();
            tokio::spawn(async move { read(sender.send_request(absolute(request)).await.unwrap()).await })
        })
        .collect();
    drop(sender);
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await.unwrap());
    }
    driving.abort();
    answers
}

pub(super) fn get(path: &str, credential: &str) -> Request<Body> {
    request(Method::GET, path, credential, &[], Body::empty())
}

fn with_host(mut request: Request<Body>) -> Request<Body> {
    request.headers_mut().insert("host", "localhost".parse().unwrap());
    request
}

fn absolute(mut request: Request<Body>) -> Request<Body> {
    *request.uri_mut() = format!("https://localhost{}", request.uri()).parse().unwrap();
    request
}

async fn read(response: hyper::Response<hyper::body::Incoming>) -> Answer {
    let (parts, body) = response.into_parts();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}
