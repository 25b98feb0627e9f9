//! Grants that the owner ended and that this data never knew, because it was set back to before them: they
//! must not begin again when another copy of the vault proves that they were given.

use vault_wire::{
    id::{GrantId, VaultId},
    limits,
};

use crate::store::{
    Rows, StoreError, Tx,
    tables::{ENDED, key},
};

/// What is remembered of one vault, while one HELLO is answered.
pub(super) struct Ended {
    pub(super) vault: VaultId,
    /// How many more may be remembered, once that was counted.
    room: Option<usize>,
}

impl Ended {
    pub(super) const fn of(vault: VaultId) -> Self {
        Self { vault, room: None }
    }

    /// Remembers that a grant is over. Returns whether this is news. A vault that names more than
    /// [`limits::ENDED_MAX`] has only those remembered.
    pub(super) fn remember(&mut self, tx: &Tx, grant: GrantId) -> Result<bool, StoreError> {
        if is_ended(tx, self.vault, grant)? {
            return Ok(false);
        }
        let room = match self.room {
            Some(room) => room,
            None => limits::ENDED_MAX - tx.rows(&ENDED, self.vault.as_bytes(), limits::ENDED_MAX)?.len(),
        };
        if room > 0 {
            tx.put(&ENDED, &key(&[self.vault.as_bytes(), grant.as_bytes()]), &())?;
        }
        self.room = Some(room.saturating_sub(1));
        Ok(true)
    }
}

/// Whether a grant that this data never knew is over.
pub(super) fn is_ended(tx: &Tx, vault: VaultId, grant: GrantId) -> Result<bool, StoreError> {
    tx.has(&ENDED, &key(&[vault.as_bytes(), grant.as_bytes()]))
}
