//! Where the vault is, when the caller does not say.

use std::{env, fs::DirBuilder, io, path::Path, path::PathBuf};

use crate::failure::Failure;

/// `$XDG_DATA_HOME/vault/default.vault`, or below `~/.local/share` where that is not set (XDG Base
/// Directory Specification).
pub(crate) fn default_vault() -> Result<PathBuf, Failure> {
    let data = env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute());
    let data = data.or_else(|| env::home_dir().map(|home| home.join(".local").join("share")));
    let data = data.ok_or_else(|| {
        Failure::Usage("there is no home folder: name the vault with --vault or VAULT_FILE".into())
    })?;
    Ok(data.join("vault").join("default.vault"))
}

/// Makes the folder of a new vault, open to its owner only. One that exists is left as it is.
pub(crate) fn make_folder_of(vault: &Path) -> Result<(), Failure> {
    match vault.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => {
            create(folder).map_err(|source| Failure::CannotMakeFolder {
                folder: folder.to_owned(),
                source,
            })
        }
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn create(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn create(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(folder)
}
