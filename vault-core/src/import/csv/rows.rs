//! Rows of a table (RFC 4180, and what programs make of it): quoted cells may hold separators,
//! doubled quotes and line ends.
//!
//! A quote that opens and never closes would swallow every row up to the next quote, or all of
//! them, and none would be missed. So a row of several lines must have as many cells as the
//! header, and nothing between a closing quote and the next separator; otherwise its first line
//! alone is rejected and reading goes on behind it.

use std::{
    borrow::Cow,
    io::{self, BufRead},
};

use super::super::{
    lines::{LINE_BYTES_MAX, Line, Lines},
    text::decode,
};

/// One row.
#[derive(Default)]
pub(super) struct Row {
    cells: Vec<u8>,
    ends: Vec<usize>,
    line: u64,
}

/// Rows of a source, one by one.
pub(super) struct Rows<R> {
    lines: Lines<R>,
    separator: u8,
    width: Option<usize>,
    raw: Vec<u8>,
    row: Row,
    read_twice: usize,
}

/// What comes next.
pub(super) enum Next {
    /// A row; it stands in [`Rows::row`].
    Row,
    /// A line that is no row, with its number and why.
    Rejected(u64, String),
    /// Quotes went wrong so often that reading on could take for ever.
    GaveUp(u64),
    /// Nothing.
    End,
}

/// How much is read again behind unclosed quotes before the file is given up, in bytes.
const READ_TWICE_MAX: usize = 256 << 20;
/// Most cells in a row.
const CELLS_MAX: usize = 4096;

impl Row {
    /// The line on which it begins, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// How many cells it has.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The text of a cell without the blanks around it; empty if there is no such cell.
    pub(super) fn cell(&self, index: usize) -> Cow<'_, str> {
        match decode(self.bytes(index)) {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        }
    }

    /// All cells.
    pub(super) fn cells(&self) -> impl Iterator<Item = Cow<'_, str>> {
        (0..self.len()).map(|index| self.cell(index))
    }

    /// Whether every cell is empty.
    pub(super) fn is_blank(&self) -> bool {
        self.cells.iter().all(u8::is_ascii_whitespace)
    }

    /// Whether it has that many cells; empty ones behind them do not count.
    pub(super) fn fits(&self, width: usize) -> bool {
        self.len() == width || (self.len() > width && (width..self.len()).all(|i| self.bytes(i).is_empty()))
    }

    fn bytes(&self, index: usize) -> &[u8] {
        let Some(end) = self.ends.get(index) else {
            return &[];
        };
        let start = index
            .checked_sub(1)
            .and_then(|before| self.ends.get(before))
            .copied()
            .unwrap_or(0);
        &self.cells[start..*end]
    }

    fn restart(&mut self) {
        self.cells.clear();
        self.ends.clear();
    }
}

/// Rows are equal by their cells, wherever they stand.
impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.cells == other.cells && self.ends == other.ends
    }
}

impl<R: BufRead> Rows<R> {
    /// Rows with that separator between cells, of lines with that terminator.
    pub(super) fn new(source: R, separator: u8, terminator: u8) -> Self {
        Self {
            lines: Lines::new(source, terminator),
            separator,
            width: None,
            raw: Vec::new(),
            row: Row::default(),
            read_twice: 0,
        }
    }

    /// From here on, rows of several lines must have that many cells.
    pub(super) fn expect_width(&mut self, width: usize) {
        self.width = Some(width);
    }

    /// The row read last.
    pub(super) fn row(&self) -> &Row {
        &self.row
    }

    /// The row read last, to keep.
    pub(super) fn take_row(&mut self) -> Row {
        std::mem::take(&mut self.row)
    }

    /// Bytes taken from the source so far.
    pub(super) fn bytes(&self) -> u64 {
        self.lines.bytes()
    }

    /// Lines read so far.
    pub(super) fn lines_read(&self) -> u64 {
        self.lines.line()
    }

    /// Passes over so many lines.
    pub(super) fn skip_lines(&mut self, count: usize) -> io::Result<()> {
        for _ in 0..count {
            self.raw.clear();
            self.lines.read_onto(&mut self.raw)?;
        }
        Ok(())
    }

    /// Reads the next row.
    pub(super) fn next(&mut self) -> io::Result<Next> {
        self.raw.clear();
        self.row.restart();
        let mut splitter = Splitter {
            separator: self.separator,
            at: At::CellStart,
            is_regular: true,
        };
        let mut first_line_bytes = 0;
        loop {
            let before = self.raw.len();
            let read = self.lines.read_onto(&mut self.raw)?;
            if before == 0 {
                self.row.line = self.lines.line();
                first_line_bytes = self.raw.len();
            }
            match read {
                Line::End if before == 0 => return Ok(Next::End),
                Line::End => return Ok(self.unclosed(first_line_bytes)),
                Line::TooLong => {
                    let reason = format!("the row is longer than {LINE_BYTES_MAX} bytes");
                    return Ok(Next::Rejected(self.row.line, reason));
                }
                Line::Read if self.raw.len() > LINE_BYTES_MAX => return Ok(self.unclosed(first_line_bytes)),
                Line::Read => {}
            }
            splitter.split(&self.raw[before..], &mut self.row);
            if self.row.len() > CELLS_MAX {
                return Ok(Next::Rejected(
                    self.row.line,
                    format!("the row has more than {CELLS_MAX} cells"),
                ));
            }
            if splitter.at != At::Quoted {
                self.row.ends.push(self.row.cells.len());
                let is_sound = splitter.is_regular && self.width.is_none_or(|width| self.row.fits(width));
                let whole = before == 0 || is_sound;
                return Ok(if whole {
                    Next::Row
                } else {
                    self.unclosed(first_line_bytes)
                });
            }
        }
    }

    fn unclosed(&mut self, first_line_bytes: usize) -> Next {
        let behind = &self.raw[first_line_bytes..];
        self.read_twice += behind.len();
        if self.read_twice > READ_TWICE_MAX {
            return Next::GaveUp(self.row.line);
        }
        self.lines.give_back(behind);
        let reason = "a quote opens in this row and does not close; close it, or double it (\"\") if it belongs to the text";
        Next::Rejected(self.row.line, reason.into())
    }
}

/// Where in a row the next byte stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    CellStart,
    Plain,
    Quoted,
    QuoteInQuoted,
}

struct Splitter {
    separator: u8,
    at: At,
    /// Whether nothing but a separator followed a closing quote.
    is_regular: bool,
}

impl Splitter {
    /// Takes one more line of the row, its terminator included.
    fn split(&mut self, line: &[u8], row: &mut Row) {
        for (place, &byte) in line.iter().enumerate() {
            self.at = match (self.at, byte) {
                (At::CellStart, b'"') => At::Quoted,
                (At::Quoted, b'"') => At::QuoteInQuoted,
                (At::QuoteInQuoted, b'"') => {
                    row.cells.push(b'"');
                    At::Quoted
                }
                (At::Quoted, byte) => {
                    row.cells.push(byte);
                    At::Quoted
                }
                (_, byte) if byte == self.separator => {
                    row.ends.push(row.cells.len());
                    At::CellStart
                }
                (at, b'\r' | b'\n') if matches!(line[place + 1..], [] | [b'\n']) => at,
                (at, byte) => {
                    self.is_regular &= at != At::QuoteInQuoted;
                    row.cells.push(byte);
                    At::Plain
                }
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &[u8], width: Option<usize>) -> Vec<Result<(u64, Vec<String>), u64>> {
        let mut rows = Rows::new(text, b',', b'\n');
        rows.width = width;
        let mut read = Vec::new();
        loop {
            match rows.next().unwrap() {
                Next::Row => {
                    let cells = rows.row().cells().map(Cow::into_owned).collect();
                    read.push(Ok((rows.row().line(), cells)));
                }
                Next::Rejected(line, _) | Next::GaveUp(line) => read.push(Err(line)),
                Next::End => return read,
            }
        }
    }

    fn cells(text: &str) -> Vec<String> {
        read(text.as_bytes(), None).remove(0).unwrap().1
    }

    #[test]
    fn quotes_hold_separators_line_ends_and_quotes() {
        assert_eq!(cells("a,\"b,c\",d\r\n"), ["a", "b,c", "d"]);
        assert_eq!(
            cells("\"two\nlines\",\"5\"\" pipe\"\n"),
            ["two\nlines", "5\" pipe"]
        );
        assert_eq!(cells("5\" pipe,x"), ["5\" pipe", "x"]);
        assert_eq!(cells("a,,"), ["a", "", ""]);
    }

    #[test]
    fn a_row_is_known_by_the_line_on_which_it_begins() {
        let rows = read(b"a,b\n\"1\n2\",3\n\n4,5\n", None);
        let lines: Vec<_> = rows.iter().map(|row| row.as_ref().unwrap().0).collect();
        assert_eq!(lines, [1, 2, 4, 5]);
    }

    #[test]
    fn a_quote_that_never_closes_costs_its_own_line_only() {
        let rows = read(b"1,\"a\n2,b\n3,c\n", Some(2));
        assert_eq!(rows[0], Err(1));
        assert_eq!(rows[1], Ok((2, vec!["2".into(), "b".into()])));
        assert_eq!(rows.len(), 3);
    }

    #[test]
    fn a_quote_that_closes_in_a_later_row_costs_its_own_line_only() {
        let rows = read(b"1,\"a\n2,b\n3,\"c\"\n4,d\n", Some(2));
        assert_eq!(rows[0], Err(1));
        assert_eq!(
            rows[1..]
                .iter()
                .map(|row| row.as_ref().unwrap().0)
                .collect::<Vec<_>>(),
            [2, 3, 4]
        );
    }

    #[test]
    fn an_endless_cell_is_rejected_and_reading_goes_on() {
        let text = format!("a,b\n1,\"{}\n2,c\n", "x\n".repeat(LINE_BYTES_MAX));
        let rows = read(text.as_bytes(), Some(2));
        assert_eq!(rows[1], Err(2));
        assert_eq!(rows.last().unwrap().as_ref().unwrap().1, ["2", "c"]);
    }

    proptest! {
        #[test]
        fn well_formed_tables_read_as_the_csv_crate_reads_them(
            table in prop::collection::vec(prop::collection::vec("[a-z\",; \r\n]{0,8}", 3), 1..8)
        ) {
            let mut writer = ::csv::Writer::from_writer(Vec::new());
            for row in &table {
                writer.write_record(row).unwrap();
            }
            let ours = read(&writer.into_inner().unwrap(), Some(3));
            let trimmed = |row: &Vec<String>| row.iter().map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
            let cells: Vec<_> = ours.into_iter().map(|row| row.unwrap().1).collect();
            prop_assert_eq!(cells, table.iter().map(trimmed).collect::<Vec<_>>());
        }

        #[test]
        fn no_bytes_make_it_panic_and_no_line_is_lost(bytes in prop::collection::vec(
            prop::sample::select(b"ab,\"\n\r".to_vec()), 0..200)) {
            let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
            let read = read(&bytes, Some(2));
            prop_assert!(read.len() <= lines + 1);
        }
    }
}
