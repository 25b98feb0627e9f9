//! Moments as files write them.
//!
//! Accepted without being told: ISO 8601 and RFC 3339 (`2026-11-21`, `2026-11-21 08:30`,
//! `2026-11-21T08:30:00.123+01:00`), year first with any separator (`2026/11/21`), days and months
//! with the year last (`4/12/2016`, `04-12-16`, `21.11.2026`), English month names (`21 Nov 2026`,
//! `Nov 21, 2026`), each with an optional time of day (`12:00:00 AM`, `23:59`). Finer than a
//! millisecond is cut. A date alone is its midnight, and a time without an offset is local, in the
//! time zone of the import.
//!
//! Which of `4` and `12` is the month is decided once for a file and never row by row; dates with
//! dots are always day first. Two-digit years are 1969 to 2068, as in POSIX.

use std::str::FromStr;

use jiff::{
    civil,
    fmt::strtime::{self, BrokenDownTime},
    tz::TimeZone,
};
use vault_wire::time::Timestamp;

/// A date format in the manner of `strftime`, for example `%d/%m/%Y %H:%M`; `%s` is Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateFormat(String);

/// A date format that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a date format ({reason}); write it like %d/%m/%Y %H:%M, or %s for Unix seconds")]
pub struct InvalidDateFormat {
    reason: String,
}

impl FromStr for DateFormat {
    type Err = InvalidDateFormat;

    fn from_str(text: &str) -> Result<Self, InvalidDateFormat> {
        let epoch = jiff::Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
        strtime::format(text, &epoch).map_err(|error| InvalidDateFormat {
            reason: error.to_string(),
        })?;
        if !text.contains('%') {
            return Err(InvalidDateFormat {
                reason: "it has no % directive".into(),
            });
        }
        Ok(Self(text.to_owned()))
    }
}

/// Whether month or day comes first where the year comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayOrder {
    /// `4/13/2016`, as in the United States.
    MonthFirst,
    /// `13/4/2016`, as in most of the world.
    DayFirst,
}

/// How the dates of one file are read.
pub(super) struct Dates {
    pub(super) format: Option<DateFormat>,
    pub(super) timezone: TimeZone,
    pub(super) order: DayOrder,
}

impl DayOrder {
    /// The order that some dates show, if they show one: a first number above 12 is a day, a second
    /// number above 12 a day too. Dates that contradict each other show none.
    pub(super) fn shown_by<'a>(dates: impl Iterator<Item = &'a str>) -> Option<Self> {
        let (mut day_first, mut month_first) = (false, false);
        for [first, second] in dates.filter_map(in_question) {
            day_first |= first > 12;
            month_first |= second > 12;
        }
        match (day_first, month_first) {
            (true, false) => Some(Self::DayFirst),
            (false, true) => Some(Self::MonthFirst),
            _ => None,
        }
    }

    /// Whether a date can be read either way.
    pub(super) fn matters_to(date: &str) -> bool {
        in_question(date).is_some()
    }
}

/// The two numbers of a date of which one is the month, if its style leaves open which.
fn in_question(date: &str) -> Option<[i16; 2]> {
    let (separator, [first, second, third]) = numbers(date_part(date).0)?;
    let is_open = separator == Separator::Other && first.digits <= 2 && third.is_year();
    is_open.then_some([first.value, second.value])
}

impl Dates {
    /// The moment that this text names, if it names one.
    pub(super) fn read(&self, text: &str) -> Option<Timestamp> {
        let text = text.trim();
        match &self.format {
            Some(format) => self.by_format(format, text),
            None => self.iso(text).or_else(|| self.customary(text)),
        }
    }

    /// What [`Self::read`] accepts, in words.
    pub(super) fn expected(&self) -> String {
        match (&self.format, self.order) {
            (Some(format), _) => format!("a date of the format {}", format.0),
            (None, DayOrder::MonthFirst) => {
                "a date such as 2026-11-21 or 11/21/2026 (month first; otherwise say --date-format %d/%m/%Y)"
                    .into()
            }
            (None, DayOrder::DayFirst) => {
                "a date such as 2026-11-21 or 21/11/2026 (day first; otherwise say --date-format %m/%d/%Y)"
                    .into()
            }
        }
    }

    fn by_format(&self, format: &DateFormat, text: &str) -> Option<Timestamp> {
        let parts = BrokenDownTime::parse(&format.0, text).ok()?;
        if let Ok(moment) = parts.to_timestamp() {
            return Some(cut_to_ms(moment));
        }
        let local = parts
            .to_datetime()
            .or_else(|_| parts.to_date().map(civil::DateTime::from))
            .ok()?;
        self.local(local)
    }

    fn iso(&self, text: &str) -> Option<Timestamp> {
        utc(text).or_else(|| self.local(text.parse().ok()?))
    }

    /// The date styles that are not ISO.
    fn customary(&self, text: &str) -> Option<Timestamp> {
        let (text, universal) = match text.strip_suffix(" UTC").or_else(|| text.strip_suffix(" GMT")) {
            Some(text) => (text, true),
            None => (text, false),
        };
        let (date, time) = date_part(text);
        let (date, time) = match numbers(date) {
            Some((separator, parts)) => (self.by_position(separator, parts)?, time),
            None => by_month_name(text)?,
        };
        let time = if time.is_empty() {
            civil::Time::midnight()
        } else {
            time_of_day(time)?
        };
        let local = date.to_datetime(time);
        if universal {
            in_zone(local, &TimeZone::UTC)
        } else {
            self.local(local)
        }
    }

    fn by_position(&self, separator: Separator, [first, second, third]: [Number; 3]) -> Option<civil::Date> {
        if first.digits == 4 {
            return day(first, second, third);
        }
        match (separator, self.order) {
            (Separator::Dot, _) | (_, DayOrder::DayFirst) => day(third, second, first),
            (_, DayOrder::MonthFirst) => day(third, first, second),
        }
    }

    fn local(&self, local: civil::DateTime) -> Option<Timestamp> {
        in_zone(local, &self.timezone)
    }
}

/// A moment whose text says its own offset, or `Z`.
pub(super) fn utc(text: &str) -> Option<Timestamp> {
    text.parse().ok().map(cut_to_ms)
}

/// Local time to a moment; where clocks went forward or back, as RFC 5545 has it.
pub(super) fn in_zone(local: civil::DateTime, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_ambiguous_timestamp(local)
        .compatible()
        .ok()
        .map(cut_to_ms)
}

/// Cut, not rounded towards 1970: the digits that a file says stay, before 1970 too.
fn cut_to_ms(moment: jiff::Timestamp) -> Timestamp {
    let ms = moment.as_nanosecond().div_euclid(1_000_000);
    Timestamp::from_unix_ms(i64::try_from(ms).unwrap_or(i64::MAX))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Separator {
    Dot,
    Other,
}

#[derive(Clone, Copy)]
struct Number {
    value: i16,
    digits: usize,
}

impl Number {
    fn of(text: &str) -> Option<Self> {
        let plain = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        Some(Self {
            value: text.parse().ok().filter(|_| plain)?,
            digits: text.len(),
        })
    }

    const fn is_year(self) -> bool {
        matches!(self.digits, 2 | 4)
    }
}

/// The date and what follows it (a time of day, perhaps empty).
fn date_part(text: &str) -> (&str, &str) {
    let text = text.trim();
    match text.find([' ', 'T']) {
        Some(end) => (text[..end].trim_end_matches(','), text[end + 1..].trim()),
        None => (text, ""),
    }
}

/// Three numbers with one kind of separator between them.
fn numbers(date: &str) -> Option<(Separator, [Number; 3])> {
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

fn day(year: Number, month: Number, day: Number) -> Option<civil::Date> {
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
fn by_month_name(text: &str) -> Option<(civil::Date, &str)> {
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
fn time_of_day(text: &str) -> Option<civil::Time> {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dates(order: DayOrder) -> Dates {
        Dates {
            format: None,
            timezone: TimeZone::UTC,
            order,
        }
    }

    fn us(text: &str) -> Option<String> {
        dates(DayOrder::MonthFirst).read(text).map(|at| at.to_string())
    }

    #[test]
    fn dates_read_as_they_are_written() {
        for (text, expected) in [
            ("2026-11-21", "2026-11-21T00:00:00Z"),
            ("2026-11-21 08:30", "2026-11-21T08:30:00Z"),
            ("2026-11-21T08:30:00.1239+01:00", "2026-11-21T07:30:00.123Z"),
            ("2026/11/21 08:30:05", "2026-11-21T08:30:05Z"),
            ("1/1/2018", "2018-01-01T00:00:00Z"),
            ("04/12/2016", "2016-04-12T00:00:00Z"),
            ("4/13/2016", "2016-04-13T00:00:00Z"),
            ("4/12/2016 12:00:00 AM", "2016-04-12T00:00:00Z"),
            ("4/12/2016 12:30 pm", "2016-04-12T12:30:00Z"),
            ("4/12/16 23:59:59.75", "2016-04-12T23:59:59.75Z"),
            ("21.11.2026", "2026-11-21T00:00:00Z"),
            ("3.4.1999 7:05", "1999-04-03T07:05:00Z"),
            ("21 Nov 2026", "2026-11-21T00:00:00Z"),
            ("03-OCT-10 15:03:30", "2010-10-03T15:03:30Z"),
            ("November 21, 2026", "2026-11-21T00:00:00Z"),
            ("Nov 21, 2026, 8:30 PM", "2026-11-21T20:30:00Z"),
            ("2016-04-12 06:00:00 UTC", "2016-04-12T06:00:00Z"),
        ] {
            assert_eq!(us(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "soon",
            "13/13/2016",
            "2/30/2016",
            "1/2",
            "1/2/3/4",
            "43101",
            "1479717000",
            "1/1/201",
            "4/12/2016 25:00",
            "4/12/2016 13:00 PM",
        ] {
            assert_eq!(us(text), None, "{text}");
        }
    }

    #[test]
    fn day_and_month_are_never_swapped_to_make_a_date_fit() {
        assert_eq!(us("13/4/2016"), None);
        let day_first = dates(DayOrder::DayFirst).read("3/4/2016").unwrap();
        assert_eq!(day_first.to_string(), "2016-04-03T00:00:00Z");
    }

    #[test]
    fn a_file_shows_its_order_only_if_its_dates_agree() {
        let shown = |dates: &[&str]| DayOrder::shown_by(dates.iter().copied());
        assert_eq!(shown(&["04/12/2016", "4/13/2016"]), Some(DayOrder::MonthFirst));
        assert_eq!(shown(&["1/2/2018", "31/1/2018 08:00"]), Some(DayOrder::DayFirst));
        assert_eq!(shown(&["1/2/2018"]), None);
        assert_eq!(shown(&["13/1/2018", "1/13/2018"]), None);
        assert_eq!(shown(&["2018-01-31", "2018/01/31", "31.1.2018"]), None);
        assert!(DayOrder::matters_to("1/2/2018") && !DayOrder::matters_to("2018-01-31"));
    }

    #[test]
    fn a_day_begins_where_the_owner_lives() {
        let ljubljana = Dates {
            format: None,
            timezone: TimeZone::get("Europe/Ljubljana").unwrap(),
            order: DayOrder::MonthFirst,
        };
        assert_eq!(
            ljubljana.read("2026-07-01").unwrap().to_string(),
            "2026-06-30T22:00:00Z"
        );
        assert_eq!(
            ljubljana.read("2026-07-01T00:00:00Z").unwrap().to_string(),
            "2026-07-01T00:00:00Z"
        );
        assert!(
            ljubljana.read("2026-03-29 02:30").is_some(),
            "a time that the clocks skipped"
        );
    }

    #[test]
    fn a_format_given_is_the_only_one() {
        let by = |format: &str, text: &str| {
            let format = Some(format.parse().unwrap());
            let dates = Dates {
                format,
                timezone: TimeZone::UTC,
                order: DayOrder::MonthFirst,
            };
            dates.read(text).map(|at| at.to_string())
        };
        assert_eq!(
            by("%d/%m/%Y", "3/4/2016").as_deref(),
            Some("2016-04-03T00:00:00Z")
        );
        assert_eq!(
            by("%d/%m/%Y %H:%M", "3/4/2016 08:15").as_deref(),
            Some("2016-04-03T08:15:00Z")
        );
        assert_eq!(by("%s", "1479717000").as_deref(), Some("2016-11-21T08:30:00Z"));
        assert_eq!(by("%d/%m/%Y", "2016-04-03"), None);
    }

    #[test]
    fn a_format_that_cannot_be_used_is_refused_at_once() {
        for format in ["%", "%!", "YYYY-MM-DD"] {
            assert!(format.parse::<DateFormat>().is_err(), "{format}");
        }
    }

    #[test]
    fn before_1970_the_digits_stay_too() {
        let at = utc("1901-12-13T20:45:52.2073437Z").unwrap();
        assert_eq!(at.to_string(), "1901-12-13T20:45:52.207Z");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[0-9a-zA-Z:/., -]{0,30}|.{0,40}") {
            let _ = us(&text);
            let _ = DayOrder::shown_by([text.as_str()].into_iter());
        }
    }
}
