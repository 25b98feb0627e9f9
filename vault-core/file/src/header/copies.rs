//! The two copies of the header. The newest sound one counts; the other is mended from it, but only after
//! it has been authenticated.

use std::io;

use super::bytes::NotAHeader;
use super::{HEADER_BYTES, HeaderBytes};
use crate::disk::Disk;
use crate::error::{Error, Part};
use crate::layout::HEADER_COPIES_AT;

/// What was found at the two places.
pub(crate) struct Copies {
    newest: HeaderBytes,
    differing: [bool; 2],
}

impl Copies {
    /// Reads both places and picks the newest copy whose checksum is right.
    pub(crate) fn read(disk: &impl Disk) -> Result<Self, Error> {
        let found = [
            read_copy(disk, HEADER_COPIES_AT[0])?,
            read_copy(disk, HEADER_COPIES_AT[1])?,
        ];
        let Some(newest) = found.iter().flatten().max_by_key(|copy| copy.seq()).cloned() else {
            let foreign = found.iter().all(|copy| matches!(copy, Err(NotAHeader::Foreign)));
            return Err(if foreign {
                Error::NotAVault
            } else {
                Error::Damaged { what: Part::Header }
            });
        };
        let differs = |copy: &Result<HeaderBytes, _>| {
            copy.as_ref()
                .map_or(true, |copy| copy.as_bytes() != newest.as_bytes())
        };
        let differing = [differs(&found[0]), differs(&found[1])];
        Ok(Self { newest, differing })
    }

    /// Which of the two places hold something else than the newest copy.
    pub(crate) fn differing(&self) -> [bool; 2] {
        self.differing
    }

    pub(crate) fn newest(&self) -> &HeaderBytes {
        &self.newest
    }

    /// Writes the newest copy, which has been authenticated, over one that differs. Returns whether there
    /// was one.
    pub(crate) fn mend(&self, disk: &impl Disk) -> io::Result<bool> {
        for (differs, at) in self.differing.into_iter().zip(HEADER_COPIES_AT) {
            if differs {
                disk.write_at(at, self.newest.as_bytes())?;
                disk.sync()?;
            }
        }
        Ok(self.differing.contains(&true))
    }

    /// Which of the two places do not hold these bytes.
    pub(crate) fn other_than(disk: &impl Disk, header: &HeaderBytes) -> Result<[bool; 2], Error> {
        let differs = |at| {
            let copy = read_copy(disk, at)?;
            Ok::<_, Error>(copy.map_or(true, |copy| copy.as_bytes() != header.as_bytes()))
        };
        Ok([differs(HEADER_COPIES_AT[0])?, differs(HEADER_COPIES_AT[1])?])
    }

    /// Writes a changed header. The first copy is durable before the second is touched, so that one whole
    /// header exists at every moment.
    pub(crate) fn replace(disk: &impl Disk, header: &HeaderBytes) -> io::Result<()> {
        HEADER_COPIES_AT.into_iter().try_for_each(|at| {
            disk.write_at(at, header.as_bytes())?;
            disk.sync()
        })
    }

    /// Writes both copies of a new file's header.
    pub(crate) fn write_new(disk: &impl Disk, header: &HeaderBytes) -> io::Result<()> {
        HEADER_COPIES_AT
            .into_iter()
            .try_for_each(|at| disk.write_at(at, header.as_bytes()))
    }
}

fn read_copy(disk: &impl Disk, at: u64) -> Result<Result<HeaderBytes, NotAHeader>, Error> {
    if disk.len()? < at + HEADER_BYTES as u64 {
        return Ok(Err(NotAHeader::Foreign));
    }
    let mut bytes = Box::new([0; HEADER_BYTES]);
    disk.read_at(at, bytes.as_mut_slice())?;
    Ok(HeaderBytes::check(bytes))
}
