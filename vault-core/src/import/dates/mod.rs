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

mod order;
mod spelling;

#[cfg(test)]
mod tests;

use std::str::FromStr;

use jiff::{
    civil,
    fmt::strtime::{self, BrokenDownTime},
    tz::TimeZone,
};
use vault_wire::time::Timestamp;

pub use self::order::DayOrder;
use self::spelling::{Number, Separator, by_month_name, date_part, day, numbers, time_of_day};

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

/// How the dates of one file are read.
pub(super) struct Dates {
    pub(super) format: Option<DateFormat>,
    pub(super) timezone: TimeZone,
    pub(super) order: DayOrder,
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
