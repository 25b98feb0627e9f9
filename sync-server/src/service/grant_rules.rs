//! When a grant allows reading.

use vault_wire::time::Timestamp;

use crate::store::{GrantRow, GrantState};

/// Where the grant stands now: its time can be over before anybody noted it, and while the owner's later
/// word is missing it is as if paused.
pub(super) fn state_at(row: &GrantRow, now: Timestamp) -> GrantState {
    let lapsed = row.expires_at.is_some_and(|end| end <= now);
    match row.state {
        GrantState::Active | GrantState::Paused if lapsed => GrantState::Expired,
        GrantState::Active if row.number < row.named => GrantState::Paused,
        state => state,
    }
}

/// Whether entries are taken now. While the owner's later word is missing they are, though nothing is read: the
/// copy of the vault that sends them cannot know that word.
pub(super) fn takes_entries(row: &GrantRow, now: Timestamp) -> bool {
    row.state == GrantState::Active && !state_at(row, now).is_over()
}

/// Whether reads are answered now.
pub(super) fn is_active(row: &GrantRow, now: Timestamp) -> bool {
    state_at(row, now) == GrantState::Active && row.one_read.is_none()
}
