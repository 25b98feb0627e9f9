//! A small file of sealed records of one size, beside the data store. A record is overwritten in
//! place and is on the disk when the call returns.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use zeroize::Zeroizing;

use super::StoreError;
use crate::entropy::Entropy;

const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// The file.
pub(super) struct SideFile {
    what: &'static str,
    file: File,
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
    /// Opens a file, creating it if it does not exist, and everything that it holds.
    pub(super) fn open(
        path: &Path,
        what: &'static str,
        key: &[u8; 32],
        record_bytes: usize,
        entropy: Entropy,
    ) -> Result<(Self, Vec<Record>), StoreError> {
        let opened = open_or_create(path).map_err(|error| failure(what, &error))?;
        let mut this = Self {
            what,
            file: opened,
            cipher: XChaCha20Poly1305::new(key.into()),
            record_bytes,
            entropy,
        };
        let mut bytes = Vec::new();
        this.file
            .read_to_end(&mut bytes)
            .map_err(|error| failure(what, &error))?;
        let records = (0u64..)
            .zip(bytes.chunks(this.sealed_bytes()))
            .map(|(place, sealed)| this.unseal(place, sealed))
            .collect();
        Ok((this, records))
    }

    /// What stands at a place now.
    pub(super) fn read(&mut self, place: u64) -> Result<Record, StoreError> {
        let mut sealed = vec![0; self.sealed_bytes()];
        self.seek(place)
            .and_then(|()| self.file.read_exact(&mut sealed))
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
    pub(super) fn wipe(&mut self, place: u64) -> Result<(), StoreError> {
        let zeros = vec![0; self.sealed_bytes()];
        self.overwrite(place, &zeros)
    }

    fn overwrite(&mut self, place: u64, bytes: &[u8]) -> Result<(), StoreError> {
        self.seek(place)
            .and_then(|()| self.file.write_all(bytes))
            .and_then(|()| self.file.sync_data())
            .map_err(|error| self.failure(&error))
    }

    fn seek(&mut self, place: u64) -> io::Result<()> {
        let at = place.saturating_mul(self.sealed_bytes() as u64);
        self.file.seek(SeekFrom::Start(at)).map(|_| ())
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

/// A new file's name is on the disk before anything relies on the file.
fn open_or_create(path: &Path) -> io::Result<File> {
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
    Ok(file)
}
