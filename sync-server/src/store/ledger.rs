//! The erasure ledger: every withdrawal, in a file apart from the database, so that a database
//! restored from a backup cannot bring an erased grant back.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use vault_file::Disk;
use vault_wire::{
    Digest,
    id::{GrantId, VaultId},
};

use super::{
    StoreError,
    side_file::{Record, SideFile},
};
use crate::entropy::Entropy;

const WHAT: &str = "the erasure ledger";
/// Vault id, grant id, digest of the withdrawal.
const RECORD_BYTES: usize = 16 + 16 + 32;

/// One withdrawal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Erased {
    pub(crate) vault: VaultId,
    pub(crate) grant: GrantId,
    /// Digest of the statement that withdrew.
    pub(crate) statement: Digest,
}

/// The open ledger. It only grows.
pub(crate) struct Ledger(Mutex<Pages>);

struct Pages {
    file: SideFile,
    end: u64,
}

impl Ledger {
    /// Opens the ledger on its disk, and everything that it holds.
    pub(crate) fn open(
        disk: Box<dyn Disk>,
        key: &[u8; 32],
        entropy: &Entropy,
    ) -> Result<(Self, Vec<Erased>), StoreError> {
        let (file, records) = SideFile::open(disk, WHAT, key, RECORD_BYTES, entropy.clone())?;
        let mut erased = Vec::new();
        let mut end = 0;
        for (place, record) in (0u64..).zip(&records) {
            match record {
                Record::Sealed(record) => {
                    erased.extend(parse(record));
                    end = place + 1;
                }
                Record::Free => {}
                // The last one may be a write that was cut short before anything relied on it.
                Record::Unreadable => tracing::error!(place, "an entry of the erasure ledger cannot be read"),
            }
        }
        Ok((Self(Mutex::new(Pages { file, end })), erased))
    }

    /// Adds a withdrawal. It is on the disk when this returns.
    pub(crate) fn append(&self, erased: &Erased) -> Result<(), StoreError> {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let record = [
            erased.vault.as_bytes().as_slice(),
            erased.grant.as_bytes(),
            &erased.statement,
        ]
        .concat();
        let place = pages.end;
        pages.file.write(place, &record)?;
        pages.end += 1;
        Ok(())
    }
}

fn parse(record: &[u8]) -> Option<Erased> {
    let (vault, rest) = record.split_first_chunk::<16>()?;
    let (grant, rest) = rest.split_first_chunk::<16>()?;
    Some(Erased {
        vault: VaultId(*vault),
        grant: GrantId(*grant),
        statement: *rest.first_chunk::<32>()?,
    })
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ledger(..)")
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    use super::{super::side_file::file_at, *};

    #[test]
    fn every_withdrawal_is_found_again_even_after_a_write_that_was_cut_short() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("erasure-ledger");
        let entropy = Entropy::new(ChaCha20Rng::from_seed([7; 32]));
        let erased = |n: u8| Erased {
            vault: VaultId([n; 16]),
            grant: GrantId([n; 16]),
            statement: [n; 32],
        };
        let (ledger, before) = Ledger::open(file_at(&path).unwrap(), &[1; 32], &entropy).unwrap();
        assert!(before.is_empty());
        ledger.append(&erased(1)).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend([0xaa; 30]);
        std::fs::write(&path, &bytes).unwrap();
        let (ledger, _) = Ledger::open(file_at(&path).unwrap(), &[1; 32], &entropy).unwrap();
        ledger.append(&erased(2)).unwrap();
        let (_, all) = Ledger::open(file_at(&path).unwrap(), &[1; 32], &entropy).unwrap();
        assert_eq!(all, [erased(1), erased(2)]);
    }
}
