//! What must happen in a copy of a vault before anything is written to it.

use vault_file::Origin;

use crate::{error::Error, records, store::Store, sync};

/// Makes a backup, a restored file or a salvaged one a vault of its own, in one transaction: it begins a
/// new life and compares every grant with the server, so that whatever the vault did after the copy was
/// made is found again. Nothing happens to a file that is no such copy.
pub(super) fn claim(store: &Store) -> Result<(), Error> {
    let file = store.file();
    if file.unclaimed().is_none() {
        return Ok(());
    }
    file.claim(|transaction, origin| {
        if origin == Origin::Salvaged {
            records::rebuild_indexes(transaction)?;
        }
        sync::set_apart(store, transaction)
    })
}
