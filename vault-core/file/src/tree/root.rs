//! From redb's header to the roots of its trees, and from its page numbers to pages.
//!
//! ```text
//!   0  magic 9 | switch: bit 0 chooses a record | zero 2 | page size u32
//!  16  region header pages u32 | region data pages u32 | …
//!  64  record 0, 192  record 1:  version u8 | has user root u8 | has system root u8 | zero 5
//!                                user root 32 | system root 32 | … | checksum of the first 112 bytes 16
//! ```
//!
//! A root is page number 8 | checksum 16 | rows u64.

use super::{Child, checksum, u32_at, u64_at};
use crate::layout::{Durable, PAGE_BYTES};

const SWITCH_AT: usize = 9;
const PAGE_SIZE_AT: usize = 12;
const REGION_HEADER_PAGES_AT: usize = 16;
const REGION_DATA_PAGES_AT: usize = 20;
const RECORDS_AT: usize = 64;
const RECORD_BYTES: usize = 128;
const RECORD_CHECKSUM_AT: usize = 112;
const FORMAT: u8 = 3;

/// The greatest order of a page: 2^20 pages of 4096 bytes.
const ORDER_MAX: u32 = 20;
const INDEX_BITS: u32 = 20;

/// The root of one tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Root {
    pub(super) child: Child,
    /// How many rows the tree has.
    pub(crate) rows: u64,
}

/// Where redb's page numbers lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Geometry {
    region_header_pages: u64,
    region_pages: u64,
    /// How many pages there are.
    pub(super) pages: u64,
}

/// The roots of a durable state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trees {
    pub(super) geometry: Geometry,
    /// The tree of the tables; `None` if there is none.
    pub(crate) data: Option<Root>,
    /// redb's own tables; `None` if there is none.
    pub(crate) system: Option<Root>,
}

impl Root {
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            child: Child::from_bytes(bytes)?,
            rows: u64_at(bytes, 24)?,
        })
    }
}

impl Trees {
    /// `None` if the header is not one of redb's file format 3, which an authentic commit slot always holds.
    pub(crate) fn of(durable: &Durable) -> Option<Self> {
        let header = &durable.redb_header;
        if u32_at(header, PAGE_SIZE_AT)? != PAGE_BYTES {
            return None;
        }
        let region_header_pages = u32_at(header, REGION_HEADER_PAGES_AT)? as u64;
        let region_data_pages = u32_at(header, REGION_DATA_PAGES_AT)? as u64;
        let record_at = RECORDS_AT + RECORD_BYTES * usize::from(header[SWITCH_AT] & 1);
        let record = header.get(record_at..record_at + RECORD_BYTES)?;
        let (fields, sum) = record.split_at(RECORD_CHECKSUM_AT);
        if record[0] != FORMAT || u128::from_le_bytes(*sum.first_chunk()?) != checksum(fields) {
            return None;
        }
        let root = |exists: u8, at: usize| (exists != 0).then(|| Root::from_bytes(&record[at..]));
        Some(Self {
            geometry: Geometry {
                region_header_pages,
                region_pages: region_header_pages + region_data_pages,
                pages: durable.pages,
            },
            data: root(record[1], 8).flatten(),
            system: root(record[2], 40).flatten(),
        })
    }
}

impl Trees {
    /// How many pages there are, page 0 included.
    pub(crate) fn pages(&self) -> u64 {
        self.geometry.pages
    }
}

impl Geometry {
    /// The first page and the number of pages behind a page number; `None` if they lie outside of the file.
    pub(super) fn span(&self, number: u64) -> Option<(u64, u64)> {
        let order = u32::try_from(number >> 59).ok()?;
        if order > ORDER_MAX {
            return None;
        }
        let index = number & ((1 << (INDEX_BITS - order)) - 1);
        let region = number >> INDEX_BITS & ((1 << INDEX_BITS) - 1);
        let count = 1 << order;
        let first = 1 + region * self.region_pages + self.region_header_pages + index * count;
        (first + count <= self.pages).then_some((first, count))
    }
}
