//! What opens a vault: its passphrase, or a recovery code.

use std::{env, io};

use vault_core::{Passphrase, RecoveryCode, Secret};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// The environment variable that may hold the recovery code.
pub(crate) const VARIABLE: &str = "VAULT_RECOVERY_CODE";

/// A secret that was typed or given.
pub(crate) enum Opener {
    /// The passphrase.
    Passphrase(Passphrase),
    /// A recovery code.
    RecoveryCode(RecoveryCode),
}

impl Opener {
    /// As the vault takes it.
    pub(crate) const fn secret(&self) -> Secret<'_> {
        match self {
            Self::Passphrase(passphrase) => Secret::Passphrase(passphrase),
            Self::RecoveryCode(code) => Secret::Recovery(code),
        }
    }

    /// A recovery code, to open a vault with.
    pub(crate) fn ask_recovery_code() -> Result<Self, Failure> {
        Self::recovery_code().map(Self::RecoveryCode)
    }

    /// A recovery code from the environment, or typed where nobody sees it.
    pub(crate) fn recovery_code() -> Result<RecoveryCode, Failure> {
        let typed = match env::var(VARIABLE) {
            Ok(given) => Zeroizing::new(given),
            Err(env::VarError::NotUnicode(_)) => {
                return Err(Failure::Usage(format!("{VARIABLE} is no text")));
            }
            Err(env::VarError::NotPresent) => typed()?,
        };
        Ok(RecoveryCode::parse(&typed).map_err(vault_core::Error::from)?)
    }
}

fn typed() -> Result<Zeroizing<String>, Failure> {
    match rpassword::prompt_password("Recovery code: ") {
        Ok(typed) => Ok(Zeroizing::new(typed)),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            Err(Failure::NotConfirmed("no recovery code was typed".into()))
        }
        Err(_) => Err(Failure::NoRecoveryCode),
    }
}
