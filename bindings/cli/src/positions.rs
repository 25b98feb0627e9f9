//! How far each vault file had come when it was last used here: so a file that was put back as it was earlier is
//! noticed, unless the folder was put back with it.

use std::{
    fs,
    io::{self, Read, Write},
    path::PathBuf,
};

use vault_core::{Anchor, AnchorUnavailable, FileId, Position};

use crate::place;

/// Digits of the largest number, and the end of the line.
const BYTES_MAX: u64 = 21;

/// A small file for each vault file, in the folder where programs keep their state.
pub(crate) struct Positions {
    folder: PathBuf,
}

impl Positions {
    /// Those of the user who runs this. `None` if the user has no home.
    pub(crate) fn of_user() -> Option<Self> {
        let folder = place::state_folder()?.join("positions");
        Some(Self { folder })
    }

    fn place(&self, file: FileId) -> PathBuf {
        self.folder.join(file.to_string())
    }

    fn read(&self, file: FileId) -> io::Result<Option<u64>> {
        let opened = match fs::File::open(self.place(file)) {
            Ok(opened) => opened,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut text = String::new();
        opened.take(BYTES_MAX).read_to_string(&mut text)?;
        let number = text.trim_end().parse();
        number
            .map(Some)
            .map_err(|_| io::Error::from(io::ErrorKind::InvalidData))
    }

    /// Replaces what was remembered as a whole, durably.
    fn write(&self, position: Position) -> io::Result<()> {
        place::create_private_folder(&self.folder)?;
        let target = self.place(position.file);
        let beside = target.with_extension("new");
        let mut new = fs::File::create(&beside)?;
        writeln!(new, "{}", position.transactions)?;
        new.sync_all()?;
        fs::rename(&beside, &target)
    }
}

impl Anchor for Positions {
    fn recall(&self, file: FileId) -> Result<Option<u64>, AnchorUnavailable> {
        self.read(file).map_err(|_| AnchorUnavailable)
    }

    fn remember(&self, position: Position) -> Result<(), AnchorUnavailable> {
        if self.recall(position.file)? != Some(position.transactions) {
            // A full disk must not keep the vault closed. A number that lags behind accuses nobody.
            let _ = self.write(position);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(transactions: u64) -> Position {
        Position {
            file: FileId([7; 16]),
            transactions,
        }
    }

    #[test]
    fn what_was_remembered_last_is_recalled() {
        let folder = tempfile::tempdir().unwrap();
        let positions = Positions {
            folder: folder.path().join("not/there/yet"),
        };
        assert_eq!(positions.recall(FileId([7; 16])), Ok(None));
        for transactions in [3, u64::MAX, 5] {
            positions.remember(position(transactions)).unwrap();
            assert_eq!(positions.recall(FileId([7; 16])), Ok(Some(transactions)));
        }
        assert_eq!(positions.recall(FileId([8; 16])), Ok(None));
    }

    #[test]
    fn what_is_no_number_is_not_taken_for_no_memory() {
        let folder = tempfile::tempdir().unwrap();
        let positions = Positions {
            folder: folder.path().to_owned(),
        };
        fs::write(positions.place(FileId([7; 16])), "many").unwrap();
        assert_eq!(positions.recall(FileId([7; 16])), Err(AnchorUnavailable));
    }

    #[test]
    fn a_folder_that_cannot_be_made_hinders_nothing() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let positions = Positions {
            folder: file.path().with_extension("none").join("positions"),
        };
        fs::write(file.path().with_extension("none"), "in the way").unwrap();
        assert!(positions.write(position(1)).is_err());
        let _ = fs::remove_file(file.path().with_extension("none"));
    }
}
