//! What every command is given.

use std::{fs, path::Path, sync::Arc};

use vault_core::{Anchor, Clock, Error, Host, SlotKind, Vault, VaultFile};
use vault_file::Error as FileError;

use crate::{
    failure::Failure, opener::Opener, output::Output, passphrase::PassphraseFrom, positions::Positions,
};

/// What every command is given: which vault, how to open it, and where to answer.
pub(crate) struct Context {
    /// The vault that is meant, whether or not there is one.
    pub(crate) file: VaultFile,
    /// Where its passphrase comes from.
    pub(crate) passphrase: PassphraseFrom,
    /// Whether a recovery code opens it instead.
    pub(crate) with_recovery_code: bool,
    /// Where time comes from.
    pub(crate) clock: Arc<dyn Clock>,
    /// Where answers go.
    pub(crate) output: Output,
}

impl Context {
    /// Opens the vault. Whether there is one is checked before a passphrase is asked for.
    pub(crate) fn open(&self) -> Result<Vault, Failure> {
        let opener = self.opener(self.file.path())?;
        Ok(self.file.open(&opener.secret(), self.host())?)
    }

    /// What opens a vault file, asked for once it is known that there is one.
    pub(crate) fn opener(&self, path: &Path) -> Result<Opener, Failure> {
        if !path.exists() {
            return Err(Failure::NoVault(path.to_owned()));
        }
        if let Err(error @ Error::File(FileError::NotAVault | FileError::NewerFormat { .. })) =
            VaultFile::at(path).inspect()
        {
            return Err(error.into());
        }
        match self.with_recovery_code {
            true => Opener::ask_recovery_code(),
            false => Ok(Opener::Passphrase(self.passphrase.ask()?)),
        }
    }

    /// What opens a file that was named as an argument.
    pub(crate) fn opener_of_given(&self, path: &Path) -> Result<Opener, Failure> {
        fs::metadata(path).map_err(|source| Failure::CannotRead {
            what: path.display().to_string(),
            source,
        })?;
        self.opener(path)
    }

    /// The kinds of secrets that open the vault.
    pub(crate) fn slot_kinds(&self) -> Result<Vec<SlotKind>, Failure> {
        if !self.file.path().exists() {
            return Err(Failure::NoVault(self.file.path().to_owned()));
        }
        Ok(self.file.inspect()?.slots)
    }

    /// Time and randomness of the system, and what is remembered of each vault file.
    pub(crate) fn host(&self) -> Host {
        Host {
            clock: Arc::clone(&self.clock),
            anchor: Positions::of_user().map(|positions| Arc::new(positions) as Arc<dyn Anchor>),
            ..Host::system()
        }
    }
}
