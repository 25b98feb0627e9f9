//! Finding the header: the first of the first lines whose columns mean something, after whatever a
//! bank writes above its table.

use super::{
    super::{ImportOptions, error::ImportError},
    layout::Layout,
    rows::{Next, Row, Rows},
};

/// The header of a table.
pub(super) struct Header {
    /// What stands between cells.
    pub(super) separator: u8,
    /// What ends a line.
    pub(super) terminator: u8,
    /// Lines down to the header's last.
    pub(super) lines: usize,
    /// Bytes down to the header's end.
    pub(super) end: usize,
    row: Row,
}

const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// How many lines may stand above a header.
const LINES_ABOVE_MAX: usize = 30;

/// Finds the header in the beginning of a file, with the meaning of its columns.
pub(super) fn find(head: &[u8], options: &ImportOptions) -> Result<(Header, Layout), ImportError> {
    let terminator = if head.contains(&b'\r') && !head.contains(&b'\n') {
        b'\r'
    } else {
        b'\n'
    };
    let mut start = 0;
    let mut widest: Option<(usize, ImportError)> = None;
    for lines_above in 0..=LINES_ABOVE_MAX {
        if let Some((separator, row, end, lines)) = row_at(&head[start..], terminator) {
            match Layout::of(&row, options.category, options.map.as_ref()) {
                Ok(layout) => {
                    let header = Header {
                        separator,
                        terminator,
                        lines: lines_above + lines,
                        end: start + end,
                        row,
                    };
                    return Ok((header, layout));
                }
                Err(error) if widest.as_ref().is_none_or(|(width, _)| row.len() > *width) => {
                    widest = Some((row.len(), error));
                }
                Err(_) => {}
            }
        }
        match head[start..].iter().position(|byte| *byte == terminator) {
            Some(end) => start += end + 1,
            None => break,
        }
    }
    Err(widest.map_or(ImportError::Empty, |(_, error)| error))
}

/// The row that begins here, by the separator that gives it most cells, with the bytes and lines
/// that it takes. Nothing if it is blank.
fn row_at(head: &[u8], terminator: u8) -> Option<(u8, Row, usize, usize)> {
    let mut best: Option<(u8, Row, usize, usize)> = None;
    for separator in SEPARATORS {
        let mut rows = Rows::new(head, separator, terminator);
        if let Ok(Next::Row) = rows.next()
            && best
                .as_ref()
                .is_none_or(|(_, row, ..)| rows.row().len() > row.len())
        {
            let (end, lines) = (rows.bytes(), rows.lines_read());
            best = Some((
                separator,
                rows.take_row(),
                usize::try_from(end).ok()?,
                usize::try_from(lines).ok()?,
            ));
        }
    }
    best.filter(|(_, row, ..)| !row.is_blank())
}

impl Header {
    /// Whether a row is this header again, as in files that were joined.
    pub(super) fn is_repeated_in(&self, row: &Row) -> bool {
        self.row == *row
    }
}
