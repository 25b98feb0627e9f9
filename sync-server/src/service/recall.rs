//! Telling a device of every running grant of its vault, whether it knows of it or not.

use vault_wire::{
    frame::{DeliveredRequest, KeptStatement},
    id::{GrantId, VaultId},
    limits,
};

use super::{Unavailable, grant_rules::state_at, statement::kept_from};
use crate::{
    Server,
    store::{
        Rows, StoreError,
        tables::{GRANTS, REQUESTS, key},
    },
};

/// A running grant: the request that it answers, and all that was said of it.
pub(crate) type Recalled = (DeliveredRequest, Vec<KeptStatement>);

/// Ids of the running grants of a vault.
pub(crate) fn running(server: &Server, vault: VaultId) -> Result<Vec<GrantId>, Unavailable> {
    let now = server.now();
    let rows = server
        .store()
        .view()?
        .rows(&GRANTS, vault.as_bytes(), usize::MAX)?;
    let running = rows.into_iter().filter(|(_, row)| !state_at(row, now).is_over());
    let ids = running.filter_map(|(id, _)| <[u8; 16]>::try_from(id.as_slice()).ok());
    Ok(ids.map(GrantId).take(limits::GRANTS_MAX).collect())
}

/// One of them, if it still is known.
pub(crate) fn recall(
    server: &Server,
    vault: VaultId,
    grant: GrantId,
) -> Result<Option<Recalled>, Unavailable> {
    let Some(delivered) = asked(server, vault, grant)? else {
        return Ok(None);
    };
    Ok(Some((delivered, kept_from(server, vault, grant, 1)?)))
}

fn asked(server: &Server, vault: VaultId, grant: GrantId) -> Result<Option<DeliveredRequest>, StoreError> {
    let view = server.store().view()?;
    let Some(row) = view.get(&GRANTS, &key(&[vault.as_bytes(), grant.as_bytes()]))? else {
        return Ok(None);
    };
    let request = view.get(&REQUESTS, &key(&[vault.as_bytes(), row.request.as_bytes()]))?;
    Ok(request.map(|request| DeliveredRequest {
        bytes: request.bytes,
        signature: request.signature,
        delivery_nonce: request.delivery_nonce,
    }))
}
