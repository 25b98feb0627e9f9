//! Which format a file is in, by what it holds.

use std::path::Path;

use super::error::ImportError;

/// A file format that can be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// GPS Exchange Format 1.0 and 1.1.
    Gpx,
    /// A table with a header: comma, semicolon, tab or bar between the cells.
    Csv,
    /// One JSON object on each line.
    JsonLines,
}

impl Format {
    /// The format of a file that begins with `head`. Content decides; the name only tells what an
    /// empty file was meant to be.
    ///
    /// # Errors
    ///
    /// [`ImportError::NotText`] for spreadsheets, archives and UTF-16.
    pub fn sniff(head: &[u8], file_name: Option<&str>) -> Result<Self, ImportError> {
        if let Some(found) = not_text(head) {
            return Err(ImportError::NotText { found });
        }
        let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'<') => Ok(Self::Gpx),
            Some(b'{' | b'[') => Ok(Self::JsonLines),
            Some(_) => Ok(Self::Csv),
            None => Ok(Self::named(file_name.unwrap_or_default())),
        }
    }

    fn named(file_name: &str) -> Self {
        let extension = Path::new(file_name)
            .extension()
            .unwrap_or_default()
            .to_ascii_lowercase();
        match extension.to_str() {
            Some("gpx") => Self::Gpx,
            Some("jsonl" | "ndjson") => Self::JsonLines,
            _ => Self::Csv,
        }
    }
}

fn not_text(head: &[u8]) -> Option<&'static str> {
    match head {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16"),
        [b'P', b'K', 3, 4, ..] => Some("a spreadsheet or another zipped file"),
        [0x1f, 0x8b, ..] => Some("a compressed file"),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Some("an old spreadsheet"),
        [b'%', b'P', b'D', b'F', ..] => Some("a PDF"),
        _ if head.contains(&0) => Some("a binary file"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_tells_the_format_whatever_the_name() {
        let sniff = |head: &[u8]| Format::sniff(head, Some("export.txt")).unwrap();
        assert_eq!(sniff(b"\xef\xbb\xbf <?xml version='1.0'?>"), Format::Gpx);
        assert_eq!(sniff(b"\n{\"category\":"), Format::JsonLines);
        assert_eq!(sniff(b"Date,Amount"), Format::Csv);
        assert_eq!(sniff(b"\"Date\";\"Amount\""), Format::Csv);
    }

    #[test]
    fn the_name_tells_what_an_empty_file_was_meant_to_be() {
        assert_eq!(Format::sniff(b"", Some("a.JSONL")).unwrap(), Format::JsonLines);
        assert_eq!(Format::sniff(b"\n", Some("a.gpx")).unwrap(), Format::Gpx);
        assert_eq!(Format::sniff(b"", None).unwrap(), Format::Csv);
    }

    #[test]
    fn a_spreadsheet_is_told_from_a_table_of_text() {
        for head in [&b"PK\x03\x04..."[..], b"\xff\xfeD\0a\0", b"Date\0"] {
            assert!(matches!(
                Format::sniff(head, None),
                Err(ImportError::NotText { .. })
            ));
        }
    }
}
