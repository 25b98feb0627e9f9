//! What every command is given.

use std::sync::Arc;

use vault_core::{Clock, Error, Host, Secret, Vault, VaultFile};
use vault_file::Error as FileError;

use crate::{failure::Failure, output::Output, passphrase::PassphraseFrom};

/// What every command is given: which vault, how to open it, and where to answer.
pub(crate) struct Context {
    /// The vault that is meant, whether or not there is one.
    pub(crate) file: VaultFile,
    /// Where its passphrase comes from.
    pub(crate) passphrase: PassphraseFrom,
    /// Where time comes from.
    pub(crate) clock: Arc<dyn Clock>,
    /// Where answers go.
    pub(crate) output: Output,
}

impl Context {
    /// Opens the vault. Whether there is one is checked before a passphrase is asked for.
    pub(crate) fn open(&self) -> Result<Vault, Failure> {
        if !self.file.path().exists() {
            return Err(Failure::NoVault(self.file.path().to_owned()));
        }
        if let Err(error @ Error::File(FileError::NotAVault | FileError::NewerFormat { .. })) =
            self.file.inspect()
        {
            return Err(error.into());
        }
        let passphrase = self.passphrase.ask()?;
        Ok(self.file.open(&Secret::Passphrase(&passphrase), self.host())?)
    }

    /// Time and randomness of the system.
    pub(crate) fn host(&self) -> Host {
        Host {
            clock: Arc::clone(&self.clock),
            ..Host::system()
        }
    }
}
