//! Time inside: signed 64-bit milliseconds UTC. Time outside: RFC 3339 with `Z`.

use std::{fmt, str::FromStr};

use jiff::civil;
use serde::{Deserialize, Serialize};

/// A moment, in milliseconds since 1970-01-01T00:00:00Z; negative before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(i64);

/// Text that is not an RFC 3339 moment between the years -9999 and 9999.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a time: write it as RFC 3339, for example 2026-11-21T08:30:00Z")]
pub struct InvalidTime;

impl Timestamp {
    /// The moment that many milliseconds after the Unix epoch.
    pub const fn from_unix_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn unix_ms(self) -> i64 {
        self.0
    }

    /// The moment `ms` milliseconds later (earlier if negative), held within the range of `i64`.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this moment.
    pub const fn ms_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The calendar day in UTC; the nearest representable day beyond the years -9999 and 9999.
    pub fn utc_date(self) -> Date {
        Date(jiff::tz::Offset::UTC.to_datetime(self.nearest_moment()).date())
    }

    fn nearest_moment(self) -> jiff::Timestamp {
        let (first, last) = (jiff::Timestamp::MIN, jiff::Timestamp::MAX);
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 { first } else { last })
    }
}

/// RFC 3339; the nearest moment that can be written beyond the years -9999 and 9999.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.nearest_moment().fmt(f)
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let moment: jiff::Timestamp = text.parse().map_err(|_| InvalidTime)?;
        // Cut towards the past on both sides of 1970, so that a moment never moves past a later one.
        let ms = moment.as_nanosecond().div_euclid(1_000_000);
        i64::try_from(ms).map(Self).map_err(|_| InvalidTime)
    }
}

/// A calendar day (ISO 8601, proleptic Gregorian).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(civil::Date);

impl Date {
    /// The day, or nothing if there is no such day; years -9999 to 9999.
    pub fn new(year: i16, month: i8, day: i8) -> Option<Self> {
        civil::Date::new(year, month, day).ok().map(Self)
    }

    /// The year.
    pub fn year(self) -> i16 {
        self.0.year()
    }

    /// The month, 1 to 12.
    pub fn month(self) -> i8 {
        self.0.month()
    }

    /// The day of the month, 1 to 31.
    pub fn day(self) -> i8 {
        self.0.day()
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Date {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        text.parse().map(Self).map_err(|_| InvalidTime)
    }
}

impl Serialize for Date {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.year(), self.month(), self.day()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (year, month, day) = <(i16, i8, i8)>::deserialize(deserializer)?;
        Self::new(year, month, day).ok_or_else(|| serde::de::Error::custom("no such day"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_before_1970_reads_back() {
        let text = "1901-12-13T20:45:52.207Z";
        let time: Timestamp = text.parse().unwrap();
        assert!(time.unix_ms() < 0);
        assert_eq!(time.to_string(), text);
    }

    #[test]
    fn finer_than_a_millisecond_is_cut() {
        let time: Timestamp = "2026-11-21T08:30:00.1239Z".parse().unwrap();
        assert_eq!(time.to_string(), "2026-11-21T08:30:00.123Z");
        let time: Timestamp = "1901-12-13T20:45:52.2073437Z".parse().unwrap();
        assert_eq!(time.to_string(), "1901-12-13T20:45:52.207Z");
    }

    #[test]
    fn the_ends_of_time_print_and_give_a_day() {
        for ms in [i64::MIN, i64::MAX] {
            let text = Timestamp::from_unix_ms(ms).to_string();
            assert!(text.parse::<Timestamp>().is_ok(), "{text}");
            assert_eq!(Timestamp::from_unix_ms(ms).utc_date().year().abs(), 9999);
        }
    }

    #[test]
    fn time_stops_at_its_ends_instead_of_turning_over() {
        let (first, last) = (
            Timestamp::from_unix_ms(i64::MIN),
            Timestamp::from_unix_ms(i64::MAX),
        );
        assert_eq!(last.plus_ms(1), last);
        assert_eq!(first.plus_ms(-1), first);
        assert_eq!(last.ms_since(first), i64::MAX);
        assert_eq!(first.ms_since(last), i64::MIN);
    }

    #[test]
    fn there_is_no_thirtieth_of_february() {
        assert_eq!(Date::new(2024, 2, 30), None);
        assert!(postcard::from_bytes::<Date>(&postcard::to_stdvec(&(2024i16, 2i8, 30i8)).unwrap()).is_err());
    }
}
