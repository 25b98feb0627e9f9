//! One connection, from the handshake to its end, within its limits.

use std::{convert::Infallible, io, pin::pin};

use axum::{Router, body::Body, http::Request, response::Response};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tower::ServiceExt;

use super::{
    flight::{Flight, Tracked},
    limits,
};
use crate::stop::Stop;

/// Serves one connection until either side ends it. Whatever goes wrong ends only this connection.
pub(super) async fn serve(socket: TcpStream, acceptor: TlsAcceptor, router: Router, stop: Stop) {
    match handshake(socket, acceptor).await {
        Ok(stream) => converse(stream, router, stop).await,
        Err(error) => tracing::debug!(%error, "a connection ended before its TLS handshake"),
    }
}

/// A client that speaks plain HTTP ends here: what it sends is no TLS record.
async fn handshake(socket: TcpStream, acceptor: TlsAcceptor) -> io::Result<TlsStream<TcpStream>> {
    socket.set_nodelay(true)?;
    timeout(limits::HANDSHAKE_TIME, acceptor.accept(socket)).await?
}

async fn converse(stream: TlsStream<TcpStream>, router: Router, stop: Stop) {
    let flight = Flight::default();
    let http = protocol(&stream);
    let service = service_fn({
        let flight = flight.clone();
        move |request| answer(request, router.clone(), flight.clone())
    });
    let io = TokioIo::new(Tracked::new(stream, flight.clone()));
    let mut connection = pin!(http.serve_connection(io, service));
    tokio::select! {
        ended = connection.as_mut() => return trace_end(ended),
        () = flight.aborted() => return tracing::debug!("an answer was cut off: its grant was withdrawn"),
        () = quiet(&flight) => {}
        () = stop.requested() => {}
    }
    connection.as_mut().graceful_shutdown();
    let patience = if stop.is_requested() {
        limits::STOP_TIME
    } else {
        limits::QUIET_TIME
    };
    tokio::select! {
        ended = connection => trace_end(ended),
        () = flight.aborted() => {}
        () = sleep(patience) => tracing::debug!("a connection did not end when asked and was dropped"),
    }
}

/// HTTP/2 or HTTP/1.1, as the handshake agreed; without ALPN it is HTTP/1.1.
fn protocol(stream: &TlsStream<TcpStream>) -> auto::Builder<TokioExecutor> {
    let builder = auto::Builder::new(TokioExecutor::new());
    let mut builder = if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        builder.http2_only()
    } else {
        builder.http1_only()
    };
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::HEAD_TIME)
        .max_buf_size(limits::HEAD_BYTES_MAX)
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits::HEAD_BYTES_MAX).unwrap_or(u32::MAX))
        .max_concurrent_streams(limits::STREAMS_MAX)
        .initial_stream_window_size(limits::STREAM_WINDOW_BYTES)
        .initial_connection_window_size(limits::CONNECTION_WINDOW_BYTES);
    builder
}

async fn answer(
    mut request: Request<Incoming>,
    router: Router,
    flight: Flight,
) -> Result<Response, Infallible> {
    let open = flight.begin();
    request.extensions_mut().insert(flight);
    let response = router.oneshot(request.map(Body::new)).await;
    drop(open);
    response
}

/// Completes when nothing was asked, answered or written for a while.
async fn quiet(flight: &Flight) {
    let mut before = flight.progress();
    loop {
        sleep(limits::QUIET_TIME).await;
        let now = flight.progress();
        if flight.rests() && now == before {
            return;
        }
        before = now;
    }
}

fn trace_end(ended: Result<(), Box<dyn std::error::Error + Send + Sync>>) {
    if let Err(error) = ended {
        tracing::debug!(error, "a connection broke off");
    }
}
