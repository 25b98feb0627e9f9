//! What one connection has under way.
//!
//! A withdrawal is acknowledged once every earlier answer has left or was cut off, so an answer with
//! records keeps its read guard until its last byte is out of this process. A [`Hold`] on the guard
//! travels inside the bytes of the answer: when the HTTP layer lets go of them they are encrypted or
//! copied, and the hold moves on to the connection; when the connection has next been flushed to the
//! socket, it is dropped. A connection that ends drops what it still holds, and a guard that orders
//! its answer to stop ends the connection.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::oneshot,
};

use crate::{live::ReadGuard, stop::Stop};

/// What one connection has under way; shared by the connection and its requests.
#[derive(Clone, Debug, Default)]
pub(super) struct Flight(Arc<State>);

#[derive(Debug, Default)]
struct State {
    unflushed: Mutex<Vec<Hold>>,
    abort: Stop,
    requests_open: AtomicUsize,
    requests_seen: AtomicU64,
    bytes_written: AtomicU64,
}

/// How far a connection has come; two equal ones mean that nothing happened between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    requests_seen: u64,
    bytes_written: u64,
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct OpenRequest(Flight);

/// Keeps a read guard for as long as it lives itself: a task of the guard's own waits for its end,
/// or for the guard's order to stop.
#[derive(Debug)]
struct Hold(#[expect(dead_code, reason = "it says all by being dropped")] oneshot::Sender<()>);

/// The bytes of an answer with a hold on its guard.
struct Guarded {
    bytes: Vec<u8>,
    hold: Option<Hold>,
    flight: Flight,
}

impl Flight {
    /// Counts a request until what is returned is dropped.
    pub(super) fn begin(&self) -> OpenRequest {
        self.0.requests_seen.fetch_add(1, Ordering::Relaxed);
        self.0.requests_open.fetch_add(1, Ordering::Relaxed);
        OpenRequest(self.clone())
    }

    /// Whether no request is being answered.
    pub(super) fn rests(&self) -> bool {
        self.0.requests_open.load(Ordering::Relaxed) == 0
    }

    /// How far the connection has come.
    pub(super) fn progress(&self) -> Progress {
        Progress {
            requests_seen: self.0.requests_seen.load(Ordering::Relaxed),
            bytes_written: self.0.bytes_written.load(Ordering::Relaxed),
        }
    }

    /// Bytes that hold the guard for as long as they, or a copy of them below, wait to be sent.
    pub(super) fn guarded(&self, bytes: Vec<u8>, guard: ReadGuard) -> Bytes {
        Bytes::from_owner(Guarded {
            bytes,
            hold: Some(Hold::on(guard, self.0.abort.clone())),
            flight: self.clone(),
        })
    }

    /// Completes when the connection must end at once, because an answer on it must not go on.
    pub(super) async fn aborted(&self) {
        self.0.abort.requested().await;
    }

    fn unflushed(&self) -> MutexGuard<'_, Vec<Hold>> {
        self.0.unflushed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hold {
    fn on(guard: ReadGuard, abort: Stop) -> Self {
        let (hold, mut released) = oneshot::channel();
        tokio::spawn(async move {
            tokio::select! {
                _ = &mut released => return,
                () = guard.aborted() => abort.request(),
            }
            // Only when the connection is gone is the answer cut off.
            let _ = released.await;
            drop(guard);
        });
        Self(hold)
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.0.requests_open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl AsRef<[u8]> for Guarded {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.flight.unflushed().extend(self.hold.take());
    }
}

/// A connection's stream that tells its [`Flight`] what was written and flushed.
#[derive(Debug)]
pub(super) struct Tracked<S> {
    stream: S,
    flight: Flight,
}

impl<S> Tracked<S> {
    /// Tracks a stream.
    pub(super) fn new(stream: S, flight: Flight) -> Self {
        Self { stream, flight }
    }

    fn count(&self, written: usize) {
        let written = u64::try_from(written).unwrap_or(u64::MAX);
        self.flight.0.bytes_written.fetch_add(written, Ordering::Relaxed);
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tracked<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tracked<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.count(written);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, slices))?;
        self.count(written);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        let sent = std::mem::take(&mut *self.flight.unflushed());
        drop(sent);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
