//! Times as an owner types them.

use std::str::FromStr;

use jiff::{Span, civil, tz::TimeZone};
use vault_core::Timestamp;

/// A time as it was typed: `2026-11-21`, `2026-11-21 08:30`, `2026-11-21T08:30:00Z`, or `+30d` from
/// now. Without an offset it is local; a date alone is its midnight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Moment {
    /// A moment with an offset.
    Fixed(Timestamp),
    /// A date, or a date and time, of the owner's clock.
    Local(civil::DateTime),
    /// So long after now.
    After(SpanFromNow),
}

/// A span of time that is compared by its parts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SpanFromNow(Span);

impl PartialEq for SpanFromNow {
    fn eq(&self, other: &Self) -> bool {
        self.0.fieldwise() == other.0.fieldwise()
    }
}

/// Text that is not a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a time: write 2026-11-21, \"2026-11-21 08:30\", 2026-11-21T08:30:00Z, or +30d for 30 days from now"
)]
pub(crate) struct InvalidMoment;

/// A time that no clock shows, or that lies beyond the years -9999 and 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this time is too far away to be written")]
pub(crate) struct TooFarAway;

impl Moment {
    /// The moment that is meant, in a time zone, now.
    pub(crate) fn resolve(self, zone: &TimeZone, now: Timestamp) -> Result<Timestamp, TooFarAway> {
        let zoned = match self {
            Self::Fixed(at) => return Ok(at),
            Self::Local(local) => zone.to_ambiguous_zoned(local).compatible(),
            Self::After(SpanFromNow(span)) => jiff::Timestamp::from_millisecond(now.unix_ms())
                .and_then(|now| now.to_zoned(zone.clone()).checked_add(span)),
        };
        let zoned = zoned.map_err(|_| TooFarAway)?;
        Ok(Timestamp::from_unix_ms(zoned.timestamp().as_millisecond()))
    }
}

impl FromStr for Moment {
    type Err = InvalidMoment;

    fn from_str(text: &str) -> Result<Self, InvalidMoment> {
        if let Some(span) = text.strip_prefix('+') {
            let span: Span = span.trim().parse().map_err(|_| InvalidMoment)?;
            return match span.is_negative() {
                true => Err(InvalidMoment),
                false => Ok(Self::After(SpanFromNow(span))),
            };
        }
        match text.parse() {
            Ok(at) => Ok(Self::Fixed(at)),
            Err(_) => text.parse().map(Self::Local).map_err(|_| InvalidMoment),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str) -> String {
        let zone = TimeZone::get("Europe/Ljubljana").unwrap();
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        let moment: Moment = text.parse().unwrap();
        moment.resolve(&zone, now).unwrap().to_string()
    }

    #[test]
    fn a_time_without_an_offset_is_local() {
        assert_eq!(resolved("2026-11-21"), "2026-11-20T23:00:00Z");
        assert_eq!(resolved("2026-07-01 08:30"), "2026-07-01T06:30:00Z");
        assert_eq!(resolved("2026-07-01T08:30:15"), "2026-07-01T06:30:15Z");
    }

    #[test]
    fn a_time_with_an_offset_is_what_it_says() {
        assert_eq!(resolved("2026-11-21T08:30:00Z"), "2026-11-21T08:30:00Z");
        assert_eq!(resolved("1901-12-13T20:45:52+02:00"), "1901-12-13T18:45:52Z");
    }

    #[test]
    fn a_time_that_the_clock_skips_is_the_one_after_the_gap() {
        assert_eq!(resolved("2026-03-29 02:30"), "2026-03-29T01:30:00Z");
    }

    #[test]
    fn a_span_counts_from_now() {
        assert_eq!(resolved("+30d"), "2026-12-21T12:00:00Z");
        assert_eq!(resolved("+2 hours"), "2026-11-21T14:00:00Z");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "soon", "21.11.2026", "+", "+-3d", "2026-02-30"] {
            assert_eq!(text.parse::<Moment>(), Err(InvalidMoment), "{text}");
        }
        let far: Moment = "+19000y".parse().unwrap();
        assert!(far.resolve(&TimeZone::UTC, Timestamp::from_unix_ms(0)).is_err());
    }
}
