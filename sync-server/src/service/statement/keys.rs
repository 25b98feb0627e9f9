//! The keys of grants, as they come with statements or after them: from a copy of the vault that has them.

use vault_wire::{
    frame::StatementRefusal, grant_key::SealedGrantKey, id::GrantId, statement::Extent, terms::Delivery,
};

use super::Submitted;
use crate::{
    Server,
    store::{
        HeldKey, Rows, StoreError, Tx,
        tables::{GRANTS, key},
    },
};

/// A grant key as it will be kept: the one that the owner's statement commits to. In delivery `sealed` the
/// server can check no more than its form.
pub(super) fn held(
    server: &Server,
    grant: GrantId,
    extent: &Extent,
    sealed: SealedGrantKey,
) -> Result<HeldKey, StatementRefusal> {
    match extent.terms.delivery {
        Delivery::Server => sealed
            .open(&server.keys().sealing, grant, extent.generation)
            .ok()
            .filter(|key| key.commitment(grant, extent.generation) == extent.key)
            .map(HeldKey::Open)
            .ok_or(StatementRefusal::BadGrantKey),
        Delivery::Sealed if sealed.ciphertext.len() == SealedGrantKey::CIPHERTEXT_BYTES => {
            Ok(HeldKey::Sealed(sealed))
        }
        Delivery::Sealed => Err(StatementRefusal::BadGrantKey),
    }
}

/// A generation begins, with its key or without: then nothing can be stored under it before a copy of the
/// vault brings the key. One of the same number that never came into force is not taken for it.
pub(super) fn begin(server: &Server, submitted: &Submitted, extent: &Extent) -> Result<(), StoreError> {
    let grant = submitted.statement.grant;
    match &submitted.grant_key {
        Some(held) => server.grant_keys().put(grant, extent.generation, held),
        None => server.grant_keys().destroy_one(grant, extent.generation),
    }
}

/// Keeps the key of the generation in force, if it was missing.
pub(super) fn complete(server: &Server, submitted: &Submitted, extent: &Extent) -> Result<(), StoreError> {
    let grant = submitted.statement.grant;
    match &submitted.grant_key {
        Some(held) if !server.grant_keys().has(grant, extent.generation) => {
            server.grant_keys().put(grant, extent.generation, held)
        }
        _ => Ok(()),
    }
}

/// A statement that is in force came again. It may bring the key that was missing then, or that was lost.
pub(super) fn come_later(server: &Server, tx: &Tx, submitted: &Submitted) -> Result<(), StoreError> {
    let at = key(&[submitted.vault.as_bytes(), submitted.statement.grant.as_bytes()]);
    let (Some(extent), Some(row)) = (submitted.statement.event.extent(), tx.get(&GRANTS, &at)?) else {
        return Ok(());
    };
    match !row.state.is_over() && extent.key == row.key {
        true => complete(server, submitted, extent),
        false => Ok(()),
    }
}
