//! Values as JSON, for people, scripts and developers.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::{limits, value::Value};

/// A value as JSON: times RFC 3339, decimals as strings so that money stays exact, bytes as
/// hexadecimal. A number that JSON cannot hold is `null`.
pub fn of_value(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => Json::from(*flag),
        Value::Int(number) => Json::from(*number),
        Value::Decimal(number) => Json::from(number.to_string()),
        Value::Float(number) => Json::from(*number),
        Value::Text(text) => Json::from(text.as_str()),
        Value::Bytes(bytes) => Json::from(hex(bytes)),
        Value::Timestamp(at) => Json::from(at.to_string()),
        Value::Date(day) => Json::from(day.to_string()),
        Value::Point { lat, lon } => Json::from_iter([("lat", Json::from(*lat)), ("lon", Json::from(*lon))]),
        Value::List(values) => values.iter().map(of_value).collect(),
        Value::Map(values) => values
            .iter()
            .map(|(name, value)| (name.clone(), of_value(value)))
            .collect(),
    }
}

/// Fields as a JSON object, with dotted paths unfolded into nested objects.
pub fn of_fields(fields: &BTreeMap<String, Value>) -> Json {
    let mut object = Map::new();
    for (path, value) in fields {
        insert(&mut object, path, of_value(value));
    }
    Json::Object(object)
}

/// Unfolds a few levels only: a path can come from outside, and nesting without end would exhaust
/// the stack when the JSON is written or dropped.
fn insert(object: &mut Map<String, Json>, path: &str, value: Json) {
    let (mut object, mut name) = (object, path);
    for _ in 0..limits::VALUE_DEPTH_MAX {
        let Some((parent, rest)) = name.split_once('.') else {
            break;
        };
        let below = object.entry(parent).or_insert_with(|| Json::Object(Map::new()));
        let Json::Object(below) = below else { return };
        (object, name) = (below, rest);
    }
    object.insert(name.to_owned(), value);
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)])
        .collect()
}

/// The 32 bytes of a public key behind its 64 hexadecimal digits.
pub fn key_of_hex(text: &str) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (at, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_paths_become_nested_objects() {
        let fields = [
            ("brand", "Acme"),
            ("purchase_location.city", "Ljubljana"),
            ("purchase_location.country", "SI"),
        ]
        .map(|(path, text)| (path.to_owned(), Value::Text(text.into())))
        .into();
        let expected: Json = serde_json::from_str(
            r#"{"brand":"Acme","purchase_location":{"city":"Ljubljana","country":"SI"}}"#,
        )
        .unwrap();
        assert_eq!(of_fields(&fields), expected);
    }

    #[test]
    fn a_path_of_a_million_dots_is_an_object_and_not_a_crash() {
        let fields = [(".".repeat(1 << 20), Value::Null)].into();
        assert!(of_fields(&fields).is_object());
    }

    #[test]
    fn every_byte_has_two_hexadecimal_digits() {
        for byte in 0..=255 {
            assert_eq!(hex(&[byte]), format!("{byte:02x}"));
        }
    }

    #[test]
    fn a_key_reads_back_from_its_digits_and_nothing_else_does() {
        assert_eq!(key_of_hex(&hex(&[0xa7; 32])), Some([0xa7; 32]));
        for text in [
            String::new(),
            "a7".repeat(31),
            "a7".repeat(33),
            "+7".repeat(32),
            "\u{e9}".repeat(32),
        ] {
            assert_eq!(key_of_hex(&text), None, "{text}");
        }
    }

    #[test]
    fn money_is_a_string_and_a_coordinate_a_number() {
        assert_eq!(
            of_value(&Value::Decimal("1.50".parse().unwrap())),
            Json::from("1.50")
        );
        assert_eq!(of_value(&Value::Float(45.380593557)).to_string(), "45.380593557");
    }
}
