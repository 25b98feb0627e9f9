//! How long to wait, in seconds.

/// Milliseconds as whole seconds, rounded up and at least one, as `Retry-After` wants them.
pub(super) fn seconds(ms: i64) -> u32 {
    u32::try_from(ms.saturating_add(999) / 1_000)
        .unwrap_or(if ms < 0 { 1 } else { u32::MAX })
        .max(1)
}
