//! The lives of a vault: a file and its copies go different ways under one identity, and a server tells
//! them apart by their incarnation.

use vault_file::Transaction;
use vault_wire::id::Incarnation;

use crate::{
    error::Error,
    store::{
        Store, encode,
        tables::{META, meta},
    },
};

/// Sets a copy apart from the vault that it was copied from: it begins a life of its own. What the server
/// holds meanwhile shows when the two next speak.
pub(crate) fn set_apart(store: &Store, transaction: &Transaction) -> Result<(), Error> {
    let incarnation = Incarnation(store.host.randomness.bytes());
    transaction
        .table(&META)?
        .insert(meta::INCARNATION, &encode(&incarnation))?;
    Ok(())
}
