//! Where the vault is, when the caller does not say, and where state is kept.

use std::{env, fs::DirBuilder, io, path::Path, path::PathBuf};

use crate::failure::Failure;

/// `$XDG_DATA_HOME/vault/default.vault`, or below `~/.local/share` where that is not set (XDG Base
/// Directory Specification).
pub(crate) fn default_vault() -> Result<PathBuf, Failure> {
    let data = base("XDG_DATA_HOME", "share");
    let data = data.ok_or_else(|| {
        Failure::Usage("there is no home folder: name the vault with --vault or VAULT_FILE".into())
    })?;
    Ok(data.join("vault").join("default.vault"))
}

/// `$XDG_STATE_HOME/vault`, or below `~/.local/state`. `None` if there is no home folder.
pub(crate) fn state_folder() -> Option<PathBuf> {
    Some(base("XDG_STATE_HOME", "state")?.join("vault"))
}

/// The folder that a variable names, if it is a whole path, or else one in `~/.local`.
fn base(variable: &str, local: &str) -> Option<PathBuf> {
    let named = env::var_os(variable)
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute());
    named.or_else(|| env::home_dir().map(|home| home.join(".local").join(local)))
}

/// Makes the folder of a new vault, open to its owner only. One that exists is left as it is.
pub(crate) fn make_folder_of(vault: &Path) -> Result<(), Failure> {
    match vault.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => {
            create_private_folder(folder).map_err(|source| Failure::CannotMakeFolder {
                folder: folder.to_owned(),
                source,
            })
        }
        _ => Ok(()),
    }
}

/// Makes a folder, and those above it, open to its owner only.
#[cfg(unix)]
pub(crate) fn create_private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Makes a folder, and those above it.
#[cfg(not(unix))]
pub(crate) fn create_private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(folder)
}
