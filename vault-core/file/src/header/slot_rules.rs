//! Which slots a file must have, so that its owner is never locked out.

use super::{KeySlot, SLOTS_MAX, SlotId, SlotKind};
use crate::error::Error;

/// Refuses a set of slots that a file must not be created with.
pub(crate) fn check_new(kinds: &[SlotKind]) -> Result<(), Error> {
    let refused = |what| Err(Error::InvalidInput { what });
    if kinds.is_empty() {
        return refused("a vault without a key slot could never be opened");
    }
    if kinds.len() > SLOTS_MAX {
        return refused("more than 8 key slots");
    }
    if kinds.iter().all(|kind| *kind == SlotKind::Platform) {
        return refused("a platform slot cannot be the only one: the key store may lose its key");
    }
    Ok(())
}

/// The slots that are left without one of them, if it may go: the last passphrase or recovery code stays, and
/// something else than key stores always remains.
pub(crate) fn check_removal(slots: &[KeySlot], removed: SlotId) -> Result<Vec<KeySlot>, Error> {
    let Some(gone) = slots.iter().find(|slot| slot.id() == removed) else {
        return Err(Error::NoSuchSlot { slot: removed });
    };
    let left: Vec<_> = slots
        .iter()
        .filter(|slot| slot.id() != removed)
        .cloned()
        .collect();
    let human_left = left.iter().any(|slot| slot.kind().is_human());
    let raw_key_left = left.iter().any(|slot| slot.kind() == SlotKind::RawKey);
    let allowed = human_left || (raw_key_left && !gone.kind().is_human());
    if allowed { Ok(left) } else { Err(Error::LastSlot) }
}
