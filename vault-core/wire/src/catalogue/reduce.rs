//! Making a value coarser, and telling whether it is coarse enough. The device reduces, the server
//! checks: one page for both, so that they agree.

use super::{Kind, Precision};
use crate::{time::Date, value::Value};

impl Precision {
    /// The value at this precision, or nothing if it cannot be made so coarse (then it does not
    /// leave the device).
    pub fn reduce(self, value: &Value) -> Option<Value> {
        match (self, value) {
            (Self::Exact, value) => Some(value.clone()),
            (Self::Day, Value::Timestamp(at)) => Some(Value::Date(at.utc_date())),
            (Self::Month, Value::Timestamp(at)) => Some(Value::Text(month_text(at.utc_date()))),
            (Self::Year, Value::Timestamp(at)) => Some(Value::Text(year_text(at.utc_date()))),
            (_, Value::Float(degrees)) => {
                Some(Value::Float(centre_of_cell(*degrees, self.cell_microdegrees()?)?))
            }
            _ => None,
        }
    }

    /// Whether the value reveals no more than this precision allows.
    pub fn admits(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Exact, _) => true,
            (Self::Day, Value::Date(_)) => true,
            (Self::Month, Value::Text(text)) => {
                first_day(text, "-01").is_some_and(|day| *text == month_text(day))
            }
            (Self::Year, Value::Text(text)) => {
                first_day(text, "-01-01").is_some_and(|day| *text == year_text(day))
            }
            (_, Value::Float(degrees)) => {
                self.cell_microdegrees()
                    .and_then(|cell| centre_of_cell(*degrees, cell))
                    == Some(*degrees)
            }
            _ => false,
        }
    }
}

/// The year as ISO 8601 writes it: four digits, or a sign and six digits before the year 0.
fn year_text(day: Date) -> String {
    match day.year() {
        year @ 0.. => format!("{year:04}"),
        year => format!("-{:06}", year.unsigned_abs()),
    }
}

/// The year and the month, `2026-11`.
fn month_text(day: Date) -> String {
    format!("{}-{:02}", year_text(day), day.month())
}

/// The first day of what the text names, if the text with this ending is a day.
fn first_day(text: &str, ending: &str) -> Option<Date> {
    const LONGEST: usize = "-009999-12".len();
    (text.len() <= LONGEST)
        .then(|| format!("{text}{ending}").parse().ok())
        .flatten()
}

/// The centre of the grid cell in which a coordinate lies. Whole millionths of a degree, so that
/// every coordinate of a cell gives the same bits. A coordinate on a line between two cells belongs
/// to the one nearer to zero, so that the poles and the antimeridian have a cell on the globe.
fn centre_of_cell(degrees: f64, cell_microdegrees: i64) -> Option<f64> {
    if !(-180.0..=180.0).contains(&degrees) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "at most 180 million after the check above"
    )]
    let micro = if degrees > 0.0 {
        (degrees * 1e6).ceil() as i64 - 1
    } else {
        (degrees * 1e6).floor() as i64
    };
    let centre = micro.div_euclid(cell_microdegrees) * cell_microdegrees + cell_microdegrees / 2;
    Some(centre as f64 / 1e6)
}

impl Kind {
    /// Whether a field of this kind can hold the value, as it stands in a record. `Null` is always
    /// possible.
    pub fn accepts(self, value: &Value) -> bool {
        match (self, value) {
            (_, Value::Null) => true,
            (Self::Text, Value::Text(_)) => true,
            (Self::Choice(words), Value::Text(word)) => words.contains(&word.as_str()),
            (Self::Integer, Value::Int(_)) => true,
            (Self::Decimal, Value::Decimal(_) | Value::Int(_)) => true,
            (Self::Float, Value::Float(number)) => number.is_finite(),
            (Self::Currency, Value::Text(code)) => {
                code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase())
            }
            (Self::Country, Value::Text(code)) => {
                code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase())
            }
            (Self::Latitude, Value::Float(degrees)) => (-90.0..=90.0).contains(degrees),
            (Self::Longitude, Value::Float(degrees)) => (-180.0..=180.0).contains(degrees),
            (Self::Time, Value::Timestamp(_)) => true,
            (Self::List, Value::List(_)) => value.within_depth(),
            _ => false,
        }
    }

    /// Whether a field of this kind, shared at this precision, can hold the value: of the right
    /// kind and no more exact. A time made coarser is a date or a text; all else keeps its kind.
    pub fn accepts_at(self, precision: Precision, value: &Value) -> bool {
        let coarser_time = self == Self::Time && precision != Precision::Exact;
        precision.admits(value) && (coarser_time || self.accepts(value))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::Timestamp;

    const GRIDS: [Precision; 4] = [
        Precision::Grid100m,
        Precision::Grid1km,
        Precision::Grid10km,
        Precision::Grid100km,
    ];

    proptest! {
        #[test]
        fn a_reduced_coordinate_is_admitted_and_reducing_again_changes_nothing(degrees in -180.0..=180.0f64) {
            for grid in GRIDS {
                if let Some(reduced) = grid.reduce(&Value::Float(degrees)) {
                    prop_assert!(grid.admits(&reduced));
                    prop_assert_eq!(grid.reduce(&reduced), Some(reduced));
                }
            }
        }

        #[test]
        fn all_of_a_cell_gives_the_same_coordinate(cell in -1_799i32..1_799, a in 0.0001..0.0999f64, b in 0.0001..0.0999f64) {
            let corner = f64::from(cell) / 10.0;
            let place = |offset: f64| Precision::Grid10km.reduce(&Value::Float(corner + offset));
            prop_assert_eq!(place(a), place(b));
        }

        #[test]
        fn a_reduced_time_is_admitted_and_an_exact_one_is_not(ms in -60_000_000_000_000i64..60_000_000_000_000) {
            let exact = Value::Timestamp(Timestamp::from_unix_ms(ms));
            for precision in [Precision::Day, Precision::Month, Precision::Year] {
                prop_assert!(!precision.admits(&exact));
                prop_assert!(precision.admits(&precision.reduce(&exact).unwrap()));
            }
        }
    }

    #[test]
    fn an_exact_coordinate_is_not_admitted_by_a_grid() {
        assert!(!Precision::Grid1km.admits(&Value::Float(45.380_593_557)));
    }

    #[test]
    fn a_month_or_a_year_admits_its_own_writing_and_nothing_finer() {
        let admits = |precision: Precision, text: &str| precision.admits(&Value::Text(text.into()));
        for month in ["2026-11", "0000-01", "9999-12", "-000044-03"] {
            assert!(admits(Precision::Month, month), "{month}");
        }
        for other in [
            "20261121",
            "21-11-26",
            "2026-1",
            "2026-13",
            "2026-00",
            "2026-11-",
            "2026-W1",
            "12026-11",
            "-0044-03",
            "-000000-01",
            "+002026-11",
            "2026",
            "11-2026",
            "",
            "-",
            "2026-11-21",
        ] {
            assert!(!admits(Precision::Month, other), "{other}");
        }
        for year in ["2026", "0000", "9999", "-000044"] {
            assert!(admits(Precision::Year, year), "{year}");
        }
        for other in [
            "20261", "-2026", "-44", "26", "1-1-1", "2026-", "-000000", "-010000", "",
        ] {
            assert!(!admits(Precision::Year, other), "{other}");
        }
    }

    #[test]
    fn the_ends_of_the_globe_lie_in_cells_on_the_globe() {
        for grid in GRIDS {
            for (degrees, kind) in [
                (180.0, Kind::Longitude),
                (-180.0, Kind::Longitude),
                (90.0, Kind::Latitude),
                (-90.0, Kind::Latitude),
                (0.0, Kind::Latitude),
                (-0.0, Kind::Latitude),
            ] {
                let reduced = grid.reduce(&Value::Float(degrees)).unwrap();
                assert!(kind.accepts_at(grid, &reduced), "{degrees} at {grid}");
            }
        }
    }

    #[test]
    fn a_field_holds_its_own_kind_at_every_precision() {
        let text = Value::Text("2026-11".into());
        assert!(Kind::Time.accepts_at(Precision::Month, &text));
        assert!(!Kind::Time.accepts_at(Precision::Exact, &text));
        assert!(!Kind::Latitude.accepts_at(Precision::Grid1km, &Value::Float(120.005)));
        assert!(!Kind::Latitude.accepts_at(Precision::Exact, &Value::Float(f64::NAN)));
        assert!(!Kind::Decimal.accepts_at(Precision::Exact, &text));
        assert!(!Kind::Choice(&["debit", "credit"]).accepts_at(Precision::Exact, &text));
    }

    #[test]
    fn what_cannot_be_made_coarse_stays() {
        assert_eq!(
            Precision::Day.reduce(&Value::Text("2026-01-01T08:00".into())),
            None
        );
        assert_eq!(Precision::Grid1km.reduce(&Value::Float(f64::NAN)), None);
    }
}
