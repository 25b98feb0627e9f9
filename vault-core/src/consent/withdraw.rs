//! Taking consent back. It stops exports at once, with or without a network.

use vault_file::Transaction;
use vault_wire::{
    id::GrantId,
    receipt::SignedErasure,
    statement::{Event, Statement},
};

use super::{
    activity, apps,
    grant::{GrantState, StoredGrantKey, load_grant, store_grant},
    statements,
};
use crate::{error::Error, store::Store};

/// Withdraws a grant. Nothing of it is exported from here on; the statement reaches the server
/// first of all at the next connection.
pub(crate) fn withdraw(store: &Store, id: GrantId) -> Result<(), Error> {
    let now = store.now();
    store.update(|transaction| {
        let mut row = load_grant(transaction, id)?;
        if row.state != GrantState::Active {
            return Err(Error::GrantOver);
        }
        let (last, signed) = statements::last(transaction, id, row.statement)?;
        let statement = Statement::following(&last, signed.digest(), Event::Withdrawn, now);
        let key = apps::consent_key(store, transaction, row.app)?.key;
        statements::keep(transaction, id, statement.number, &statement.sign(&key))?;
        row.statement = statement.number;
        row.state = GrantState::Withdrawn;
        row.ended_at = Some(now);
        row.key = StoredGrantKey::destroyed();
        store_grant(transaction, id, &row)
    })
}

/// The server has confirmed, with a receipt that was checked, that it erased the grant.
pub(crate) fn erased(transaction: &Transaction, id: GrantId, receipt: &SignedErasure) -> Result<(), Error> {
    let mut row = load_grant(transaction, id)?;
    row.acknowledged = row.statement;
    row.state = GrantState::Erased;
    row.key = StoredGrantKey::destroyed();
    store_grant(transaction, id, &row)?;
    activity::keep_erasure(transaction, id, receipt)
}
