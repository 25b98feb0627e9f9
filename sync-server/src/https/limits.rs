//! A limit on everything that a client can make this surface do. Times of the network are real time;
//! only the consent windows follow the server's clock.

use std::time::Duration;

/// Connections at once; beyond it new ones wait in the system's queue.
pub(super) const CONNECTIONS_MAX: usize = 4_096;
/// A TLS handshake takes no longer.
pub(super) const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// The head of a request takes no longer to arrive, and an HTTP/1.1 connection rests no longer
/// between two of them.
pub(super) const HEAD_TIME: Duration = Duration::from_secs(30);
/// The body of a request takes no longer to arrive.
pub(super) const BODY_TIME: Duration = Duration::from_secs(30);
/// After this long without a request or a byte written, a connection is asked to close; after as
/// long again it is dropped.
pub(super) const QUIET_TIME: Duration = Duration::from_secs(60);
/// What is under way may take this long to finish once the server is asked to end.
pub(super) const STOP_TIME: Duration = Duration::from_secs(10);
/// The pause after the system refuses to accept a connection.
pub(super) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Largest block of request headers, in bytes.
pub(super) const HEAD_BYTES_MAX: usize = 64 << 10;
/// Largest request body, in bytes.
pub(super) const BODY_BYTES_MAX: usize = 1 << 20;
/// All request bodies that are being read at once, in KiB.
pub(super) const BODIES_KIB_MAX: usize = 64 << 10;
/// Requests at once on one HTTP/2 connection.
pub(super) const STREAMS_MAX: u32 = 100;
/// What one HTTP/2 stream may send ahead, in bytes.
pub(super) const STREAM_WINDOW_BYTES: u32 = 64 << 10;
/// What one HTTP/2 connection may send ahead, in bytes.
pub(super) const CONNECTION_WINDOW_BYTES: u32 = 128 << 10;

/// Longest id, code, time or word in a body, in characters.
pub(super) const TOKEN_CHARS_MAX: usize = 256;
/// Most scopes that a session token can be asked for with.
pub(super) const SCOPES_MAX: usize = 64;
/// Rows in one page when the caller does not say.
pub(super) const PAGE_ROWS_DEFAULT: u32 = 100;
/// Most rows in one page.
pub(super) const PAGE_ROWS_MAX: u32 = 200;
/// Longest piece of a caller's text that an answer repeats, in characters.
pub(super) const ECHO_CHARS_MAX: usize = 64;
