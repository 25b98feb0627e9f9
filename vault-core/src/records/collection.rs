//! Which categories may be collected. Off until the owner turns it on; separate from sharing.

use vault_file::{Snapshot, Transaction};
use vault_wire::{catalogue::Category, time::Timestamp};

use crate::{
    error::Error,
    store::{Store, decode, encode, tables::COLLECTION},
};

/// Whether one category may be collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collection {
    /// Which category.
    pub category: Category,
    /// Since when it may be collected; nothing if it may not.
    pub allowed_since: Option<Timestamp>,
}

/// Allows a category to be collected.
pub(crate) fn allow(store: &Store, category: Category) -> Result<(), Error> {
    let now = store.now();
    store.update(|transaction| {
        let mut collection = transaction.table(&COLLECTION)?;
        if collection.get(category.name().as_bytes())?.is_none() {
            collection.insert(category.name().as_bytes(), &encode(&now))?;
        }
        Ok(())
    })
}

/// Forbids it again. Records that are there stay.
pub(crate) fn forbid(store: &Store, category: Category) -> Result<(), Error> {
    store.update(|transaction| {
        transaction
            .table(&COLLECTION)?
            .remove(category.name().as_bytes())?;
        Ok(())
    })
}

/// Every category of the catalogue.
pub(crate) fn collections(view: &Snapshot) -> Result<Vec<Collection>, Error> {
    let table = view.table(&COLLECTION)?;
    Category::ALL
        .into_iter()
        .map(|category| {
            let since = table.get(category.name().as_bytes())?;
            let allowed_since = since
                .map(|row| decode(&row, "a collection setting"))
                .transpose()?;
            Ok(Collection {
                category,
                allowed_since,
            })
        })
        .collect()
}

/// Refuses a category that is off.
pub(super) fn require(transaction: &Transaction, category: Category) -> Result<(), Error> {
    match transaction.table(&COLLECTION)?.get(category.name().as_bytes())? {
        Some(_) => Ok(()),
        None => Err(Error::CollectionNotAllowed { category }),
    }
}
