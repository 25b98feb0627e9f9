//! What this server holds of a vault and could read, whatever the grants say: in delivery `server`
//! an operator can see that much and no more. The owner's question, answered by the store itself.

use std::{collections::BTreeSet, ops::ControlFlow};

use vault_wire::{
    entry::Binding,
    id::{GrantId, VaultId},
};

use super::Unavailable;
use crate::{
    Server,
    store::{EntryRow, HeldKey, Rows, StoreError, tables::ENTRIES},
};

/// What the server holds of a vault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Sealed entries.
    pub entries: u64,
    /// Those of them that the server has no key for: in delivery `sealed`, all.
    pub unreadable: u64,
    /// Paths of all fields in those that it can open.
    pub fields: BTreeSet<String>,
}

/// Opens every entry of a vault that the server has a key for.
///
/// # Errors
///
/// [`Unavailable`] if the store fails.
pub fn holdings(server: &Server, vault: VaultId) -> Result<Holdings, Unavailable> {
    let mut holdings = Holdings::default();
    let mut failure = None;
    let view = server.store().view()?;
    view.scan(&ENTRIES, vault.as_bytes(), &[], |rest, row| {
        match holdings.add(server, rest, &row) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failure = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    failure.map_or(Ok(holdings), |error| Err(error.into()))
}

impl Holdings {
    fn add(&mut self, server: &Server, place: &[u8], row: &EntryRow) -> Result<(), StoreError> {
        self.entries += 1;
        let binding = binding(place, row.statement).ok_or(StoreError::Row("entries"))?;
        let opened = match server.grant_keys().get(binding.grant, binding.generation)? {
            Some(HeldKey::Open(key)) => row.entry.open(&key, binding).ok(),
            Some(HeldKey::Sealed(_)) | None => None,
        };
        match opened {
            Some(payload) => self.fields.extend(payload.fields.into_keys()),
            None => self.unreadable += 1,
        }
        Ok(())
    }
}

/// The end of an entry's key begins with grant and generation.
fn binding(place: &[u8], statement: u64) -> Option<Binding> {
    let grant = GrantId(*place.first_chunk()?);
    let generation = u32::from_be_bytes(*place.get(16..)?.first_chunk()?);
    Some(Binding {
        grant,
        generation,
        statement,
    })
}
