//! Making a value coarser, and telling whether it is coarse enough. The device reduces, the server
//! checks: one page for both, so that they agree.

use super::{Kind, Precision};
use crate::value::Value;

impl Precision {
    /// The value at this precision, or nothing if it cannot be made so coarse (then it does not
    /// leave the device).
    pub fn reduce(self, value: &Value) -> Option<Value> {
        match (self, value) {
            (Self::Exact, value) => Some(value.clone()),
            (Self::Day, Value::Timestamp(at)) => Some(Value::Date(at.utc_date())),
            (Self::Month, Value::Timestamp(at)) => {
                let day = at.utc_date();
                Some(Value::Text(format!("{:04}-{:02}", day.year(), day.month())))
            }
            (Self::Year, Value::Timestamp(at)) => Some(Value::Text(format!("{:04}", at.utc_date().year()))),
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
            (Self::Month, Value::Text(month)) => {
                month.len() <= 8 && month.bytes().all(|b| b.is_ascii_digit() || b == b'-')
            }
            (Self::Year, Value::Text(year)) => {
                year.len() <= 5 && year.bytes().all(|b| b.is_ascii_digit() || b == b'-')
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

/// The centre of the grid cell in which a coordinate lies. Whole millionths of a degree, so that
/// every coordinate of a cell gives the same bits.
fn centre_of_cell(degrees: f64, cell_microdegrees: i64) -> Option<f64> {
    if !(-180.0..=180.0).contains(&degrees) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "at most 180 million after the check above"
    )]
    let micro = (degrees * 1e6).floor() as i64;
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
    fn what_cannot_be_made_coarse_stays() {
        assert_eq!(
            Precision::Day.reduce(&Value::Text("2026-01-01T08:00".into())),
            None
        );
        assert_eq!(Precision::Grid1km.reduce(&Value::Float(f64::NAN)), None);
    }
}
