//! The values that fields hold.

use std::{collections::BTreeMap, fmt};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{
    limits,
    time::{Date, Timestamp},
};

/// The value of one field. Its variants are append-only: their order is part of the wire format.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// Known to be nothing. A field that the source does not mention is absent instead.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// An exact decimal, for money and counts; at most 28 digits after the point.
    Decimal(#[serde(with = "decimal")] Decimal),
    /// A measurement, IEEE 754 double.
    Float(f64),
    /// Text.
    Text(String),
    /// Raw bytes.
    Bytes(Vec<u8>),
    /// A moment.
    Timestamp(Timestamp),
    /// A calendar day.
    Date(Date),
    /// A place, WGS 84 degrees.
    Point {
        /// Latitude, -90 to 90.
        lat: f64,
        /// Longitude, -180 to 180.
        lon: f64,
    },
    /// Several values in order.
    List(#[serde(deserialize_with = "nesting::list")] Vec<Value>),
    /// Named values.
    Map(#[serde(deserialize_with = "nesting::map")] BTreeMap<String, Value>),
}

impl Value {
    /// Whether lists and maps nest no deeper than [`limits::VALUE_DEPTH_MAX`].
    pub fn within_depth(&self) -> bool {
        self.fits_in(limits::VALUE_DEPTH_MAX)
    }

    fn fits_in(&self, levels: usize) -> bool {
        match self {
            Self::List(values) => levels > 0 && values.iter().all(|v| v.fits_in(levels - 1)),
            Self::Map(values) => levels > 0 && values.values().all(|v| v.fits_in(levels - 1)),
            _ => true,
        }
    }
}

/// A record's body never prints: only the kind of value does.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Bool(_) => "Bool(..)",
            Self::Int(_) => "Int(..)",
            Self::Decimal(_) => "Decimal(..)",
            Self::Float(_) => "Float(..)",
            Self::Text(_) => "Text(..)",
            Self::Bytes(_) => "Bytes(..)",
            Self::Timestamp(_) => "Timestamp(..)",
            Self::Date(_) => "Date(..)",
            Self::Point { .. } => "Point(..)",
            Self::List(_) => "List(..)",
            Self::Map(_) => "Map(..)",
        })
    }
}

/// A decimal travels as its mantissa and scale, so that `1.50` stays `1.50`.
mod decimal {
    use rust_decimal::Decimal;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
        (value.mantissa(), value.scale()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        let (mantissa, scale) = <(i128, u32)>::deserialize(deserializer)?;
        Decimal::try_from_i128_with_scale(mantissa, scale)
            .map_err(|_| serde::de::Error::custom("decimal out of range"))
    }
}

/// Lists and maps are read only so deep: two bytes a level could otherwise exhaust the stack, and
/// that aborts the process.
mod nesting {
    use std::{cell::Cell, collections::BTreeMap};

    use serde::{Deserialize, Deserializer, de::Error};

    use super::Value;
    use crate::limits;

    thread_local!(static LEVEL: Cell<usize> = const { Cell::new(0) });

    pub(super) fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Value>, D::Error> {
        one_level_down(|| Vec::deserialize(deserializer))
    }

    pub(super) fn map<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<String, Value>, D::Error> {
        one_level_down(|| BTreeMap::deserialize(deserializer))
    }

    fn one_level_down<T, E: Error>(read: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        LEVEL.with(|level| {
            if level.get() >= limits::VALUE_DEPTH_MAX {
                return Err(E::custom("nested too deeply"));
            }
            level.set(level.get() + 1);
            let value = read();
            level.set(level.get() - 1);
            value
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_keeps_its_trailing_zeros() {
        let value = Value::Decimal("1.50".parse().unwrap());
        let back: Value = postcard::from_bytes(&postcard::to_stdvec(&value).unwrap()).unwrap();
        let Value::Decimal(amount) = back else {
            panic!("not a decimal")
        };
        assert_eq!(amount.to_string(), "1.50");
    }

    #[test]
    fn a_value_does_not_print_what_it_holds() {
        let secret = Value::List(vec![Value::Text("diagnosis".into())]);
        assert!(!format!("{secret:?}").contains("diagnosis"));
    }

    #[test]
    fn nesting_is_limited() {
        let nested = |levels: usize| (0..levels).fold(Value::Null, |inner, _| Value::List(vec![inner]));
        assert!(nested(limits::VALUE_DEPTH_MAX).within_depth());
        assert!(!nested(limits::VALUE_DEPTH_MAX + 1).within_depth());
    }

    #[test]
    fn bytes_that_nest_a_million_lists_are_an_error_and_not_a_crash() {
        let bytes: Vec<u8> = [10, 1].repeat(1 << 20);
        assert!(postcard::from_bytes::<Value>(&bytes).is_err());
        assert!(
            postcard::from_bytes::<Value>(&[0]).is_ok(),
            "the level is back at zero"
        );
    }
}
