//! What the tree of tables says about one table.
//!
//! ```text
//!  0  kind u8: 3 | rows u64
//!  9  has root u8 | root 32
//! 42  has fixed key width u8 | width u32 | has fixed value width u8 | width u32 | …
//! ```

use super::{Root, Widths, u32_at, u64_at};

const MAP: u8 = 3;

/// A table as it lies in a tree.
#[derive(Debug)]
pub(crate) struct TableDefinition {
    pub(crate) name: String,
    pub(crate) rows: u64,
    pub(crate) root: Option<Root>,
    pub(crate) widths: Widths,
}

impl TableDefinition {
    /// `None` if it is no map, and so no table of ours.
    pub(super) fn read(name: &[u8], bytes: &[u8]) -> Option<Self> {
        if *bytes.first()? != MAP {
            return None;
        }
        let width = |at: usize| -> Option<Option<usize>> {
            Some(match bytes.get(at)? {
                0 => None,
                _ => Some(u32_at(bytes, at + 1)?),
            })
        };
        Some(Self {
            name: String::from_utf8(name.to_vec()).ok()?,
            rows: u64_at(bytes, 1)?,
            root: match bytes.get(9)? {
                0 => None,
                _ => Some(Root::from_bytes(bytes.get(10..)?)?),
            },
            widths: Widths {
                key: width(42)?,
                value: width(47)?,
            },
        })
    }
}
