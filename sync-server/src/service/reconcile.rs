//! What the server holds of a grant, for a device that compares.

use std::ops::ControlFlow;

use vault_wire::{
    entry::ContentTag,
    frame::Reconcile,
    id::{Slot, VaultId},
    reconcile::{self, Edge, Fault, Item, Span, Tallied, Tally},
};

use super::slots::{all_filed, file_all};
use crate::{
    Server,
    store::{
        Rows, StoreError, View,
        tables::{SLOTS, TALLIES, key},
    },
};

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReconcileError {
    /// The question is none.
    Malformed,
    /// The server cannot serve now.
    Unavailable,
}

/// How often what is held is put in order for one answer, if another device of the owner goes on sending.
const TRIES: u32 = 4;

/// Answers what a device asks of what is held in one generation of a grant. A generation that is not
/// there holds nothing.
pub(crate) async fn reconcile(
    server: &Server,
    vault: VaultId,
    asked: Reconcile,
) -> Result<Reconcile, ReconcileError> {
    let of = (asked.grant, asked.generation);
    for _ in 0..TRIES {
        let view = server.store().view()?;
        if all_filed(&view, vault, of)? {
            let answering = tokio::task::spawn_blocking(move || answer(&view, vault, &asked));
            return answering.await.map_err(|_| ReconcileError::Unavailable)?;
        }
        file_all(server, vault, of).await?;
    }
    Err(ReconcileError::Unavailable)
}

fn answer(view: &View, vault: VaultId, asked: &Reconcile) -> Result<Reconcile, ReconcileError> {
    let generation = key(&[
        vault.as_bytes(),
        asked.grant.as_bytes(),
        &asked.generation.to_be_bytes(),
    ]);
    let tallies = tallies(view, &generation)?;
    let mut held = Tallied::new(tallies, |span: &Span, limit: usize| {
        items(view, &generation, span, limit)
    });
    let message = reconcile::answer(&mut held, &asked.message)?;
    Ok(Reconcile {
        grant: asked.grant,
        generation: asked.generation,
        message,
    })
}

fn tallies(view: &View, generation: &[u8]) -> Result<Vec<(u8, Tally)>, StoreError> {
    let rows = view.rows(&TALLIES, generation, 256)?;
    let with_byte = |(rest, tally): (Vec<u8>, Tally)| rest.first().map(|first| (*first, tally));
    Ok(rows.into_iter().filter_map(with_byte).collect())
}

fn items(view: &View, generation: &[u8], span: &Span, limit: usize) -> Result<Vec<Item>, StoreError> {
    let Edge::At(from) = span.from else {
        return Ok(Vec::new());
    };
    let mut items = Vec::new();
    view.scan(&SLOTS, generation, from.slot().as_bytes(), |slot, row| {
        let slot = slot.try_into().map_or(Slot([0xff; 16]), Slot);
        if Edge::At(Item::new(slot, ContentTag([0; 16]))) >= span.to || items.len() == limit {
            return ControlFlow::Break(());
        }
        let item = row.place.map(|place| Item::new(slot, place.tag));
        items.extend(item.filter(|item| span.contains(item)));
        ControlFlow::Continue(())
    })?;
    Ok(items)
}

impl From<StoreError> for ReconcileError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "what is held cannot be read");
        Self::Unavailable
    }
}

impl From<Fault<StoreError>> for ReconcileError {
    fn from(fault: Fault<StoreError>) -> Self {
        match fault {
            Fault::Malformed(_) => Self::Malformed,
            Fault::Set(error) => error.into(),
        }
    }
}
