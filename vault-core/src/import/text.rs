//! Bytes to text. A cell or line that is not UTF-8 is read as Windows-1252 (which holds Latin-1),
//! because that is what old spreadsheets write, and every byte means something there: nobody's
//! purchases are refused for an umlaut.

use std::borrow::Cow;

/// The text that these bytes are: UTF-8, else Windows-1252.
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().copied().map(windows_1252).collect()),
    }
}

/// The character of one byte, by the WHATWG table.
pub(super) fn windows_1252(byte: u8) -> char {
    const FROM_0X80: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => FROM_0X80[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// A name reduced to what people mean by it: letters and digits, lower case.
pub(super) fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// At most `chars` characters of a text that goes into a message.
pub(super) fn shortened(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_spreadsheet_keeps_its_umlauts_and_its_euro() {
        assert_eq!(decode(b"M\xfcller \x80"), "Müller €");
        assert_eq!(decode("Müller €".as_bytes()), "Müller €");
    }

    #[test]
    fn column_names_differ_by_more_than_case_and_spaces() {
        assert_eq!(plain("Transaction_Date "), plain("transaction date"));
        assert_ne!(plain("Date"), plain("Data"));
    }
}
