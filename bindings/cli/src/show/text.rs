//! Texts and numbers as people read them.

/// Text that came from outside, without what could make a screen show something else: control
/// characters, terminal sequences, and marks that reorder what is shown (Unicode UAX 9).
pub(crate) fn plain(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' | '\r' | '\t' => ' ',
        c if c.is_control() || reorders(c) => '\u{fffd}',
        c => c,
    };
    text.chars().map(shown).collect()
}

fn reorders(c: char) -> bool {
    matches!(
        c,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// A number with its thousands apart: `12,345`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number of things: `1 record`, `12,345 records`.
pub(crate) fn counted(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", count(number))
}

/// A size: `512 B`, `1.5 KiB`.
pub(crate) fn bytes(size: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if size < 1_024 {
        return format!("{size} B");
    }
    let mut tenths = u128::from(size) * 10 / 1_024;
    let mut unit = 0;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1_024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_cannot_move_the_cursor_or_turn_the_line() {
        assert_eq!(plain("Shop\u{1b}[2J"), "Shop\u{fffd}[2J");
        assert_eq!(plain("\u{202e}emcA"), "\u{fffd}emcA");
        assert_eq!(plain("two\nlines\tand more"), "two lines and more");
        assert_eq!(plain("Češnja 東京"), "Češnja 東京");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(
            [0, 999, 1_000, 12_345, 1_234_567].map(count),
            ["0", "999", "1,000", "12,345", "1,234,567"]
        );
        assert_eq!(counted(1, "record"), "1 record");
        assert_eq!(counted(2_000, "record"), "2,000 records");
    }

    #[test]
    fn sizes_have_a_unit_that_fits() {
        assert_eq!(
            [0, 1_023, 1_024, 1_536, 1 << 20, u64::MAX].map(bytes),
            ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "1.0 MiB", "16777215.9 TiB"]
        );
    }
}
