//! The bytes of a disk in blocks that copies share until one of them writes: a campaign makes many copies.

use std::sync::{Arc, LazyLock};

const BLOCK_BYTES: usize = 4096;

type Block = Arc<[u8; BLOCK_BYTES]>;

static ZEROS: LazyLock<Block> = LazyLock::new(|| Arc::new([0; BLOCK_BYTES]));

/// Bytes past `len` in the last block are zero.
#[derive(Clone, Debug, Default)]
pub(crate) struct Image {
    blocks: Vec<Block>,
    len: usize,
}

impl Image {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Cuts, or extends with zeros.
    pub(crate) fn resize(&mut self, len: usize) {
        self.blocks
            .resize_with(len.div_ceil(BLOCK_BYTES), || Arc::clone(&ZEROS));
        let within = len % BLOCK_BYTES;
        if len < self.len && within > 0 {
            let last = self.blocks.len() - 1;
            Arc::make_mut(&mut self.blocks[last])[within..].fill(0);
        }
        self.len = len;
    }

    /// Writes, growing if needed.
    pub(crate) fn write(&mut self, offset: usize, bytes: &[u8]) {
        if self.len < offset + bytes.len() {
            self.resize(offset + bytes.len());
        }
        self.change(offset, bytes.len(), |part, done| {
            part.copy_from_slice(&bytes[done..done + part.len()]);
        });
    }

    /// Calls `change` for each part of a range that lies in one block, with how much came before it.
    pub(crate) fn change(&mut self, offset: usize, len: usize, mut change: impl FnMut(&mut [u8], usize)) {
        let mut done = 0;
        while done < len {
            let (block, within) = ((offset + done) / BLOCK_BYTES, (offset + done) % BLOCK_BYTES);
            let count = (BLOCK_BYTES - within).min(len - done);
            let bytes = Arc::make_mut(&mut self.blocks[block]);
            change(&mut bytes[within..within + count], done);
            done += count;
        }
    }

    /// Whether the range lies within; if so, fills `bytes` from it.
    pub(crate) fn read(&self, offset: usize, bytes: &mut [u8]) -> bool {
        if offset.checked_add(bytes.len()).is_none_or(|end| end > self.len) {
            return false;
        }
        let mut done = 0;
        while done < bytes.len() {
            let (block, within) = ((offset + done) / BLOCK_BYTES, (offset + done) % BLOCK_BYTES);
            let count = (BLOCK_BYTES - within).min(bytes.len() - done);
            bytes[done..done + count].copy_from_slice(&self.blocks[block][within..within + count]);
            done += count;
        }
        true
    }

    pub(crate) fn to_vec(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.len];
        self.read(0, &mut bytes);
        bytes
    }
}

impl From<Vec<u8>> for Image {
    fn from(bytes: Vec<u8>) -> Self {
        let mut image = Self::default();
        image.write(0, &bytes);
        image
    }
}
