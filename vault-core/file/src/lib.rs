//! One encrypted file that holds ordered tables of bytes.
//!
//! Everything is sealed: values, keys, the names and the number of tables, their order and their indexes.
//! The file survives a loss of power at any moment with exactly the transactions that were committed, and a
//! damaged, cut, swapped or foreign file is a typed error. Byte for byte, the format is described in
//! `FORMAT.md`, together with what it does not protect against.
//!
//! A file opens with any of its key slots: a passphrase, a recovery code, the key store of the platform, a raw
//! key. Open, it lists, adds, removes and replaces them ([`SealedFile::slots`] and beside it), makes a consistent
//! copy of itself ([`SealedFile::back_up`]) and checks itself ([`SealedFile::verify`]). At rest, it is rewritten
//! under a new key ([`SealedFile::rewrite`]), restored ([`SealedFile::restore`]), checked
//! ([`SealedFile::verify_at`]) and, when it is damaged, saved as far as it goes ([`SealedFile::salvage`]). A copy is
//! read-only until it is claimed ([`SealedFile::claim`]), so that no two copies of a vault go on as one.
//!
//! The crate takes randomness and storage as arguments; it knows no clock and no network.
//!
//! ```
//! use vault_file::{Entropy, NewSlot, Options, RawKey, SealedFile, Secret, Table};
//!
//! const NOTES: Table = Table::new("notes");
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
//! # let system_randomness = || ChaCha20Rng::seed_from_u64(7);
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("notes.vault");
//! let key = RawKey::new(&[0x42; 32]);
//! let entropy = Entropy::new(system_randomness());
//! let file = SealedFile::create(&path, &[NewSlot::RawKey(&key)], entropy.clone(), &Options::default())?;
//!
//! let transaction = file.write()?;
//! transaction.table(&NOTES)?.insert(b"monday", b"water the plants")?;
//! transaction.commit()?;
//! drop(file);
//!
//! let file = SealedFile::open(&path, &Secret::RawKey(&key), entropy, &Options::default())?;
//! let notes = file.read()?.table(&NOTES)?;
//! assert_eq!(notes.get(b"monday")?.as_deref(), Some(&b"water the plants"[..]));
//! # Ok(())
//! # }
//! ```

#[cfg(test)]
extern crate self as vault_file;

mod anchor;
mod disk;
mod engine;
mod entropy;
mod error;
mod file;
mod header;
mod journal;
mod kdf;
mod keys;
mod layout;
mod operations;
mod options;
mod tree;

pub use anchor::{Anchor, AnchorUnavailable, Position};
pub use disk::{Disk, FileDisk};
pub use engine::{KEY_BYTES_MAX, ReadTable, Rows, Snapshot, Table, Transaction, VALUE_BYTES_MAX, WriteTable};
pub use entropy::Entropy;
pub use error::{Error, Part};
pub use file::SealedFile;
pub use header::{FileId, HeaderInfo, Lineage, Origin, SlotId, SlotInfo, SlotKind};
pub use kdf::KdfParams;
pub use keys::{
    CodeProblem, Key, KeyStoreError, NewSlot, PLATFORM_BLOB_BYTES_MAX, Passphrase, PlatformKeyStore, RawKey,
    RecoveryCode, RevealedCode, Secret,
};
pub use operations::{
    Copied, Finding, Loss, LostKeys, Problem, Progress, Salvaged, SlotSecret, VaultKey, Verified, Watch,
};
pub use options::Options;
