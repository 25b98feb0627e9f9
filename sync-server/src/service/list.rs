//! What the server holds of a grant, for a device that compares.

use std::ops::ControlFlow;

use vault_wire::{
    frame::{List, Listing, ListingRow},
    id::VaultId,
    limits,
};

use super::Unavailable;
use crate::{
    Server,
    store::{
        Rows,
        tables::{ENTRIES, key},
    },
};

/// A page of what the server has in the slots of one generation of a grant, in order of slots. Deletions
/// are listed too: what comes into such a slot must be newer.
pub(crate) fn list(server: &Server, vault: VaultId, asked: &List) -> Result<Listing, Unavailable> {
    let prefix = key(&[
        vault.as_bytes(),
        asked.grant.as_bytes(),
        &asked.generation.to_be_bytes(),
    ]);
    let from = asked
        .after
        .map_or_else(Vec::new, |slot| [slot.as_bytes().as_slice(), &[0]].concat());
    let mut rows = Vec::new();
    let mut complete = true;
    server.store().view()?.scan(&ENTRIES, &prefix, &from, |_, row| {
        if rows.len() == limits::LISTING_ROWS_MAX {
            complete = false;
            return ControlFlow::Break(());
        }
        rows.push(ListingRow {
            slot: row.entry.slot,
            rev: row.entry.rev,
            tag: row.entry.tag,
        });
        ControlFlow::Continue(())
    })?;
    Ok(Listing {
        grant: asked.grant,
        generation: asked.generation,
        rows,
        complete,
    })
}
