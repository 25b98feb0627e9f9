//! Where things lie in a file, as `FORMAT.md` says.

use std::ops::Range;

pub(crate) const HEADER_BYTES: usize = 4096;
pub(crate) const HEADER_COPIES: [usize; 2] = [0, 20480];
pub(crate) const COMMIT_SLOTS: Range<usize> = 4096..20480;
pub(crate) const SLOT_BYTES: usize = 4096;
/// Where the journal area ends and extent 0 begins.
pub(crate) const EXTENTS: usize = 286_720;
pub(crate) const BLOCK_BYTES: usize = 4096;
const EXTENT_BLOCKS: usize = 418;

/// What a block in an extent is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// A copy of the node of the group in this extent.
    Group { copy: usize },
    /// A copy of the node of the directory with this extent's number.
    Directory { copy: usize },
    /// A page.
    Page,
}

/// A block of 4096 bytes in an extent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    pub(crate) at: usize,
    pub(crate) extent: usize,
    pub(crate) is: Use,
}

impl Block {
    pub(crate) fn range(&self) -> Range<usize> {
        self.at..self.at + BLOCK_BYTES
    }

    pub(crate) fn is_page(&self) -> bool {
        self.is == Use::Page
    }
}

/// The blocks of all extents of a file.
pub(crate) fn blocks(image: &[u8]) -> Vec<Block> {
    let places = (EXTENTS..image.len()).step_by(BLOCK_BYTES).enumerate();
    let block = |(number, at): (usize, usize)| Block {
        at,
        extent: number / EXTENT_BLOCKS,
        is: match number % EXTENT_BLOCKS {
            within @ 0..8 => Use::Group { copy: within / 4 },
            within @ 8..10 => Use::Directory { copy: within - 8 },
            _ => Use::Page,
        },
    };
    places.map(block).collect()
}

/// The blocks of pages.
pub(crate) fn pages(image: &[u8]) -> Vec<Block> {
    blocks(image).into_iter().filter(Block::is_page).collect()
}
