//! Reading values from outside: only so deep, because two bytes a level could exhaust the stack and
//! that aborts the process; and only so many, because a map of one name takes a hundred times its
//! bytes in memory.

use std::{collections::BTreeMap, fmt};

use rust_decimal::Decimal;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor},
};

use super::Value;
use crate::limits;

/// The fields of a payload, all within one allowance.
pub(crate) fn fields<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Value>, D::Error> {
    Named(&mut Allowance::whole()).deserialize(deserializer)
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        One(&mut Allowance::whole()).deserialize(deserializer)
    }
}

/// What may still be read.
struct Allowance {
    levels: usize,
    values: usize,
}

impl Allowance {
    const fn whole() -> Self {
        Self {
            levels: limits::VALUE_DEPTH_MAX,
            values: limits::VALUES_MAX,
        }
    }

    fn take_value<E: Error>(&mut self) -> Result<(), E> {
        let left = self.values.checked_sub(1);
        self.values = left.ok_or_else(|| E::custom("too many values"))?;
        Ok(())
    }

    /// Reads what is one level down. A failed read ends the whole, so the level need not come back.
    fn below<T, E: Error>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        let above = self.levels;
        self.levels = above
            .checked_sub(1)
            .ok_or_else(|| E::custom("nested too deeply"))?;
        let value = read(self)?;
        self.levels = above;
        Ok(value)
    }
}

struct One<'a>(&'a mut Allowance);
struct Several<'a>(&'a mut Allowance);
struct Named<'a>(&'a mut Allowance);

#[derive(Deserialize)]
#[serde(variant_identifier)]
enum Variant {
    Null,
    Bool,
    Int,
    Decimal,
    Float,
    Text,
    Bytes,
    Timestamp,
    Date,
    Point,
    List,
    Map,
}

const VARIANTS: &[&str] = &[
    "Null",
    "Bool",
    "Int",
    "Decimal",
    "Float",
    "Text",
    "Bytes",
    "Timestamp",
    "Date",
    "Point",
    "List",
    "Map",
];

#[derive(Deserialize)]
struct Exact(#[serde(with = "super::decimal")] Decimal);

#[derive(Deserialize)]
struct Octets(#[serde(with = "crate::octets")] Vec<u8>);

#[derive(Deserialize)]
struct Place {
    lat: f64,
    lon: f64,
}

impl<'de> DeserializeSeed<'de> for One<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.0.take_value()?;
        deserializer.deserialize_enum("Value", VARIANTS, self)
    }
}

impl<'de> Visitor<'de> for One<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<Value, A::Error> {
        let (variant, content) = data.variant::<Variant>()?;
        Ok(match variant {
            Variant::Null => {
                content.unit_variant()?;
                Value::Null
            }
            Variant::Bool => Value::Bool(content.newtype_variant()?),
            Variant::Int => Value::Int(content.newtype_variant()?),
            Variant::Decimal => Value::Decimal(content.newtype_variant::<Exact>()?.0),
            Variant::Float => Value::Float(content.newtype_variant()?),
            Variant::Text => Value::Text(content.newtype_variant()?),
            Variant::Bytes => Value::Bytes(content.newtype_variant::<Octets>()?.0),
            Variant::Timestamp => Value::Timestamp(content.newtype_variant()?),
            Variant::Date => Value::Date(content.newtype_variant()?),
            Variant::Point => {
                let Place { lat, lon } = content.newtype_variant()?;
                Value::Point { lat, lon }
            }
            Variant::List => {
                let values = self
                    .0
                    .below(|allowance| content.newtype_variant_seed(Several(allowance)))?;
                Value::List(values)
            }
            Variant::Map => {
                let values = self
                    .0
                    .below(|allowance| content.newtype_variant_seed(Named(allowance)))?;
                Value::Map(values)
            }
        })
    }
}

impl<'de> DeserializeSeed<'de> for Several<'_> {
    type Value = Vec<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Value>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Several<'_> {
    type Value = Vec<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of values")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Value>, A::Error> {
        // Grown as values arrive: the announced length is not to be believed.
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(One(&mut *self.0))? {
            values.push(value);
        }
        Ok(values)
    }
}

impl<'de> DeserializeSeed<'de> for Named<'_> {
    type Value = BTreeMap<String, Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Named<'_> {
    type Value = BTreeMap<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("values by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(One(&mut *self.0))?;
            if values.insert(name, value).is_some() {
                return Err(A::Error::custom("a name appears twice"));
            }
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nulls(count: usize) -> Vec<u8> {
        postcard::to_stdvec(&Value::List(vec![Value::Null; count])).unwrap()
    }

    #[test]
    fn bytes_that_nest_a_million_lists_are_an_error_and_not_a_crash() {
        let bytes: Vec<u8> = [10, 1].repeat(1 << 20);
        assert!(postcard::from_bytes::<Value>(&bytes).is_err());
    }

    #[test]
    fn as_many_values_as_allowed_are_read_and_no_more() {
        assert!(postcard::from_bytes::<Value>(&nulls(limits::VALUES_MAX - 1)).is_ok());
        assert!(postcard::from_bytes::<Value>(&nulls(limits::VALUES_MAX)).is_err());
    }

    #[test]
    fn lists_side_by_side_each_nest_as_deep_as_allowed() {
        let deep = (0..limits::VALUE_DEPTH_MAX - 1).fold(Value::Null, |inner, _| Value::List(vec![inner]));
        let wide = Value::List(vec![deep; 3]);
        let back: Value = postcard::from_bytes(&postcard::to_stdvec(&wide).unwrap()).unwrap();
        assert!(back == wide);
        let deeper = Value::List(vec![wide]);
        assert!(postcard::from_bytes::<Value>(&postcard::to_stdvec(&deeper).unwrap()).is_err());
    }

    #[test]
    fn a_name_that_appears_twice_is_an_error() {
        assert!(postcard::from_bytes::<Value>(&[11, 1, 1, b'a', 0]).is_ok());
        assert!(postcard::from_bytes::<Value>(&[11, 2, 1, b'a', 0, 1, b'a', 0]).is_err());
    }

    #[test]
    fn a_decimal_beyond_96_bits_or_28_places_is_an_error() {
        let decimal = |mantissa: i128, scale: u32| {
            let mut bytes = vec![3];
            bytes.extend(postcard::to_stdvec(&(mantissa, scale)).unwrap());
            postcard::from_bytes::<Value>(&bytes)
        };
        assert!(decimal((1 << 96) - 1, 28).is_ok() && decimal(1 - (1 << 96), 0).is_ok());
        assert!(decimal(1, 29).is_err());
        assert!(decimal(1 << 96, 0).is_err() && decimal(-(1 << 96), 0).is_err());
        assert!(decimal(i128::MIN, 0).is_err());
    }

    #[test]
    fn every_kind_of_value_reads_back() {
        let values = Value::List(vec![
            Value::Null,
            Value::Bool(true),
            Value::Int(-3),
            Value::Decimal("-12.50".parse().unwrap()),
            Value::Float(0.25),
            Value::Text("text".into()),
            Value::Bytes(vec![0, 255]),
            Value::Timestamp(crate::time::Timestamp::from_unix_ms(-5)),
            Value::Date(crate::time::Date::new(2026, 11, 21).unwrap()),
            Value::Point {
                lat: 46.05,
                lon: 14.5,
            },
            Value::Map([("name".to_owned(), Value::Null)].into()),
        ]);
        let bytes = postcard::to_stdvec(&values).unwrap();
        let back: Value = postcard::from_bytes(&bytes).unwrap();
        assert!(back == values);
        assert_eq!(postcard::to_stdvec(&back).unwrap(), bytes);
    }
}
