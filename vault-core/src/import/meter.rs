//! A source that counts what is taken from it and stops a reader that wants too much at once.

use std::io::{self, BufRead, Read};

use super::lines::count;

/// A source with a count of bytes and lines, and an allowance.
pub(super) struct Meter<R> {
    source: R,
    bytes: u64,
    line_ends: u64,
    allowance: usize,
}

impl<R> Meter<R> {
    /// Nothing can be read before [`Self::allow`].
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            bytes: 0,
            line_ends: 0,
            allowance: 0,
        }
    }

    /// From here on, so many bytes can be read.
    pub(super) fn allow(&mut self, bytes: usize) {
        self.allowance = bytes;
    }

    /// Whether the allowance is used up.
    pub(super) fn is_exhausted(&self) -> bool {
        self.allowance == 0
    }

    /// Bytes read so far.
    pub(super) fn bytes_taken(&self) -> u64 {
        self.bytes
    }

    /// The number of the line of the next byte, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line_ends + 1
    }
}

impl<R: BufRead> BufRead for Meter<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let available = self.source.fill_buf()?;
        if self.allowance == 0 && !available.is_empty() {
            return Err(io::Error::other("more than the allowance"));
        }
        Ok(&available[..available.len().min(self.allowance)])
    }

    fn consume(&mut self, amount: usize) {
        if let Ok(available) = self.source.fill_buf() {
            self.line_ends += count(&available[..amount.min(available.len())], b'\n');
        }
        self.source.consume(amount);
        self.bytes += amount as u64;
        self.allowance = self.allowance.saturating_sub(amount);
    }
}

impl<R: BufRead> Read for Meter<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let taken = available.len().min(into.len());
        into[..taken].copy_from_slice(&available[..taken]);
        self.consume(taken);
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_and_stops() {
        let mut meter = Meter::new(&b"ab\ncd\n"[..]);
        meter.allow(4);
        let mut text = Vec::new();
        assert!(meter.read_to_end(&mut text).is_err());
        assert_eq!(
            (text.as_slice(), meter.bytes_taken(), meter.line()),
            (&b"ab\nc"[..], 4, 2)
        );
        meter.allow(9);
        assert_eq!(meter.read_to_end(&mut text).unwrap(), 2);
        assert!(!meter.is_exhausted());
    }
}
