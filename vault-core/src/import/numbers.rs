//! Numbers as people and programs write them: `1,234.50`, `1.234,50 €`, `(12.50)`, `$ -3`, `1.5E+05`.

use rust_decimal::Decimal;

/// The sign between whole and fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// `1,234.50`
    Point,
    /// `1.234,50`
    Comma,
}

/// A number as written, with the currency that stood beside it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Amount {
    /// Its exact value.
    pub(super) number: Decimal,
    /// The ISO 4217 code beside it, or `EUR` for `€`. `$`, `£`, `¥` name several currencies each,
    /// so they name none.
    pub(super) currency: Option<String>,
}

/// Longest number that is looked at, in characters.
const NUMBER_CHARS_MAX: usize = 64;

impl Mark {
    /// What a column's values show, `fallback` if they could be read either way.
    pub(super) fn shown_by<'a>(values: impl Iterator<Item = &'a str>, fallback: Self) -> Self {
        let (mut point, mut comma) = (false, false);
        for value in values {
            match Self::certain_in(value) {
                Some(Self::Point) => point = true,
                Some(Self::Comma) => comma = true,
                None => {}
            }
        }
        match (point, comma) {
            (true, false) => Self::Point,
            (false, true) => Self::Comma,
            _ => fallback,
        }
    }

    /// The mark that one value can only have; `1,234` could have either.
    fn certain_in(value: &str) -> Option<Self> {
        let last = value.rfind(['.', ','])?;
        let mark = if value[last..].starts_with('.') {
            Self::Point
        } else {
            Self::Comma
        };
        let (sign, other) = mark.signs();
        if value.matches(sign).count() > 1 {
            return Some(if mark == Self::Point {
                Self::Comma
            } else {
                Self::Point
            });
        }
        let digits_after = value[last + 1..].bytes().take_while(u8::is_ascii_digit).count();
        let whole = value[..last].trim_start_matches(|c: char| !c.is_ascii_digit());
        let cannot_group = digits_after != 3 || whole.starts_with('0') || whole.is_empty() || whole.len() > 3;
        (value.contains(other) || cannot_group).then_some(mark)
    }

    /// The decimal sign and the grouping sign.
    const fn signs(self) -> (char, char) {
        match self {
            Self::Point => ('.', ','),
            Self::Comma => (',', '.'),
        }
    }
}

/// Reads an amount; nothing if it is not one number.
pub(super) fn amount(text: &str, mark: Mark) -> Option<Amount> {
    let text = text.trim();
    if text.chars().count() > NUMBER_CHARS_MAX {
        return None;
    }
    let (text, in_parentheses) = match text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) => (inner, true),
        None => (text, false),
    };
    let (text, currency) = without_currency(text);
    let (digits, minus) = without_sign(text)?;
    let (digits, currency) = match currency {
        None => without_currency(digits),
        found => (digits, found),
    };
    let number = exact(digits, mark)?;
    let number = if minus != in_parentheses { -number } else { number };
    Some(Amount { number, currency })
}

/// Reads a measurement, for fields that hold doubles: the double nearest to the number written.
pub(super) fn measurement(text: &str, mark: Mark) -> Option<f64> {
    match amount(text, mark) {
        Some(Amount {
            number,
            currency: None,
        }) => number.to_string().parse().ok(),
        Some(_) => None,
        None => more_digits_than_a_decimal_holds(text.trim(), mark),
    }
}

fn more_digits_than_a_decimal_holds(text: &str, mark: Mark) -> Option<f64> {
    let is_plain = |byte| matches!(byte, b'0'..=b'9' | b'.' | b'-');
    let fits = mark == Mark::Point && text.len() <= NUMBER_CHARS_MAX && text.bytes().all(is_plain);
    text.parse().ok().filter(|_| fits)
}

fn without_currency(text: &str) -> (&str, Option<String>) {
    const SYMBOLS: &[char] = &['$', '€', '£', '¥', '₹', '₽', '₩', '₺', '₴', '₪', '฿', '₫'];
    let text = text.trim();
    if let Some(rest) = text.strip_prefix(SYMBOLS).or_else(|| text.strip_suffix(SYMBOLS)) {
        return (rest.trim(), text.contains('€').then(|| "EUR".to_owned()));
    }
    let is_code = |code: &str| code.bytes().all(|byte| byte.is_ascii_uppercase());
    if let Some((code, rest)) = text.split_at_checked(3).filter(|(code, _)| is_code(code)) {
        return (rest.trim(), Some(code.to_owned()));
    }
    let split = text.len().checked_sub(3).and_then(|at| text.split_at_checked(at));
    match split.filter(|(_, code)| is_code(code)) {
        Some((rest, code)) => (rest.trim(), Some(code.to_owned())),
        None => (text, None),
    }
}

/// The digits and whether a minus stood before or after them.
fn without_sign(text: &str) -> Option<(&str, bool)> {
    const MINUS: &[char] = &['-', '−', '–'];
    let (rest, leading) = match text.strip_prefix(MINUS) {
        Some(rest) => (rest, true),
        None => (text.strip_prefix('+').unwrap_or(text), false),
    };
    let (rest, trailing) = match rest.strip_suffix(MINUS) {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    (!(leading && trailing)).then_some((rest.trim(), leading || trailing))
}

fn exact(digits: &str, mark: Mark) -> Option<Decimal> {
    let (sign, other) = mark.signs();
    if digits.contains(['e', 'E']) {
        return Decimal::from_scientific(&digits.replace(sign, ".")).ok();
    }
    let (whole, fraction) = match digits.split_once(sign) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if fraction.is_some_and(|fraction| !all_digits(fraction)) {
        return None;
    }
    let whole = ungrouped(whole, other)?;
    let fraction = fraction.unwrap_or_default();
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let point = if fraction.is_empty() { "" } else { "." };
    Decimal::from_str_exact(&format!(
        "{}{point}{fraction}",
        if whole.is_empty() { "0" } else { &whole }
    ))
    .ok()
}

/// The digits of a grouped number: one grouping sign throughout, three digits in the last group,
/// two or three (as in India) in those between.
fn ungrouped(whole: &str, other: char) -> Option<String> {
    let is_grouping = |c: char| c == other || matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\'' | '’');
    let Some(sign) = whole.chars().find(|c| is_grouping(*c)) else {
        return whole
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| whole.to_owned());
    };
    let groups: Vec<_> = whole.split(sign).collect();
    let last = groups.len() - 1;
    let fits = |(place, group): (usize, &&str)| {
        group.bytes().all(|byte| byte.is_ascii_digit())
            && match place {
                0 => (1..=3).contains(&group.len()),
                place if place == last => group.len() == 3,
                _ => (2..=3).contains(&group.len()),
            }
    };
    groups.iter().enumerate().all(fits).then(|| groups.concat())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str, mark: Mark) -> Option<String> {
        amount(text, mark).map(|amount| amount.number.to_string())
    }

    #[test]
    fn amounts_read_as_they_are_written() {
        for (text, expected) in [
            ("11.11", "11.11"),
            ("45", "45"),
            ("13162.00", "13162.00"),
            ("1,234.50", "1234.50"),
            ("12,34,567.8", "1234567.8"),
            ("1 234.5", "1234.5"),
            ("1\u{a0}234", "1234"),
            ("1'234.50", "1234.50"),
            ("$1,234.50", "1234.50"),
            ("-$3.00", "-3.00"),
            ("$ -3.00", "-3.00"),
            ("(12.50)", "-12.50"),
            ("($12.50)", "-12.50"),
            ("12.50-", "-12.50"),
            ("+7", "7"),
            (".5", "0.5"),
            ("1.5E+05", "150000"),
            ("EUR 12.50", "12.50"),
            ("12.50 CHF", "12.50"),
        ] {
            assert_eq!(read(text, Mark::Point).as_deref(), Some(expected), "{text}");
        }
        for (text, expected) in [
            ("1.234,50 €", "1234.50"),
            ("12,5", "12.5"),
            ("-0,99", "-0.99"),
            ("1.234", "1234"),
        ] {
            assert_eq!(read(text, Mark::Comma).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_not_one_number_is_none() {
        for text in [
            "", "-", "abc", "1.2.3", "12,34", "1,2345", "12 5", "--5", "1-2", "$", "1.5.", "0x10", "NaN",
            "inf",
        ] {
            assert_eq!(read(text, Mark::Point), None, "{text}");
        }
        assert_eq!(
            read(&"9".repeat(40), Mark::Point),
            None,
            "more digits than a decimal holds"
        );
        assert_eq!(measurement("NaN", Mark::Point), None);
    }

    #[test]
    fn a_currency_beside_the_number_counts_only_if_it_is_certain() {
        let currency = |text| amount(text, Mark::Point).unwrap().currency;
        assert_eq!(currency("12.50 €").as_deref(), Some("EUR"));
        assert_eq!(currency("USD 12.50").as_deref(), Some("USD"));
        assert_eq!(currency("-USD 12.50").as_deref(), Some("USD"));
        assert_eq!(currency("$12.50"), None);
    }

    #[test]
    fn a_column_shows_its_decimal_sign() {
        let shown = |values: &[&str], fallback| Mark::shown_by(values.iter().copied(), fallback);
        assert_eq!(shown(&["1,234", "12,50"], Mark::Point), Mark::Comma);
        assert_eq!(shown(&["1.234", "12.50"], Mark::Comma), Mark::Point);
        assert_eq!(shown(&["45.380593557"], Mark::Comma), Mark::Point);
        assert_eq!(shown(&["1.234"], Mark::Comma), Mark::Comma);
        assert_eq!(shown(&["1,234,567"], Mark::Comma), Mark::Point);
        assert_eq!(shown(&["0.125"], Mark::Comma), Mark::Point);
        assert_eq!(shown(&["1.234,5"], Mark::Point), Mark::Comma);
    }

    proptest! {
        #[test]
        fn every_decimal_reads_back_exactly(mantissa in -10_i64.pow(17)..10_i64.pow(17), scale in 0u32..10) {
            let number = Decimal::new(mantissa, scale);
            prop_assert_eq!(amount(&number.to_string(), Mark::Point).unwrap().number, number);
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,80}") {
            for mark in [Mark::Point, Mark::Comma] {
                let _ = amount(&text, mark);
                let _ = measurement(&text, mark);
                let _ = Mark::shown_by([text.as_str()].into_iter(), mark);
            }
        }
    }
}
