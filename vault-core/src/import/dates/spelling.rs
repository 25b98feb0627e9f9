//! The parts of a date as people spell them, without deciding what is month and what is day.

use jiff::civil;

/// What stands between the numbers of a date.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    Dot,
    Other,
}

/// A number of one to four digits.
#[derive(Clone, Copy)]
pub(super) struct Number {
    pub(super) value: i16,
    pub(super) digits: usize,
}

impl Number {
    fn of(text: &str) -> Option<Self> {
        let plain = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        Some(Self {
            value: text.parse().ok().filter(|_| plain)?,
            digits: text.len(),
        })
    }

    /// Whether it can be a year by its length.
    pub(super) const fn is_year(self) -> bool {
        matches!(self.digits, 2 | 4)
    }
}

/// The date and what follows it (a time of day, perhaps empty).
pub(super) fn date_part(text: &str) -> (&str, &str) {
    let text = text.trim();
    match text.find([' ', 'T']) {
        Some(end) => (text[..end].trim_end_matches(','), text[end + 1..].trim()),
        None => (text, ""),
    }
}

/// Three numbers with one kind of separator between them.
pub(super) fn numbers(date: &str) -> Option<(Separator, [Number; 3])> {
    let sign = date
        .chars()
        .find(|c| !c.is_ascii_digit())
        .filter(|c| matches!(c, '/' | '-' | '.'))?;
    let mut parts = date.trim_end_matches(sign).split(sign).map(Number::of);
    let three = [parts.next()??, parts.next()??, parts.next()??];
    let separator = if sign == '.' {
        Separator::Dot
    } else {
        Separator::Other
    };
    parts.next().is_none().then_some((separator, three))
}

/// The day of a year, month and day of the month; two-digit years are 1969 to 2068.
pub(super) fn day(year: Number, month: Number, day: Number) -> Option<civil::Date> {
    let year = match year {
        Number { value, digits: 2 } if value < 69 => 2000 + value,
        Number { value, digits: 2 } => 1900 + value,
        Number { value, digits: 4 } => value,
        _ => return None,
    };
    civil::Date::new(
        year,
        i8::try_from(month.value).ok()?,
        i8::try_from(day.value).ok()?,
    )
    .ok()
}

/// `21 Nov 2026`, `21-NOV-26`, `November 21, 2026`, and the time of day after it.
pub(super) fn by_month_name(text: &str) -> Option<(civil::Date, &str)> {
    let mut rest = text;
    let mut word = || {
        rest = rest.trim_start_matches([' ', ',', '-', '/', '.']);
        let end = rest.find([' ', ',', '-', '/', '.']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        word
    };
    let (first, second, year) = (word(), word(), Number::of(word())?);
    let (month, day_of_month) = match month(first) {
        Some(month) => (month, Number::of(second)?),
        None => (month(second)?, Number::of(first)?),
    };
    let date = day(
        year,
        Number {
            value: month,
            digits: 2,
        },
        day_of_month,
    )?;
    Some((date, rest.trim_start_matches([' ', ','])))
}

fn month(name: &str) -> Option<i16> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let name = name.to_ascii_lowercase();
    let at = MONTHS
        .iter()
        .position(|month| name.len() >= 3 && month.starts_with(&name))?;
    i16::try_from(at + 1).ok()
}

/// `23:59`, `12:00:00 AM`, `8:30:15.250pm`.
pub(super) fn time_of_day(text: &str) -> Option<civil::Time> {
    let lower = text.to_ascii_lowercase();
    let (clock, afternoon) = match (lower.strip_suffix("am"), lower.strip_suffix("pm")) {
        (Some(clock), _) => (clock.trim(), Some(false)),
        (_, Some(clock)) => (clock.trim(), Some(true)),
        _ => (lower.as_str(), None),
    };
    let mut parts = clock.split(':');
    let hour = Number::of(parts.next()?)?.value;
    let minute = Number::of(parts.next()?)?.value;
    let (second, fraction) = parts
        .next()
        .map_or(("0", ""), |s| s.split_once('.').unwrap_or((s, "")));
    let hour = match afternoon {
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(afternoon) => hour % 12 + if afternoon { 12 } else { 0 },
        None => hour,
    };
    let fraction_is_digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
    if parts.next().is_some() || !fraction_is_digits {
        return None;
    }
    let milliseconds: i32 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let second = Number::of(second)?.value;
    let small = |number: i16| i8::try_from(number).ok();
    civil::Time::new(
        small(hour)?,
        small(minute)?,
        small(second)?,
        milliseconds * 1_000_000,
    )
    .ok()
}
