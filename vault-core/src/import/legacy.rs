//! XML in an encoding of before Unicode, turned into UTF-8 as it streams.

use std::io::{self, Read};

use super::text::windows_1252;

/// Whether an XML file's declaration names an encoding that is read as Windows-1252.
///
/// Every other file is read as UTF-8, which is what XML without a declaration is.
pub(super) fn is_declared(head: &[u8]) -> bool {
    let line = &head[..head.len().min(200)];
    let end = line.windows(2).position(|pair| pair == b"?>").unwrap_or(0);
    let declaration = String::from_utf8_lossy(&line[..end]).to_ascii_lowercase();
    ["iso-8859-1\"", "iso-8859-1'", "windows-1252", "latin1"]
        .iter()
        .any(|name| declaration.contains(name))
}

/// A source whose Windows-1252 bytes come out as UTF-8, if it is of that encoding.
pub(super) struct Unicode<R> {
    source: R,
    legacy: bool,
    /// The second and third byte of a character whose first was the last to fit.
    rest: Vec<u8>,
}

impl<R> Unicode<R> {
    /// Text in Windows-1252 if `legacy`, else in UTF-8.
    pub(super) fn new(source: R, legacy: bool) -> Self {
        Self {
            source,
            legacy,
            rest: Vec::new(),
        }
    }
}

impl<R: Read> Read for Unicode<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if !self.legacy {
            return self.source.read(into);
        }
        if self.rest.is_empty() {
            let mut bytes = [0; 4096];
            let wanted = into.len().clamp(1, bytes.len());
            let count = self.source.read(&mut bytes[..wanted])?;
            let text: String = bytes[..count].iter().copied().map(windows_1252).collect();
            self.rest = text.into_bytes();
        }
        let taken = self.rest.len().min(into.len());
        into[..taken].copy_from_slice(&self.rest[..taken]);
        self.rest.drain(..taken);
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_encoding_is_recognised_by_its_declaration() {
        assert!(is_declared(
            b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><gpx>"
        ));
        assert!(!is_declared(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?><gpx>"));
        assert!(!is_declared(b"<gpx creator=\"windows-1252\">"));
    }

    #[test]
    fn old_bytes_come_out_as_unicode_however_small_the_reads() {
        let mut source = Unicode::new(&b"Caf\xe9 \x80"[..], true);
        let mut text = Vec::new();
        let mut one = [0];
        while source.read(&mut one).unwrap() == 1 {
            text.push(one[0]);
        }
        assert_eq!(text, "Café €".as_bytes());
    }
}
