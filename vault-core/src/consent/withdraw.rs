//! Taking consent back. It stops exports at once, with or without a network.

use vault_file::Transaction;
use vault_wire::{id::GrantId, receipt::SignedErasure, statement::Event};

use super::{
    activity,
    grant::{GrantState, load_grant, store_grant},
    statements::say,
};
use crate::{error::Error, store::Store};

/// Withdraws a grant. Nothing of it is exported from here on; the statement reaches the server
/// first of all at the next connection.
pub(crate) fn withdraw(store: &Store, id: GrantId) -> Result<(), Error> {
    store.update(|transaction| {
        let mut row = load_grant(transaction, id)?;
        if !row.state.is_running() {
            return Err(Error::GrantOver);
        }
        say(store, transaction, id, &mut row, Event::Withdrawn)?;
        store_grant(transaction, id, &row)
    })
}

/// The owner withdrew the grant with another copy of this vault, or before this file was restored. This
/// one says so too: that brings the receipt, and can be held against a server whose data is set back.
pub(crate) fn withdrawn_elsewhere(
    store: &Store,
    transaction: &Transaction,
    id: GrantId,
) -> Result<(), Error> {
    let mut row = load_grant(transaction, id)?;
    if row.state.is_running() {
        say(store, transaction, id, &mut row, Event::Withdrawn)?;
        store_grant(transaction, id, &row)?;
    }
    Ok(())
}

/// The server does not know of an end that it confirmed before: the withdrawal is to be sent again, or the
/// refusal, if it still has the grant (`is_there`). What ended in another way needs no word of its own.
pub(crate) fn end_forgotten(transaction: &Transaction, id: GrantId, is_there: bool) -> Result<(), Error> {
    let mut row = load_grant(transaction, id)?;
    if row.is_withdrawn() && (is_there || !row.is_refusal()) {
        row.state = GrantState::Withdrawn;
        row.acknowledged = row.acknowledged.min(row.statement - 1);
        store_grant(transaction, id, &row)?;
    }
    Ok(())
}

/// The grant is over at the server, by its own terms or because another took its place.
pub(crate) fn ended(
    store: &Store,
    transaction: &Transaction,
    id: GrantId,
    state: GrantState,
) -> Result<(), Error> {
    let mut row = load_grant(transaction, id)?;
    if row.state.is_running() {
        row.end(state, store.now());
        store_grant(transaction, id, &row)?;
    }
    Ok(())
}

/// The server has confirmed, with a receipt that was checked, that it erased the grant.
pub(crate) fn erased(transaction: &Transaction, id: GrantId, receipt: &SignedErasure) -> Result<(), Error> {
    let mut row = load_grant(transaction, id)?;
    row.acknowledged = row.statement;
    row.state = GrantState::Erased;
    row.destroy_keys();
    store_grant(transaction, id, &row)?;
    activity::keep_erasure(transaction, id, receipt)
}
