//! A file line by line, with a limit on the length of a line, so that memory stays bounded
//! whatever the file.

use std::io::{self, BufRead};

/// Longest line, and longest table row of several lines, in bytes.
pub(super) const LINE_BYTES_MAX: usize = 1 << 20;

/// Numbered lines of a source.
pub(super) struct Lines<R> {
    source: R,
    terminator: u8,
    line: u64,
    bytes: u64,
    /// Lines given back, to be read again.
    returned: Vec<u8>,
    returned_at: usize,
}

/// What the next line is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Its bytes, terminator included, were appended.
    Read,
    /// It is longer than [`LINE_BYTES_MAX`]; it was skipped.
    TooLong,
    /// There is none.
    End,
}

impl<R: BufRead> Lines<R> {
    /// Lines that end with `terminator` (`\n`; `\r` in files of old Macs).
    pub(super) fn new(source: R, terminator: u8) -> Self {
        Self {
            source,
            terminator,
            line: 0,
            bytes: 0,
            returned: Vec::new(),
            returned_at: 0,
        }
    }

    /// The number of the line read last; the first is 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Bytes taken from the source so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Appends the next line to `buffer`.
    pub(super) fn read_onto(&mut self, buffer: &mut Vec<u8>) -> io::Result<Line> {
        if self.returned_at < self.returned.len() {
            self.read_returned(buffer);
            return Ok(Line::Read);
        }
        self.returned.clear();
        self.returned_at = 0;
        let start = buffer.len();
        loop {
            let chunk = match self.source.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if chunk.is_empty() {
                if buffer.len() == start {
                    return Ok(Line::End);
                }
                break;
            }
            let end = chunk.iter().position(|byte| *byte == self.terminator);
            let taken = end.map_or(chunk.len(), |end| end + 1);
            if buffer.len() - start + taken > LINE_BYTES_MAX {
                buffer.truncate(start);
                self.skip_line()?;
                self.line += 1;
                return Ok(Line::TooLong);
            }
            buffer.extend_from_slice(&chunk[..taken]);
            self.source.consume(taken);
            self.bytes += taken as u64;
            if end.is_some() {
                break;
            }
        }
        self.line += 1;
        Ok(Line::Read)
    }

    /// Gives whole lines back: they, the last ones read, come next again. The source is read only
    /// once all that was returned is used up, so one buffer is enough.
    pub(super) fn give_back(&mut self, lines: &[u8]) {
        let count = count(lines, self.terminator)
            + u64::from(lines.last().is_some_and(|byte| *byte != self.terminator));
        self.line = self.line.saturating_sub(count);
        match self.returned_at.checked_sub(lines.len()) {
            Some(at) => self.returned_at = at,
            None => {
                self.returned = lines.to_vec();
                self.returned_at = 0;
            }
        }
    }

    fn read_returned(&mut self, buffer: &mut Vec<u8>) {
        let rest = &self.returned[self.returned_at..];
        let taken = rest
            .iter()
            .position(|byte| *byte == self.terminator)
            .map_or(rest.len(), |end| end + 1);
        buffer.extend_from_slice(&rest[..taken]);
        self.returned_at += taken;
        self.line += 1;
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let chunk = match self.source.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            let end = chunk.iter().position(|byte| *byte == self.terminator);
            let taken = end.map_or(chunk.len(), |end| end + 1);
            self.source.consume(taken);
            self.bytes += taken as u64;
            if end.is_some() || taken == 0 {
                return Ok(());
            }
        }
    }
}

/// How often a byte occurs.
pub(super) fn count(bytes: &[u8], wanted: u8) -> u64 {
    bytes.iter().filter(|byte| **byte == wanted).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Lines<&[u8]> {
        Lines::new(bytes, b'\n')
    }

    #[test]
    fn the_last_line_needs_no_terminator() {
        let mut lines = lines(b"a\nb");
        let mut buffer = Vec::new();
        assert_eq!(lines.read_onto(&mut buffer).unwrap(), Line::Read);
        assert_eq!(lines.read_onto(&mut buffer).unwrap(), Line::Read);
        assert_eq!(
            (buffer.as_slice(), lines.line(), lines.bytes()),
            (&b"a\nb"[..], 2, 3)
        );
        assert_eq!(lines.read_onto(&mut buffer).unwrap(), Line::End);
    }

    #[test]
    fn a_line_without_end_is_skipped_and_the_next_one_read() {
        let mut file = vec![b'x'; 3 * LINE_BYTES_MAX];
        file.extend_from_slice(b"\nnext\n");
        let mut lines = lines(&file);
        let mut buffer = Vec::new();
        assert_eq!(lines.read_onto(&mut buffer).unwrap(), Line::TooLong);
        assert!(buffer.capacity() <= 2 * LINE_BYTES_MAX);
        assert_eq!(lines.read_onto(&mut buffer).unwrap(), Line::Read);
        assert_eq!((buffer.as_slice(), lines.line()), (&b"next\n"[..], 2));
        assert_eq!(lines.bytes(), file.len() as u64);
    }

    #[test]
    fn lines_given_back_come_again_under_their_own_numbers() {
        let mut lines = lines(b"a\nb\nc\n");
        let mut buffer = Vec::new();
        for _ in 0..3 {
            lines.read_onto(&mut buffer).unwrap();
        }
        lines.give_back(b"b\nc\n");
        buffer.clear();
        lines.read_onto(&mut buffer).unwrap();
        assert_eq!((buffer.as_slice(), lines.line()), (&b"b\n"[..], 2));
    }
}
