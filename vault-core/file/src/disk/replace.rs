//! Putting a new file in the place of an old one.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::FileDisk;
use super::place::sync_directory;
use crate::error::Error;

/// A file that is to replace another, in the folder where that one really is. Its name is fixed, and only whoever holds the lock of the other file
/// may use it. Dropping it removes the name, unless the place was taken.
pub(crate) struct Replacement {
    temporary: PathBuf,
    path: PathBuf,
}

impl Replacement {
    /// Creates the new file beside `path`. The caller holds the lock of the file at `path`.
    pub(crate) fn of(path: &Path) -> Result<(Self, FileDisk), Error> {
        Self::clear_leftover(path)?;
        let path = fs::canonicalize(path)?;
        let temporary = temporary_name(&path)?;
        let disk = FileDisk::create_new(&temporary)?;
        Ok((Self { temporary, path }, disk))
    }

    /// Removes what a replacement that did not end has left. The caller holds the lock of the file at `path`.
    pub(crate) fn clear_leftover(path: &Path) -> Result<(), Error> {
        match fs::remove_file(temporary_name(&fs::canonicalize(path)?)?) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Takes the place, in one step and durably. The new file is synced already.
    pub(crate) fn take_place(self) -> Result<(), Error> {
        fs::rename(&self.temporary, &self.path)?;
        sync_directory(&self.path)?;
        Ok(())
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.temporary);
    }
}

fn temporary_name(path: &Path) -> Result<PathBuf, Error> {
    let Some(name) = path.file_name() else {
        return Err(Error::InvalidInput {
            what: "the path names no file",
        });
    };
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(".rewrite");
    Ok(path.with_file_name(temporary))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::Disk;

    #[test]
    fn the_place_is_taken_in_one_step_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.vault");
        fs::write(&path, b"old").unwrap();
        let old = FileDisk::open(&path).unwrap();
        fs::write(temporary_name(&path).unwrap(), b"left by a crash").unwrap();
        let (replacement, new) = Replacement::of(&path).unwrap();
        new.write_at(0, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old", "until the place is taken");
        assert!(old.is_at(&path).unwrap());
        replacement.take_place().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    /// Somebody who opened the old file before it was replaced, and gets its lock afterwards, must not go on
    /// with a file that has no name any more.
    #[cfg(unix)]
    #[test]
    fn a_file_that_was_replaced_is_no_longer_at_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.vault");
        fs::write(&path, b"old").unwrap();
        let old = FileDisk::open(&path).unwrap();
        let (replacement, new) = Replacement::of(&path).unwrap();
        replacement.take_place().unwrap();
        assert!(!old.is_at(&path).unwrap());
        assert!(new.is_at(&path).unwrap());
    }

    #[test]
    fn a_replacement_that_is_given_up_leaves_the_old_file_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.vault");
        fs::write(&path, b"old").unwrap();
        drop(Replacement::of(&path).unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
