//! A small file of sealed records of one size, beside the data store. A record is overwritten in
//! place and is on the disk when the call returns.

use std::{
    fs::{File, OpenOptions},
    io,
    path::Path,
};

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use vault_file::{Disk, FileDisk};
use zeroize::Zeroizing;

use super::StoreError;
use crate::entropy::Entropy;

const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// The file.
pub(super) struct SideFile {
    what: &'static str,
    disk: Box<dyn Disk>,
    cipher: XChaCha20Poly1305,
    record_bytes: usize,
    entropy: Entropy,
}

/// What stands at a place.
pub(super) enum Record {
    /// Nothing.
    Free,
    /// A record.
    Sealed(Zeroizing<Vec<u8>>),
    /// Bytes that do not open: a write that was cut short, or damage.
    Unreadable,
}

impl SideFile {
    /// Opens what a disk holds, which is nothing at first, and reads all of it.
    pub(super) fn open(
        disk: Box<dyn Disk>,
        what: &'static str,
        key: &[u8; 32],
        record_bytes: usize,
        entropy: Entropy,
    ) -> Result<(Self, Vec<Record>), StoreError> {
        let bytes = read_all(&*disk).map_err(|error| failure(what, &error))?;
        let this = Self {
            what,
            disk,
            cipher: XChaCha20Poly1305::new(key.into()),
            record_bytes,
            entropy,
        };
        let records = (0u64..)
            .zip(bytes.chunks(this.sealed_bytes()))
            .map(|(place, sealed)| this.unseal(place, sealed))
            .collect();
        Ok((this, records))
    }

    /// What stands at a place now.
    pub(super) fn read(&self, place: u64) -> Result<Record, StoreError> {
        let mut sealed = vec![0; self.sealed_bytes()];
        self.disk
            .read_at(self.offset(place), &mut sealed)
            .map_err(|error| self.failure(&error))?;
        Ok(self.unseal(place, &sealed))
    }

    /// Puts a record at a place.
    pub(super) fn write(&mut self, place: u64, record: &[u8]) -> Result<(), StoreError> {
        let nonce: [u8; NONCE_BYTES] = self.entropy.bytes();
        let aad = self.aad(place);
        let payload = Payload {
            msg: record,
            aad: &aad,
        };
        let ciphertext = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| StoreError::Row(self.what))?;
        self.overwrite(place, &[nonce.as_slice(), &ciphertext].concat())
    }

    /// Overwrites what stands at a place with zeros.
    pub(super) fn wipe(&self, place: u64) -> Result<(), StoreError> {
        let zeros = vec![0; self.sealed_bytes()];
        self.overwrite(place, &zeros)
    }

    fn overwrite(&self, place: u64, bytes: &[u8]) -> Result<(), StoreError> {
        self.disk
            .write_at(self.offset(place), bytes)
            .and_then(|()| self.disk.sync())
            .map_err(|error| self.failure(&error))
    }

    const fn offset(&self, place: u64) -> u64 {
        place.saturating_mul(self.sealed_bytes() as u64)
    }

    fn unseal(&self, place: u64, sealed: &[u8]) -> Record {
        if sealed.iter().all(|byte| *byte == 0) {
            return Record::Free;
        }
        let aad = self.aad(place);
        let opened = sealed
            .split_first_chunk::<NONCE_BYTES>()
            .and_then(|(nonce, msg)| {
                self.cipher
                    .decrypt(&XNonce::from(*nonce), Payload { msg, aad: &aad })
                    .ok()
            })
            .map(Zeroizing::new)
            .filter(|record| record.len() == self.record_bytes);
        opened.map_or(Record::Unreadable, Record::Sealed)
    }

    const fn sealed_bytes(&self) -> usize {
        NONCE_BYTES + self.record_bytes + TAG_BYTES
    }

    fn aad(&self, place: u64) -> Vec<u8> {
        [self.what.as_bytes(), &[0], &place.to_le_bytes()].concat()
    }

    fn failure(&self, error: &io::Error) -> StoreError {
        failure(self.what, error)
    }
}

fn failure(what: &'static str, error: &io::Error) -> StoreError {
    StoreError::Side {
        what,
        kind: error.kind(),
    }
}

fn read_all(disk: &dyn Disk) -> io::Result<Vec<u8>> {
    let length = usize::try_from(disk.len()?).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let mut bytes = vec![0; length];
    disk.read_at(0, &mut bytes)?;
    Ok(bytes)
}

/// The file at a path, created if it does not exist. A new file's name is on the disk before anything
/// relies on the file.
pub(crate) fn file_at(path: &Path) -> Result<Box<dyn Disk>, StoreError> {
    let disk = open_or_create(path).and_then(|()| FileDisk::open(path));
    let disk = disk.map_err(|error| failure("a file beside the data", &error))?;
    Ok(Box::new(disk))
}

fn open_or_create(path: &Path) -> io::Result<()> {
    let is_new = !path.exists();
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    if is_new {
        file.sync_all()?;
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
    }
    Ok(())
}
