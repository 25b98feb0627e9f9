//! A copy of a folder: a backup, or a backup put back.

use std::{fs, path::Path};

/// Copies every file of a folder.
///
/// # Panics
///
/// If a file cannot be read or written.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
