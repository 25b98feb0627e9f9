//! A vault that belongs to its user: records in one encrypted file, consent decided on the device,
//! and sync of exactly what was consented.
//!
//! [`Vault`] is the door. Everything but syncing works without a network, and nothing that a server
//! says deletes local data. Time and randomness come in through [`Host`], so that every failure can
//! be replayed.
//!
//! ```
//! use vault_core::{Host, NewRecord, Passphrase, Vault, VaultFile, Category, Value};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("default.vault");
//! let passphrase = Passphrase::new("correct horse battery staple")?;
//! let vault = VaultFile::at(&path).create(&passphrase, Host::system())?;
//!
//! vault.allow_collection(Category::Receipts)?;
//! let receipt = NewRecord::new(Category::Receipts).with("brand", Value::Text("Acme".into()));
//! let id = vault.put(receipt)?;
//! assert_eq!(vault.get(id)?.category, Category::Receipts);
//! # Ok(())
//! # }
//! ```

mod clock;
mod consent;
mod entropy;
mod error;
mod host;
pub mod import;
mod keys;
mod records;
mod store;
mod sync;
mod vault;
mod well_known;

pub use clock::{Clock, ManualClock, SystemClock};
pub use consent::{
    Activity, Amendment, Change, Contradiction, DomainAnswer, ErasureProof, Grant, GrantState, InboxRequest,
    InvalidReceipt, KnownApp, Preview, PreviewedRecord, RECEIPT_TEXT_MAX, Receipt, RefusedStatement,
    RequestState, Selection, VerifiedReceipt, Voucher,
};
pub use entropy::Randomness;
pub use error::Error;
pub use host::Host;
pub use records::{Collection, NewRecord, Query, Record};
pub use sync::{
    EscrowState, LogFault, LogFaultKind, LogStanding, RejectedRecord, ServerAddress, ServerKeyPin, Shared,
    SyncError, SyncEvent, SyncReport,
};
pub use vault::{
    Conversation, GrantHistory, ImportProgress, ImportSummary, Recovery, Vault, VaultFile, VaultStatus,
};
pub use well_known::{AppDocuments, DOCUMENT_BYTES_MAX, DocumentError, HttpsDocuments};

pub use vault_file::{
    Anchor, AnchorUnavailable, Copied, Disk, Error as FileError, FileId, Finding, KdfParams, Loss, Options,
    Origin, Part, Passphrase, Position, Problem, Progress as FileProgress, RawKey, RecoveryCode, Salvaged,
    Secret, SlotId, SlotInfo, SlotKind, SlotSecret, VaultKey, Verified, Watch,
};
/// Everything that travels: terms, requests, statements, receipts and frames.
pub use vault_wire as wire;
pub use vault_wire::{
    catalogue::{Category, Precision},
    id::{AppId, GrantId, RecordId, RequestId, VaultId},
    time::{Date, Timestamp},
    value::Value,
};
