//! Bringing a new file into being: written aside under a temporary name, then given its name in one step,
//! so that a name never stands for half a file and never replaces another file.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::FileDisk;
use crate::entropy::Entropy;
use crate::error::Error;

/// A file under a temporary name. Dropping it removes that name, whether or not the file was named.
pub(crate) struct NewFile {
    temporary: PathBuf,
    path: PathBuf,
}

impl NewFile {
    /// Creates the temporary file beside `path`, which must not exist.
    pub(crate) fn beside(path: &Path, entropy: &Entropy) -> Result<(Self, FileDisk), Error> {
        if fs::symlink_metadata(path).is_ok() {
            return Err(Error::AlreadyExists);
        }
        let temporary = temporary_name(path, entropy)?;
        let disk = FileDisk::create_new(&temporary)?;
        Ok((
            Self {
                temporary,
                path: path.to_owned(),
            },
            disk,
        ))
    }

    /// Gives the finished and synced file its name, durably.
    pub(crate) fn take_name(self) -> Result<(), Error> {
        match fs::hard_link(&self.temporary, &self.path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(Error::AlreadyExists),
            Err(_) => self.take_name_without_links()?,
        }
        // A leftover temporary name would be a second name of the vault, not a copy: harmless if this fails.
        let _ = fs::remove_file(&self.temporary);
        sync_directory(&self.path)?;
        Ok(())
    }

    /// For file systems without hard links: reserve the name with an empty file, which fails if somebody
    /// else was faster, then move the real file over it.
    fn take_name_without_links(&self) -> Result<(), Error> {
        match FileDisk::create_new(&self.path) {
            Ok(reservation) => drop(reservation),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(Error::AlreadyExists),
            Err(error) => return Err(error.into()),
        }
        fs::rename(&self.temporary, &self.path).map_err(|error| {
            let _ = fs::remove_file(&self.path);
            error.into()
        })
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.temporary);
    }
}

fn temporary_name(path: &Path, entropy: &Entropy) -> Result<PathBuf, Error> {
    let Some(name) = path.file_name() else {
        return Err(Error::InvalidInput {
            what: "the path names no file",
        });
    };
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{:016x}.new", u64::from_le_bytes(entropy.array()?)));
    Ok(path.with_file_name(temporary))
}

/// Makes the directory entry durable. Windows has no such call and needs none for a journalled directory.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        fs::File::open(directory)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    fn beside(path: &Path) -> NewFile {
        let entropy = Entropy::new(ChaCha20Rng::seed_from_u64(1));
        NewFile::beside(path, &entropy).unwrap().0
    }

    #[test]
    fn a_name_that_was_taken_meanwhile_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.vault");
        let new_file = beside(&path);
        fs::write(&path, b"was faster").unwrap();
        assert!(matches!(
            new_file.take_name_without_links(),
            Err(Error::AlreadyExists)
        ));
        assert!(matches!(new_file.take_name(), Err(Error::AlreadyExists)));
        assert_eq!(fs::read(&path).unwrap(), b"was faster");
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "the temporary file is gone"
        );
    }

    #[test]
    fn a_file_gets_its_name_also_where_there_are_no_links() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.vault");
        let new_file = beside(&path);
        fs::write(&new_file.temporary, b"content").unwrap();
        new_file.take_name_without_links().unwrap();
        drop(new_file);
        assert_eq!(fs::read(&path).unwrap(), b"content");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
