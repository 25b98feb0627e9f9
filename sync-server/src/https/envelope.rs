//! What every answer has around it: the call's id, the version, security headers, and a body for
//! every problem.

use std::{
    any::Any,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use vault_wire::id::CallId;

use super::{
    limits,
    problem::{Code, Problem},
};
use crate::Server;

/// The version of the contract that this server speaks.
pub(super) const API_VERSION: &str = "2026-11-21";

const ALWAYS: [(HeaderName, HeaderValue); 4] = [
    (
        HeaderName::from_static("api-version"),
        HeaderValue::from_static(API_VERSION),
    ),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::STRICT_TRANSPORT_SECURITY,
        HeaderValue::from_static("max-age=31536000; includeSubDomains"),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
];

/// Answers one request. A fault of ours in it is an answer 500, not the end of the connection.
pub(super) async fn envelope(State(server): State<Server>, mut request: Request, next: Next) -> Response {
    let call = CallId::fresh(server.now(), &mut server.entropy());
    request.extensions_mut().insert(call);
    let answered = if head_bytes(&request) > limits::HEAD_BYTES_MAX {
        Problem::plain(Code::HeadersTooLarge).into_response()
    } else {
        unless_it_panics(next.run(request)).await.unwrap_or_else(|_| {
            tracing::error!(%call, "a request made the server panic");
            Problem::plain(Code::InternalError).into_response()
        })
    };
    let mut response = with_problem_rendered(answered, call);
    stamp(response.headers_mut(), call);
    response
}

/// About as many bytes as the head of a request had on the wire. Both protocols have bounds of their
/// own before this one, but theirs are not exact.
fn head_bytes(request: &Request) -> usize {
    const AROUND_EACH: usize = 4;
    let address = request
        .uri()
        .path_and_query()
        .map_or(0, |address| address.as_str().len());
    let headers = request.headers().iter();
    address
        + headers
            .map(|(name, value)| name.as_str().len() + value.len() + AROUND_EACH)
            .sum::<usize>()
}

fn with_problem_rendered(mut response: Response, call: CallId) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        *response.body_mut() = Body::from(problem.to_json(call));
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
    }
    response
}

fn stamp(headers: &mut HeaderMap, call: CallId) {
    for (name, value) in ALWAYS {
        headers.insert(name, value);
    }
    if let Ok(id) = HeaderValue::from_str(&call.to_string()) {
        headers.insert(HeaderName::from_static("request-id"), id);
    }
}

async fn unless_it_panics<T>(work: impl Future<Output = T>) -> Result<T, Box<dyn Any + Send>> {
    let mut work = pin!(work);
    poll_fn(|cx| {
        // After a panic the future is dropped and never polled again.
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}
