//! Times as people read them: in their own time zone.

use vault_core::Timestamp;

use super::Screen;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// `2026-11-21 08:30`, in local time.
pub(crate) fn local(at: Timestamp, screen: &Screen) -> String {
    formatted(at, screen, "%Y-%m-%d %H:%M")
}

/// `2026-11-21 08:30:15 CET`, in local time.
pub(crate) fn long(at: Timestamp, screen: &Screen) -> String {
    formatted(at, screen, "%Y-%m-%d %H:%M:%S %Z")
}

fn formatted(at: Timestamp, screen: &Screen, format: &str) -> String {
    match jiff::Timestamp::from_millisecond(at.unix_ms()) {
        Ok(moment) => moment.to_zoned(screen.zone.clone()).strftime(format).to_string(),
        Err(_) => at.to_string(),
    }
}

/// How far a moment is from now: `3 min ago`, `in 30 days`.
pub(crate) fn ago(at: Timestamp, screen: &Screen) -> String {
    let ms = at.ms_since(screen.now());
    match ms {
        ..-999 => format!("{} ago", span(ms.saturating_neg())),
        -999..=999 => "now".to_owned(),
        _ => format!("in {}", span(ms)),
    }
}

/// A length of time in one or two units: `42 s`, `2 min 10 s`, `23 h 4 min`, or the nearest `13 days`.
pub(crate) fn span(ms: i64) -> String {
    match ms.max(0) {
        ms if ms < MINUTE => format!("{} s", ms / SECOND),
        ms if ms < 10 * MINUTE => format!("{} min{}", ms / MINUTE, rest(ms % MINUTE / SECOND, "s")),
        ms if ms < HOUR => format!("{} min", ms / MINUTE),
        ms if ms < 2 * DAY => format!("{} h{}", ms / HOUR, rest(ms % HOUR / MINUTE, "min")),
        ms => format!("{} days", ms.saturating_add(DAY / 2) / DAY),
    }
}

fn rest(number: i64, unit: &str) -> String {
    match number {
        0 => String::new(),
        number => format!(" {number} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::samples::{ljubljana, screen};

    #[test]
    fn times_are_shown_as_the_clock_on_the_wall_shows_them() {
        let at = "2026-07-01T06:30:15Z".parse().unwrap();
        assert_eq!(local(at, &ljubljana()), "2026-07-01 08:30");
        assert_eq!(long(at, &ljubljana()), "2026-07-01 08:30:15 CEST");
        assert_eq!(local(at, &screen()), "2026-07-01 06:30");
    }

    #[test]
    fn the_ends_of_time_are_shown_too() {
        for ms in [i64::MIN, i64::MAX] {
            assert!(local(Timestamp::from_unix_ms(ms), &screen()).contains("9999"));
            assert!(!ago(Timestamp::from_unix_ms(ms), &screen()).is_empty());
        }
    }

    #[test]
    fn a_length_of_time_has_one_or_two_units() {
        let shown = [
            0,
            42_900,
            130_000,
            120_000,
            34 * MINUTE,
            23 * HOUR + 4 * MINUTE,
            13 * DAY,
        ]
        .map(span);
        assert_eq!(
            shown,
            [
                "0 s",
                "42 s",
                "2 min 10 s",
                "2 min",
                "34 min",
                "23 h 4 min",
                "13 days"
            ]
        );
    }

    #[test]
    fn a_month_that_has_just_begun_is_a_month() {
        assert_eq!(span(30 * DAY - SECOND), "30 days");
    }

    #[test]
    fn a_moment_is_ahead_or_past() {
        let screen = screen();
        assert_eq!(ago(screen.now().plus_ms(30 * DAY), &screen), "in 30 days");
        assert_eq!(ago(screen.now().plus_ms(-3 * HOUR), &screen), "3 h ago");
        assert_eq!(ago(screen.now(), &screen), "now");
    }
}
