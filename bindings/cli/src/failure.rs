//! Why a command failed: one sentence for a person, a code and an exit status for a script.

use std::{io, path::PathBuf};

use serde_json::{Value as Json, json};
use vault_core::{Error, SyncError, wire::frame::Refusal};
use vault_file::Error as FileError;

use crate::show::counted;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The vault refused or could not.
    #[error(transparent)]
    Vault(#[from] Error),
    /// The command was called in a way that cannot work.
    #[error("{0}")]
    Usage(String),
    /// There is no vault file.
    #[error("there is no vault at {}: make one with `vault init`, or name another with --vault", .0.display())]
    NoVault(PathBuf),
    /// Nothing has this id, or part of an id.
    #[error("no {what} has an id that begins or ends with {id}: look it up with `vault {list}`")]
    NoSuchId {
        /// What was looked for.
        what: &'static str,
        /// What was typed.
        id: String,
        /// The command that lists them.
        list: &'static str,
    },
    /// Several things have this part of an id.
    #[error(
        "{count} {what}s have an id that begins or ends with {id}: type more of it, for example {example}"
    )]
    AmbiguousId {
        /// What was looked for.
        what: &'static str,
        /// What was typed.
        id: String,
        /// How many there are.
        count: usize,
        /// The full id of one of them.
        example: String,
    },
    /// A step of the demo could not happen.
    #[cfg(feature = "demo")]
    #[error("the demo stopped: {0}")]
    DemoStopped(String),
    /// A step of the demo did not come out as it must, or the owner rejected.
    #[cfg(feature = "demo")]
    #[error("the demo did not run to its end with every step ok")]
    DemoFellShort,
    /// The owner did not confirm.
    #[error("{0}")]
    NotConfirmed(String),
    /// There is no way to ask for the passphrase.
    #[error(
        "there is no terminal to ask for the passphrase: give it through --passphrase-fd or VAULT_PASSPHRASE"
    )]
    NoPassphrase,
    /// There is no way to ask for the recovery code.
    #[error("there is no terminal to ask for the recovery code: give it through VAULT_RECOVERY_CODE")]
    NoRecoveryCode,
    /// A check found damage, in so many places.
    #[error("the vault is damaged in {}: restore a backup, or save what is left with `vault salvage`", counted(*.0, "place"))]
    Unsound(u64),
    /// Some consent receipts do not hold.
    #[error("{} not hold: do not rely on what is marked", if *.0 == 1 { "1 receipt does".to_owned() } else { format!("{} receipts do", .0) })]
    ReceiptsBroken(usize),
    /// The passphrase was typed differently the second time.
    #[error("the two passphrases differ: run the command again")]
    PassphrasesDiffer,
    /// A file or descriptor of the caller's cannot be read.
    #[error("cannot read {what}: {source}")]
    CannotRead {
        /// Which.
        what: String,
        /// Why.
        source: io::Error,
    },
    /// The folder for the vault cannot be made.
    #[error("cannot make the folder {}: {source}", folder.display())]
    CannotMakeFolder {
        /// Which.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// One file could not be imported.
    #[error("{file}: {source}")]
    Import {
        /// Its name.
        file: String,
        /// Why.
        source: Box<Failure>,
    },
    /// Some of several files could not be imported.
    #[error("{failed} of {files} files could not be imported; the first was {first}")]
    Imports {
        /// How many.
        failed: usize,
        /// Of how many.
        files: usize,
        /// The first failure.
        first: Box<Failure>,
    },
    /// Writing the answer failed.
    #[error("cannot write the answer: {0}")]
    Output(#[from] io::Error),
    /// The system gives no threads or sockets.
    #[error("cannot start networking: {0}")]
    NoRuntime(io::Error),
}

/// The exit statuses of the command, as `vault --help` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did not work.
    Failed = 1,
    /// It was called wrongly.
    Usage = 2,
    /// The passphrase does not open the vault.
    WrongSecret = 3,
    /// Another program has the vault open.
    Busy = 4,
    /// There is no such vault, record, request, grant or file.
    NotFound = 5,
    /// No server is set, or it cannot be reached.
    NoServer = 6,
    /// The owner's settings, the terms of a request, or the server refuse it.
    Refused = 7,
}

impl Failure {
    /// The exit status.
    pub(crate) fn exit(&self) -> Exit {
        self.class().0
    }

    /// The code for scripts.
    pub(crate) fn code(&self) -> &'static str {
        self.class().1
    }

    /// Whether the reader of the answer went away, as `head` does: nothing to complain about.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// As scripts read it.
    pub(crate) fn json(&self) -> Json {
        json!({ "code": self.code(), "message": self.to_string() })
    }

    fn class(&self) -> (Exit, &'static str) {
        match self {
            Self::Vault(error) => of_vault(error),
            Self::Usage(_) => (Exit::Usage, "usage"),
            Self::AmbiguousId { .. } => (Exit::Usage, "ambiguous_id"),
            Self::NoPassphrase => (Exit::Usage, "no_passphrase"),
            Self::NoRecoveryCode => (Exit::Usage, "no_recovery_code"),
            Self::Unsound(_) => (Exit::Failed, "damaged"),
            Self::ReceiptsBroken(_) => (Exit::Failed, "receipt_invalid"),
            Self::PassphrasesDiffer => (Exit::Usage, "passphrases_differ"),
            Self::NoVault(_) => (Exit::NotFound, "no_vault"),
            Self::NoSuchId { .. } => (Exit::NotFound, "not_found"),
            #[cfg(feature = "demo")]
            Self::DemoStopped(_) | Self::DemoFellShort => (Exit::Failed, "demo"),
            Self::NotConfirmed(_) => (Exit::Refused, "not_confirmed"),
            Self::CannotRead { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                (Exit::NotFound, "not_found")
            }
            Self::CannotRead { .. } => (Exit::Failed, "cannot_read"),
            Self::Import { source, .. } | Self::Imports { first: source, .. } => source.class(),
            Self::CannotMakeFolder { .. } | Self::Output(_) | Self::NoRuntime(_) => (Exit::Failed, "io"),
        }
    }
}

fn of_vault(error: &Error) -> (Exit, &'static str) {
    match error {
        Error::File(error) => of_file(error),
        Error::Sync(error) => of_sync(error),
        Error::CollectionNotAllowed { .. } => (Exit::Refused, "collection_not_allowed"),
        Error::InvalidRecord { .. } => (Exit::Usage, "invalid_record"),
        Error::NotFound(_) => (Exit::NotFound, "not_found"),
        Error::InvalidSelection(_) => (Exit::Refused, "invalid_selection"),
        Error::RequestClosed(_) => (Exit::Refused, "request_closed"),
        Error::NotWhoItSays(_) => (Exit::Refused, "not_who_it_says"),
        Error::OtherVault => (Exit::Refused, "other_vault"),
        Error::AppBlocked => (Exit::Refused, "app_blocked"),
        Error::NotVouchedFor => (Exit::Refused, "not_vouched_for"),
        Error::GrantOver => (Exit::Refused, "grant_over"),
        Error::GrantStands(_) => (Exit::Refused, "grant_stands"),
        Error::RequiredField { .. } => (Exit::Refused, "required_field"),
        Error::NotConnected => (Exit::NoServer, "not_connected"),
        Error::Import(_) => (Exit::Failed, "import"),
        Error::Unreadable { .. } => (Exit::Failed, "unreadable"),
        _ => (Exit::Failed, "failed"),
    }
}

fn of_file(error: &FileError) -> (Exit, &'static str) {
    match error {
        FileError::WrongSecret | FileError::SlotUnavailable { .. } => (Exit::WrongSecret, "wrong_secret"),
        FileError::NotARecoveryCode { .. } => (Exit::WrongSecret, "not_a_recovery_code"),
        FileError::LastSlot => (Exit::Refused, "last_secret"),
        FileError::Cancelled => (Exit::Failed, "cancelled"),
        FileError::Busy => (Exit::Busy, "busy"),
        FileError::AlreadyExists => (Exit::Failed, "already_exists"),
        FileError::NotAVault => (Exit::Failed, "not_a_vault"),
        FileError::Damaged { .. } => (Exit::Failed, "damaged"),
        FileError::Tampered { .. } => (Exit::Failed, "tampered"),
        FileError::NewerFormat { .. } => (Exit::Failed, "newer_format"),
        FileError::RolledBack { .. } => (Exit::Refused, "rolled_back"),
        FileError::AnchorUnavailable(_) => (Exit::Failed, "anchor_unavailable"),
        FileError::NoSpace => (Exit::Failed, "no_space"),
        FileError::Io(error) if error.kind() == io::ErrorKind::NotFound => (Exit::NotFound, "not_found"),
        _ => (Exit::Failed, "file"),
    }
}

fn of_sync(error: &SyncError) -> (Exit, &'static str) {
    match error {
        SyncError::UnknownHost(_)
        | SyncError::Unreachable(_)
        | SyncError::Timeout
        | SyncError::Refused(Refusal::Unavailable) => (Exit::NoServer, "unreachable"),
        SyncError::ServerKeyMismatch | SyncError::ServerKeysChanged => (Exit::Refused, "server_key_mismatch"),
        SyncError::Refused(Refusal::NothingToRecover) => (Exit::NotFound, "nothing_to_recover"),
        SyncError::Refused(Refusal::Revoked) => (Exit::Refused, "device_revoked"),
        SyncError::Refused(_) => (Exit::Refused, "server_refused"),
        _ => (Exit::Failed, "sync"),
    }
}

#[cfg(test)]
mod tests {
    use vault_core::Category;

    use super::*;

    #[test]
    fn each_kind_of_failure_has_its_own_exit_status() {
        let cases = [
            (Failure::from(Error::Locked), 1),
            (Failure::Usage("so".into()), 2),
            (Failure::from(Error::File(FileError::WrongSecret)), 3),
            (Failure::from(Error::File(FileError::Busy)), 4),
            (Failure::from(Error::NotFound("record")), 5),
            (Failure::from(Error::Sync(SyncError::Timeout)), 6),
            (
                Failure::from(Error::CollectionNotAllowed {
                    category: Category::Health,
                }),
                7,
            ),
        ];
        for (failure, status) in cases {
            assert_eq!(failure.exit() as u8, status, "{failure}");
        }
    }

    #[test]
    fn a_failed_import_exits_as_its_first_failure_does() {
        let source = Box::new(Failure::from(Error::File(FileError::Busy)));
        let file = Failure::Import {
            file: "a.csv".into(),
            source,
        };
        let files = Failure::Imports {
            failed: 1,
            files: 2,
            first: Box::new(file),
        };
        assert_eq!(files.json()["code"], "busy");
        assert!(files.to_string().contains("1 of 2 files") && files.to_string().contains("a.csv"));
    }
}
