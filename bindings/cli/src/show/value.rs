//! The value of a field on one line.

use vault_core::{Value, wire::json};

use super::{Screen, count, local, plain};

/// The value of a field on one line; times are local.
pub(crate) fn one_line(value: &Value, screen: &Screen) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Text(text) => plain(text),
        Value::Timestamp(at) => local(*at, screen),
        Value::Bytes(bytes) => format!("{} bytes", count(bytes.len() as u64)),
        Value::Point { lat, lon } => format!("{lat}, {lon}"),
        Value::List(values) if values.iter().all(|value| matches!(value, Value::Text(_))) => {
            let texts: Vec<_> = values.iter().map(|value| one_line(value, screen)).collect();
            texts.join(", ")
        }
        Value::Bool(_)
        | Value::Int(_)
        | Value::Decimal(_)
        | Value::Float(_)
        | Value::Date(_)
        | Value::List(_)
        | Value::Map(_) => match json::of_value(value) {
            serde_json::Value::String(text) => text,
            other => plain(&other.to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::samples::screen;

    #[test]
    fn every_kind_of_value_takes_one_line() {
        let text = |text: &str| Value::Text(text.to_owned());
        let cases = [
            (Value::Null, "none"),
            (text("Green\nBasket"), "Green Basket"),
            (Value::Decimal("12.50".parse().unwrap()), "12.50"),
            (Value::Float(45.5), "45.5"),
            (
                Value::Timestamp("2026-11-21T08:30:00Z".parse().unwrap()),
                "2026-11-21 08:30",
            ),
            (Value::Date("2026-11-21".parse().unwrap()), "2026-11-21"),
            (Value::Bytes(vec![0; 2_000]), "2,000 bytes"),
            (Value::List(vec![text("milk"), text("bread")]), "milk, bread"),
            (Value::List(vec![Value::Int(1), text("x")]), r#"[1,"x"]"#),
        ];
        for (value, expected) in cases {
            assert_eq!(one_line(&value, &screen()), expected);
        }
    }
}
