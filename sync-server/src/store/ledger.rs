//! The ledger: what the owner took away for good, in a file apart from the database, so that a database
//! restored from a backup brings none of it back: an erased grant, a revoked device, an escrow that was
//! replaced.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};
use vault_file::Disk;
use vault_wire::{
    Digest,
    id::{GrantId, VaultId},
    signature::PublicKey,
};

use super::{
    StoreError,
    side_file::{Record, SideFile},
};
use crate::entropy::Entropy;

const WHAT: &str = "the erasure ledger";
/// Kind, vault id, grant id or number, digest or key.
const RECORD_BYTES: usize = 1 + 16 + 16 + 32;

const ERASED: u8 = 0;
const REVOKED: u8 = 1;
const ESCROWED: u8 = 2;

/// One withdrawal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Erased {
    pub(crate) vault: VaultId,
    pub(crate) grant: GrantId,
    /// Digest of the statement that withdrew.
    pub(crate) statement: Digest,
}

/// One device alone speaks for a vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Revoked {
    pub(crate) vault: VaultId,
    pub(crate) number: u64,
    pub(crate) stays: PublicKey,
}

/// An escrow that was kept: none that is older counts any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Escrowed {
    pub(crate) vault: VaultId,
    pub(crate) number: u64,
    pub(crate) digest: Digest,
}

/// The open ledger. It only grows.
pub(crate) struct Ledger(Mutex<Pages>);

struct Pages {
    file: SideFile,
    end: u64,
    revoked: HashMap<VaultId, Revoked>,
    escrowed: HashMap<VaultId, Escrowed>,
}

enum Entry {
    Erased(Erased),
    Revoked(Revoked),
    Escrowed(Escrowed),
}

impl Ledger {
    /// Opens the ledger on its disk, and every withdrawal that it holds.
    pub(crate) fn open(
        disk: Box<dyn Disk>,
        key: &[u8; 32],
        entropy: &Entropy,
    ) -> Result<(Self, Vec<Erased>), StoreError> {
        let (file, records) = SideFile::open(disk, WHAT, key, RECORD_BYTES, entropy.clone())?;
        let mut pages = Pages {
            file,
            end: 0,
            revoked: HashMap::new(),
            escrowed: HashMap::new(),
        };
        let mut erased = Vec::new();
        for (place, record) in (0u64..).zip(&records) {
            match record {
                Record::Sealed(record) => {
                    match Entry::parse(record) {
                        Some(Entry::Erased(one)) => erased.push(one),
                        Some(entry) => pages.remember(&entry),
                        None => tracing::error!(place, "an entry of the ledger is of no known kind"),
                    }
                    pages.end = place + 1;
                }
                Record::Free => {}
                // The last one may be a write that was cut short before anything relied on it.
                Record::Unreadable => tracing::error!(place, "an entry of the ledger cannot be read"),
            }
        }
        Ok((Self(Mutex::new(pages)), erased))
    }

    /// Adds a withdrawal. It is on the disk when this returns.
    pub(crate) fn erase(&self, erased: Erased) -> Result<(), StoreError> {
        self.pages().append(&Entry::Erased(erased))
    }

    /// Adds a revocation. It is on the disk when this returns.
    pub(crate) fn revoke(&self, revoked: Revoked) -> Result<(), StoreError> {
        self.pages().append(&Entry::Revoked(revoked))
    }

    /// Adds an escrow. It is on the disk when this returns.
    pub(crate) fn escrow(&self, escrowed: Escrowed) -> Result<(), StoreError> {
        self.pages().append(&Entry::Escrowed(escrowed))
    }

    /// The revocation in force for a vault.
    pub(crate) fn revoked(&self, vault: VaultId) -> Option<Revoked> {
        self.pages().revoked.get(&vault).copied()
    }

    /// The revocations in force, of all vaults.
    pub(crate) fn revocations(&self) -> Vec<Revoked> {
        self.pages().revoked.values().copied().collect()
    }

    /// The latest escrow of a vault.
    pub(crate) fn escrowed(&self, vault: VaultId) -> Option<Escrowed> {
        self.pages().escrowed.get(&vault).copied()
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    fn append(&mut self, entry: &Entry) -> Result<(), StoreError> {
        self.file.write(self.end, &entry.to_bytes())?;
        self.end += 1;
        self.remember(entry);
        Ok(())
    }

    fn remember(&mut self, entry: &Entry) {
        match entry {
            Entry::Erased(_) => {}
            Entry::Revoked(revoked) => {
                let last = self.revoked.entry(revoked.vault).or_insert(*revoked);
                if last.number < revoked.number {
                    *last = *revoked;
                }
            }
            Entry::Escrowed(escrowed) => {
                let last = self.escrowed.entry(escrowed.vault).or_insert(*escrowed);
                if last.number < escrowed.number {
                    *last = *escrowed;
                }
            }
        }
    }
}

impl Entry {
    fn to_bytes(&self) -> Vec<u8> {
        let numbered = |number: u64| [number.to_be_bytes(), [0; 8]].concat();
        let (kind, vault, of, bytes) = match self {
            Self::Erased(one) => (ERASED, one.vault, one.grant.as_bytes().to_vec(), one.statement),
            Self::Revoked(one) => (REVOKED, one.vault, numbered(one.number), one.stays.0),
            Self::Escrowed(one) => (ESCROWED, one.vault, numbered(one.number), one.digest),
        };
        [[kind].as_slice(), vault.as_bytes(), &of, &bytes].concat()
    }

    fn parse(record: &[u8]) -> Option<Self> {
        let (kind, rest) = record.split_first()?;
        let (vault, rest) = rest.split_first_chunk::<16>()?;
        let (of, rest) = rest.split_first_chunk::<16>()?;
        let (vault, bytes) = (VaultId(*vault), *rest.first_chunk::<32>()?);
        let number = u64::from_be_bytes(*of.first_chunk()?);
        Some(match *kind {
            ERASED => Self::Erased(Erased {
                vault,
                grant: GrantId(*of),
                statement: bytes,
            }),
            REVOKED => Self::Revoked(Revoked {
                vault,
                number,
                stays: PublicKey(bytes),
            }),
            ESCROWED => Self::Escrowed(Escrowed {
                vault,
                number,
                digest: bytes,
            }),
            _ => return None,
        })
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ledger(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    use super::{super::side_file::file_at, *};

    fn open(path: &Path) -> (Ledger, Vec<Erased>) {
        let entropy = Entropy::new(ChaCha20Rng::from_seed([7; 32]));
        Ledger::open(file_at(path).unwrap(), &[1; 32], &entropy).unwrap()
    }

    #[test]
    fn every_withdrawal_is_found_again_even_after_a_write_that_was_cut_short() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("erasure-ledger");
        let erased = |n: u8| Erased {
            vault: VaultId([n; 16]),
            grant: GrantId([n; 16]),
            statement: [n; 32],
        };
        let (ledger, before) = open(&path);
        assert!(before.is_empty());
        ledger.erase(erased(1)).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend([0xaa; 30]);
        std::fs::write(&path, &bytes).unwrap();
        let (ledger, _) = open(&path);
        ledger.erase(erased(2)).unwrap();
        let (_, all) = open(&path);
        assert_eq!(all, [erased(1), erased(2)]);
    }

    #[test]
    fn of_revocations_and_escrows_the_one_with_the_highest_number_counts_in_whatever_order_they_came() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("erasure-ledger");
        let vault = VaultId([1; 16]);
        let revoked = |number: u64, stays: u8| Revoked {
            vault,
            number,
            stays: PublicKey([stays; 32]),
        };
        let escrowed = |number: u64| Escrowed {
            vault,
            number,
            digest: [3; 32],
        };
        let (ledger, _) = open(&path);
        assert_eq!((ledger.revoked(vault), ledger.escrowed(vault)), (None, None));
        for number in [1, 300, 2] {
            ledger.revoke(revoked(number, 9)).unwrap();
            ledger.escrow(escrowed(number)).unwrap();
        }
        for ledger in [ledger, open(&path).0] {
            assert_eq!(ledger.revoked(vault), Some(revoked(300, 9)));
            assert_eq!(ledger.escrowed(vault), Some(escrowed(300)));
            assert_eq!(ledger.revoked(VaultId([2; 16])), None);
        }
        assert!(open(&path).1.is_empty(), "none of them erases a grant");
    }
}
