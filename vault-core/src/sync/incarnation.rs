//! The lives of a vault: a file and its copies go different ways under one identity, and a server tells
//! them apart by their incarnation.

use vault_file::Transaction;
use vault_wire::id::{GrantId, Incarnation};

use super::progress::Progress;
use crate::{
    consent::GrantRow,
    error::Error,
    store::{
        Store, decode, encode,
        tables::{GRANTS, META, meta},
    },
};

/// Begins a new life of this file.
pub(super) fn begin(store: &Store, transaction: &Transaction) -> Result<(), Error> {
    let incarnation = Incarnation(store.host.randomness.bytes());
    transaction
        .table(&META)?
        .insert(meta::INCARNATION, &encode(&incarnation))?;
    Ok(())
}

/// Sets a copy apart from the vault that it was copied from: it begins a life of its own, and what the
/// server holds of each grant is unknown until both have compared it.
pub(crate) fn set_apart(store: &Store, transaction: &Transaction) -> Result<(), Error> {
    begin(store, transaction)?;
    for (grant, generation) in running_grants(transaction)? {
        Progress::start_reconciling(transaction, grant, generation)?;
    }
    Ok(())
}

fn running_grants(transaction: &Transaction) -> Result<Vec<(GrantId, u32)>, Error> {
    let mut running = Vec::new();
    for row in transaction.table(&GRANTS)?.range(..)? {
        let (key, value) = row?;
        let row: GrantRow = decode(&value, "a grant")?;
        if row.state.is_running() {
            let id = key.as_slice().try_into();
            let id = GrantId(id.map_err(|_| Error::unreadable("a grant"))?);
            running.push((id, row.extent.generation));
        }
    }
    Ok(running)
}
