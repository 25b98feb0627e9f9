//! The same promise as on the simulated full disk, on a real one: a small file system in memory.

#[cfg(target_os = "linux")]
use std::{path::Path, process::Command};

#[cfg(target_os = "linux")]
use vault_file::{Error, NewSlot, Options, SealedFile, Secret, Table};

#[cfg(target_os = "linux")]
use crate::history::{entropy, key};

#[cfg(target_os = "linux")]
const BLOBS: Table = Table::new("blobs");

/// A mounted file system that is unmounted when dropped.
#[cfg(target_os = "linux")]
struct SmallDisk(tempfile::TempDir);

#[cfg(target_os = "linux")]
impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"])
            .arg(folder.path())
            .output();
        mount
            .is_ok_and(|output| output.status.success())
            .then_some(Self(folder))
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).output();
    }
}

#[cfg(target_os = "linux")]
#[test]
#[expect(clippy::print_stderr, reason = "a skipped test must say why")]
fn a_real_full_disk_is_told_and_the_file_works_again_once_there_is_space() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("SKIPPED: this system does not let the test mount a file system in memory");
        return;
    };
    let (path, ballast) = (disk.0.path().join("a.vault"), disk.0.path().join("ballast"));
    std::fs::write(&ballast, vec![1; 1_500_000]).unwrap();
    let file =
        SealedFile::create(&path, &[NewSlot::RawKey(&key())], entropy(1), &Options::default()).unwrap();
    let mut stored = 0u32;
    let full = loop {
        match store(&file, stored) {
            Ok(()) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 10_000, "the disk never filled up");
    };
    assert!(matches!(full, Error::NoSpace), "{full:?}");
    assert!(stored > 5, "the disk was full too early to tell anything");
    drop(file);

    let file = reopen(&path);
    let found = u32::try_from(file.read().unwrap().table(&BLOBS).unwrap().len().unwrap()).unwrap();
    assert!(
        found == stored || found == stored + 1,
        "{stored} were acknowledged, {found} are there"
    );
    drop(file);

    std::fs::remove_file(ballast).unwrap();
    let file = reopen(&path);
    store(&file, found).unwrap();
    let table = file.read().unwrap().table(&BLOBS).unwrap();
    assert_eq!(table.len().unwrap(), u64::from(found) + 1);
    for number in 0..=found {
        assert_eq!(table.get(&number.to_be_bytes()).unwrap(), Some(blob(number)));
    }
}

#[cfg(target_os = "linux")]
fn reopen(path: &Path) -> SealedFile {
    SealedFile::open(path, &Secret::RawKey(&key()), entropy(2), &Options::default()).unwrap()
}

#[cfg(target_os = "linux")]
fn store(file: &SealedFile, number: u32) -> Result<(), Error> {
    let transaction = file.write()?;
    transaction
        .table(&BLOBS)?
        .insert(&number.to_be_bytes(), &blob(number))?;
    transaction.commit()
}

#[cfg(target_os = "linux")]
fn blob(number: u32) -> Vec<u8> {
    number.to_le_bytes().repeat(5_000)
}
