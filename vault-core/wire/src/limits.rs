//! A limit on everything that comes from outside. Each is checked before memory is set aside.

/// Largest frame, type byte and body together: 1 MiB of entries and 64 KiB around them.
pub const FRAME_BYTES_MAX: usize = (1 << 20) + (64 << 10);
/// Largest frame that carries neither entries nor one row a grant: a statement or a request and what
/// goes with it.
pub const CONTROL_FRAME_BYTES_MAX: usize = 128 << 10;
/// Largest STATEMENT or KEPT frame: a statement, and the request that it is about.
pub const STATEMENT_FRAME_BYTES_MAX: usize = 192 << 10;
/// Most entries in one batch.
pub const BATCH_ENTRIES_MAX: usize = 512;
/// Target size of one batch's entries, in bytes; the sender starts a new batch beyond it.
pub const BATCH_BYTES_TARGET: usize = 256 << 10;
/// Largest payload of one entry before sealing, padding included.
pub const PAYLOAD_BYTES_MAX: usize = 512 << 10;
/// Bytes of entries a device may have sent and not yet seen acknowledged.
pub const CREDIT_BYTES: u64 = 8 << 20;
/// Most grants a device names in one HELLO.
pub const GRANTS_MAX: usize = 4_096;
/// Most grants that are over and named in one HELLO; the latest are.
pub const ENDED_MAX: usize = 4_096;
/// Most categories in one consent request.
pub const DETAILS_MAX: usize = 16;
/// Most fields of one category in one consent request.
pub const FIELDS_MAX: usize = 64;
/// Longest purpose or benefit text, in characters.
pub const PURPOSE_CHARS_MAX: usize = 280;
/// Longest name, URL or contact in a consent request, in bytes.
pub const TEXT_BYTES_MAX: usize = 2_048;
/// Most recipients, and most storage locations, in one consent request.
pub const RECIPIENTS_MAX: usize = 64;
/// Largest consent request, in bytes.
pub const REQUEST_BYTES_MAX: usize = 64 << 10;
/// Largest statement, in bytes.
pub const STATEMENT_BYTES_MAX: usize = 64 << 10;
/// Deepest nesting of lists and maps in a value.
pub const VALUE_DEPTH_MAX: usize = 8;
/// Most values in one payload, counting each list, each map and everything in them.
pub const VALUES_MAX: usize = 16_384;
/// Most leaves of a log in one frame.
pub const LOG_LEAVES_MAX: usize = 32_768;
/// Largest message of a reconciliation, in bytes.
pub const RECONCILE_BYTES_MAX: usize = 64 << 10;
/// Most recovery codes that one vault can have.
pub const RECOVERY_CODES_MAX: usize = 8;
/// A request waits this long for an instant answer, in milliseconds (3 minutes).
pub const IMMEDIATE_WINDOW_MS: i64 = 180_000;
/// A request expires this long after it was made, in milliseconds (3 minutes and 24 hours).
pub const REQUEST_LIFETIME_MS: i64 = 86_580_000;
/// A decision made in time may arrive this long after expiry, in milliseconds (10 minutes).
pub const DECISION_GRACE_MS: i64 = 600_000;
/// A grant `until_withdrawn` lapses unless it is confirmed again within this, in milliseconds (365 days).
pub const RECONFIRM_MS: i64 = 365 * 86_400_000;
