//! The one error of the vault: each variant is something that the caller can act on.

use vault_wire::{Malformed, catalogue::Category};

use crate::{
    consent::{Contradiction, GrantState, RequestState},
    import::ImportError,
    sync::SyncError,
};

/// What went wrong, and what the caller can do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The vault file: wrong secret, damaged, busy, full disk.
    #[error(transparent)]
    File(#[from] vault_file::Error),
    /// The vault is locked: open it again.
    #[error("the vault is locked: open it again")]
    Locked,
    /// A row of the file is not what this version wrote. The file is authentic, so a newer version
    /// wrote it, or this is a bug.
    #[error("the vault holds {what} that this version cannot read: use a newer version")]
    Unreadable {
        /// What could not be read.
        what: &'static str,
    },
    /// The owner has not allowed this category to be collected.
    #[error("collecting {category} is off: turn it on with `vault collect {category} on`")]
    CollectionNotAllowed {
        /// Which category.
        category: Category,
    },
    /// A record that the catalogue does not allow.
    #[error("{category} record refused: field `{field}` {reason}")]
    InvalidRecord {
        /// Which category.
        category: Category,
        /// Which field.
        field: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There is no such thing in this vault.
    #[error("no such {0} in this vault")]
    NotFound(&'static str),
    /// A selection that allows more than was asked, or nothing.
    #[error("this selection is not possible: {0}")]
    InvalidSelection(&'static str),
    /// An answer that leaves out a field without which the application does not want it.
    #[error("the application wants no answer without {category}.{field}: leave it in, or reject the request")]
    RequiredField {
        /// Of which category.
        category: Category,
        /// Which field.
        field: String,
    },
    /// The request contradicts itself, or what the application's own domain says. It can be rejected only.
    #[error("this is not who it says: {0}; reject it")]
    NotWhoItSays(Contradiction),
    /// Delivery `sealed` was asked for by an application for which only the server vouches.
    #[error(
        "this asks for what only the application could open, and only the server vouches for it: sync while its domain can be reached, or reject it"
    )]
    NotVouchedFor,
    /// The application is blocked: any answer would tell it that somebody looked.
    #[error("this application is blocked, and an answer would tell it so: unblock it first")]
    AppBlocked,
    /// The request was answered or lapsed.
    #[error("the request is {0} and cannot be answered any more")]
    RequestClosed(RequestState),
    /// A backup that is not one of the vault that a recovery code belongs to.
    #[error("this is a backup of another vault than the recovery code belongs to")]
    OtherVault,
    /// The grant is over.
    #[error("the grant is over")]
    GrantOver,
    /// The grant stands as it would stand afterwards.
    #[error("the grant is {0} already")]
    GrantStands(GrantState),
    /// No server is set.
    #[error(
        "this vault is not connected to a server: run `vault connect HOST:PORT --server-key FINGERPRINT`"
    )]
    NotConnected,
    /// Talking to the server failed. Local data are as they were.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// A file could not be imported.
    #[error(transparent)]
    Import(#[from] ImportError),
}

impl Error {
    pub(crate) const fn unreadable(what: &'static str) -> Self {
        Self::Unreadable { what }
    }
}

impl From<Malformed> for Error {
    fn from(malformed: Malformed) -> Self {
        Self::unreadable(malformed.what)
    }
}
