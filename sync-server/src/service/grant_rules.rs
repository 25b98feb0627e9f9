//! When a grant allows reading.

use vault_wire::{terms::Duration, time::Timestamp};

use crate::store::{GrantRow, GrantState};

/// After this long without confirmation a grant `until_withdrawn` lapses, in milliseconds (365 days).
const RECONFIRM_MS: i64 = 365 * 86_400_000;

/// When a grant of this duration, given or confirmed at `since`, ends by itself.
pub(super) const fn deadline_of(duration: Duration, since: Timestamp) -> Option<Timestamp> {
    match duration {
        Duration::OneTime => None,
        Duration::TimeBound(end) => Some(end),
        Duration::UntilWithdrawn => Some(since.plus_ms(RECONFIRM_MS)),
    }
}

/// Where the grant stands now; its time can be over before anybody noted it.
pub(super) fn state_at(row: &GrantRow, now: Timestamp) -> GrantState {
    let lapsed = row.expires_at.is_some_and(|end| end <= now);
    match row.state {
        GrantState::Active | GrantState::Paused if lapsed => GrantState::Expired,
        state => state,
    }
}

/// Whether reads are answered now.
pub(super) fn is_active(row: &GrantRow, now: Timestamp) -> bool {
    state_at(row, now) == GrantState::Active && row.one_read.is_none()
}
