//! A disk in memory that counts what is done to it.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::disk::Disk;

#[derive(Debug, Default)]
pub(super) struct Memory {
    bytes: Mutex<Vec<u8>>,
    pub(super) slot_writes: AtomicUsize,
    pub(super) syncs: AtomicUsize,
}

impl Disk for Memory {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes.lock().unwrap().len() as u64)
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).unwrap();
        let image = self.bytes.lock().unwrap();
        let found = image.get(offset..offset + bytes.len());
        bytes.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.slot_writes
            .fetch_add(usize::from((4096..20480).contains(&offset)), Ordering::SeqCst);
        let offset = usize::try_from(offset).unwrap();
        let mut image = self.bytes.lock().unwrap();
        let end = image.len().max(offset + bytes.len());
        image.resize(end, 0);
        image[offset..offset + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).unwrap();
        self.bytes.lock().unwrap().resize(len, 0);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.syncs.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn try_lock(&self) -> io::Result<bool> {
        Ok(true)
    }
}
