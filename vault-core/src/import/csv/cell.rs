//! One cell as the value of a field.

use rust_decimal::prelude::ToPrimitive;
use serde_json::Value as Json;
use vault_wire::{catalogue::Kind, value::Value};

use super::super::numbers::{self, Mark};

/// Whether a cell says nothing.
pub(super) fn is_silent(kind: Kind, text: &str) -> bool {
    let is_number = matches!(
        kind,
        Kind::Integer | Kind::Decimal | Kind::Float | Kind::Latitude | Kind::Longitude | Kind::Time
    );
    text.is_empty() || (is_number && UNKNOWN.iter().any(|word| text.eq_ignore_ascii_case(word)))
}

/// How programs write that a number is not known.
const UNKNOWN: [&str; 9] = ["na", "n/a", "nan", "null", "none", "nil", "-", "--", "—"];

/// The value of a field of that kind; nothing if the cell holds none. Ranges are checked with the
/// draft.
pub(super) fn value(kind: Kind, text: &str, mark: Mark) -> Option<Value> {
    match kind {
        Kind::Text => Some(Value::Text(text.to_owned())),
        Kind::Choice(words) => choice(words, text).map(|word| Value::Text(word.to_owned())),
        Kind::Integer => {
            let number = numbers::amount(text, mark)?.number;
            number.is_integer().then(|| number.to_i64().map(Value::Int))?
        }
        Kind::Decimal => Some(Value::Decimal(numbers::amount(text, mark)?.number)),
        Kind::Float | Kind::Latitude | Kind::Longitude => numbers::measurement(text, mark).map(Value::Float),
        Kind::Currency | Kind::Country => {
            Some(Value::Text(text.to_ascii_uppercase())).filter(|code| kind.accepts(code))
        }
        Kind::List => Some(list(text)),
        Kind::Time => None,
    }
}

/// The catalogue's word for a word in a table.
fn choice(words: &'static [&'static str], text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase().replace([' ', '-'], "_");
    let synonym = match lower.as_str() {
        "dr" | "d" | "out" | "outgoing" | "expense" | "withdrawal" | "purchase" | "sale" => "debit",
        "cr" | "c" | "in" | "incoming" | "income" | "deposit" | "refund" => "credit",
        other => other,
    };
    words
        .iter()
        .copied()
        .find(|word| *word == lower || *word == synonym)
}

/// A JSON array of texts and numbers, else texts with `|` or `;` between them.
fn list(text: &str) -> Value {
    if let Ok(Json::Array(values)) = serde_json::from_str(text)
        && let Some(values) = values.iter().map(scalar).collect()
    {
        return Value::List(values);
    }
    let separator = if text.contains('|') { '|' } else { ';' };
    let parts = text
        .split(separator)
        .map(str::trim)
        .filter(|part| !part.is_empty());
    Value::List(parts.map(|part| Value::Text(part.to_owned())).collect())
}

fn scalar(json: &Json) -> Option<Value> {
    match json {
        Json::String(text) => Some(Value::Text(text.clone())),
        Json::Number(number) => Some(
            number
                .as_i64()
                .map_or_else(|| Value::Text(number.to_string()), Value::Int),
        ),
        Json::Bool(flag) => Some(Value::Bool(*flag)),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIRECTION: Kind = Kind::Choice(&["debit", "credit"]);

    #[test]
    fn words_are_known_whatever_their_case_and_in_their_usual_synonyms() {
        for (text, word) in [("Debit", "debit"), ("CR", "credit"), ("Withdrawal", "debit")] {
            assert_eq!(
                value(DIRECTION, text, Mark::Point),
                Some(Value::Text(word.into()))
            );
        }
        let kinds = Kind::Choice(&["brand_card", "loyalty"]);
        assert_eq!(
            value(kinds, "Brand Card", Mark::Point),
            Some(Value::Text("brand_card".into()))
        );
        assert_eq!(value(DIRECTION, "transfer", Mark::Point), None);
    }

    #[test]
    fn a_count_may_be_written_with_zeros_after_the_point_but_not_with_a_fraction() {
        assert_eq!(
            value(Kind::Integer, "13162.00", Mark::Point),
            Some(Value::Int(13162))
        );
        assert_eq!(value(Kind::Integer, "1,316", Mark::Point), Some(Value::Int(1316)));
        assert_eq!(value(Kind::Integer, "1.5", Mark::Point), None);
    }

    #[test]
    fn lists_are_json_or_texts_with_a_separator() {
        let texts = |words: &[&str]| {
            Some(Value::List(
                words.iter().map(|word| Value::Text((*word).into())).collect(),
            ))
        };
        assert_eq!(
            value(Kind::List, r#"["milk", "bread"]"#, Mark::Point),
            texts(&["milk", "bread"])
        );
        assert_eq!(
            value(Kind::List, "milk; bread", Mark::Point),
            texts(&["milk", "bread"])
        );
        assert_eq!(
            value(Kind::List, "milk|bread; dark", Mark::Point),
            texts(&["milk", "bread; dark"])
        );
        assert_eq!(value(Kind::List, "milk", Mark::Point), texts(&["milk"]));
    }

    #[test]
    fn an_unknown_number_is_silent_and_an_unknown_word_is_not() {
        assert!(is_silent(Kind::Decimal, "N/A") && is_silent(Kind::Float, "--") && is_silent(Kind::Text, ""));
        assert!(!is_silent(Kind::Text, "None"), "a shop may be called so");
    }

    #[test]
    fn codes_are_read_in_any_case() {
        assert_eq!(
            value(Kind::Currency, "eur", Mark::Point),
            Some(Value::Text("EUR".into()))
        );
        assert_eq!(value(Kind::Country, "Slovenia", Mark::Point), None);
    }
}
