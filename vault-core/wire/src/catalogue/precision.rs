//! How exactly a field is shared.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// How exactly a field is shared. Append-only: the order of variants is part of the wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Precision {
    /// As it was recorded.
    Exact,
    /// The calendar day in UTC.
    Day,
    /// The calendar month in UTC.
    Month,
    /// The calendar year in UTC.
    Year,
    /// The centre of a cell of 0.001 degrees, about 110 m from south to north.
    Grid100m,
    /// The centre of a cell of 0.01 degrees, about 1.1 km.
    Grid1km,
    /// The centre of a cell of 0.1 degrees, about 11 km.
    Grid10km,
    /// The centre of a cell of 1 degree, about 110 km.
    Grid100km,
}

/// A precision name that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown precision; write exact, day, month, year, 100m, 1km, 10km or 100km")]
pub struct UnknownPrecision;

impl Precision {
    const ALL: [Self; 8] = [
        Self::Exact,
        Self::Day,
        Self::Month,
        Self::Year,
        Self::Grid100m,
        Self::Grid1km,
        Self::Grid10km,
        Self::Grid100km,
    ];

    /// Its name in the API and in commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Day => "day",
            Self::Month => "month",
            Self::Year => "year",
            Self::Grid100m => "100m",
            Self::Grid1km => "1km",
            Self::Grid10km => "10km",
            Self::Grid100km => "100km",
        }
    }

    /// Whether this reveals no more than `other` does.
    pub const fn at_most(self, other: Self) -> bool {
        match (self, other) {
            (_, Self::Exact) => true,
            (Self::Exact, _) => false,
            _ => self.is_grid() == other.is_grid() && self as u8 >= other as u8,
        }
    }

    const fn is_grid(self) -> bool {
        matches!(
            self,
            Self::Grid100m | Self::Grid1km | Self::Grid10km | Self::Grid100km
        )
    }

    /// The side of a grid cell in millionths of a degree, if this is a grid.
    pub const fn cell_microdegrees(self) -> Option<i64> {
        match self {
            Self::Grid100m => Some(1_000),
            Self::Grid1km => Some(10_000),
            Self::Grid10km => Some(100_000),
            Self::Grid100km => Some(1_000_000),
            _ => None,
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Precision {
    type Err = UnknownPrecision;

    fn from_str(text: &str) -> Result<Self, UnknownPrecision> {
        Self::ALL
            .into_iter()
            .find(|p| p.name() == text)
            .ok_or(UnknownPrecision)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coarser_reveals_less_and_only_within_its_own_family() {
        assert!(Precision::Month.at_most(Precision::Day));
        assert!(!Precision::Day.at_most(Precision::Month));
        assert!(Precision::Grid10km.at_most(Precision::Exact));
        assert!(!Precision::Exact.at_most(Precision::Grid100m));
        assert!(!Precision::Grid100km.at_most(Precision::Day));
    }

    #[test]
    fn every_precision_reads_back_from_its_name() {
        for precision in Precision::ALL {
            assert_eq!(precision.name().parse(), Ok(precision));
        }
    }
}
