//! The values that fields hold.

pub(crate) mod decode;

use std::{collections::BTreeMap, fmt};

use rust_decimal::Decimal;
use serde::Serialize;

use crate::{
    limits,
    time::{Date, Timestamp},
};

/// The value of one field. Its variants are append-only: their order is part of the wire format.
///
/// Two values are equal when they mean the same; their bytes can still differ (`1.5` and `1.50`).
#[derive(Clone, PartialEq, Serialize)]
pub enum Value {
    /// Known to be nothing. A field that the source does not mention is absent instead.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// An exact decimal, for money and counts; at most 28 digits after the point.
    Decimal(#[serde(serialize_with = "decimal::serialize")] Decimal),
    /// A measurement, IEEE 754 double.
    Float(f64),
    /// Text.
    Text(String),
    /// Raw bytes.
    Bytes(#[serde(serialize_with = "crate::octets::serialize")] Vec<u8>),
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
    List(Vec<Value>),
    /// Named values.
    Map(BTreeMap<String, Value>),
}

impl Value {
    /// Whether lists and maps nest no deeper than [`limits::VALUE_DEPTH_MAX`].
    pub fn within_depth(&self) -> bool {
        self.fits_in(limits::VALUE_DEPTH_MAX)
    }

    /// How many values this is: itself and everything below it.
    pub fn count(&self) -> usize {
        match self {
            Self::List(values) => values.iter().fold(1, |sum, value| sum + value.count()),
            Self::Map(values) => values.values().fold(1, |sum, value| sum + value.count()),
            _ => 1,
        }
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
}
