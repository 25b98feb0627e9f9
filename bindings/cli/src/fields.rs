//! `field=value`, by the kind of the field in the catalogue.

use std::str::FromStr;

use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde_json::Value as Json;
use vault_core::{Category, Timestamp, Value, wire::catalogue::Kind};

use crate::{failure::Failure, moment::Moment};

/// One `field=value` of the command line. An empty value stands for none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assignment {
    /// The field's dotted path.
    pub(crate) path: String,
    /// What it is to hold, as typed.
    pub(crate) text: String,
}

/// Text that is not `field=value`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not field=value: write for example brand=Acme or total_cost=12.50")]
pub(crate) struct InvalidAssignment;

impl FromStr for Assignment {
    type Err = InvalidAssignment;

    fn from_str(text: &str) -> Result<Self, InvalidAssignment> {
        match text.split_once('=') {
            Some((path, value)) if !path.trim().is_empty() => Ok(Self {
                path: path.trim().to_owned(),
                text: value.to_owned(),
            }),
            _ => Err(InvalidAssignment),
        }
    }
}

/// What an assignment sets in a record.
#[derive(Debug, PartialEq)]
pub(crate) enum Setting {
    /// The time at which it happened.
    OccurredAt(Option<Timestamp>),
    /// A field.
    Field(String, Option<Value>),
}

impl Assignment {
    /// What it sets in a record of a category.
    pub(crate) fn setting(
        &self,
        category: Category,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Result<Setting, Failure> {
        let spec = category.spec();
        let Some(kind) = spec.kind_of(&self.path) else {
            return Err(unknown_field(category, &self.path));
        };
        let text = self.text.trim();
        let own_time = self.path == spec.time_field;
        if text.is_empty() {
            return Ok(match own_time {
                true => Setting::OccurredAt(None),
                false => Setting::Field(self.path.clone(), None),
            });
        }
        let value = value_of(kind, text, zone, now)
            .ok_or_else(|| Failure::Usage(format!("{}: {} is expected", self.path, expected(kind))))?;
        Ok(match value {
            Value::Timestamp(at) if own_time => Setting::OccurredAt(Some(at)),
            value => Setting::Field(self.path.clone(), Some(value)),
        })
    }
}

fn unknown_field(category: Category, path: &str) -> Failure {
    let known: Vec<_> = category.spec().leaves().map(|(leaf, _)| leaf).collect();
    Failure::Usage(format!(
        "{category} has no field {path:?}; it has {}",
        known.join(", ")
    ))
}

fn value_of(kind: Kind, text: &str, zone: &TimeZone, now: Timestamp) -> Option<Value> {
    let value = match kind {
        Kind::Text | Kind::Choice(_) => Value::Text(text.to_owned()),
        Kind::Currency | Kind::Country => Value::Text(text.to_ascii_uppercase()),
        Kind::Integer => Value::Int(text.parse().ok()?),
        Kind::Decimal => Value::Decimal(Decimal::from_str_exact(text).ok()?),
        Kind::Float | Kind::Latitude | Kind::Longitude => Value::Float(text.parse().ok()?),
        Kind::Time => Value::Timestamp(text.parse::<Moment>().ok()?.resolve(zone, now).ok()?),
        Kind::List => list(text)?,
    };
    kind.accepts(&value).then_some(value)
}

/// A JSON array, or texts with commas between them.
fn list(text: &str) -> Option<Value> {
    if text.starts_with('[') {
        return serde_json::from_str(text).ok().map(untyped);
    }
    let parts = text.split(',').map(|part| Value::Text(part.trim().to_owned()));
    Some(Value::List(parts.collect()))
}

/// Numbers stay exact: what is no whole number is a decimal, as money is.
fn untyped(json: Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(flag),
        Json::Number(number) => match (number.as_i64(), number.to_string().parse().ok()) {
            (Some(whole), _) => Value::Int(whole),
            (None, Some(decimal)) => Value::Decimal(decimal),
            (None, None) => Value::Text(number.to_string()),
        },
        Json::String(text) => Value::Text(text),
        Json::Array(values) => Value::List(values.into_iter().map(untyped).collect()),
        Json::Object(values) => {
            let named = values.into_iter().map(|(name, value)| (name, untyped(value)));
            Value::Map(named.collect())
        }
    }
}

/// What is expected of an assignment, which may be written in more ways than a value in a file.
fn expected(kind: Kind) -> String {
    match kind {
        Kind::Time => "a time such as \"2026-11-21 08:30\" or 2026-11-21T08:30:00Z".into(),
        Kind::List => "a list such as milk,bread or [\"milk\", \"bread\"]".into(),
        kind => kind.expected(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(category: Category, assignment: &str) -> Result<Setting, Failure> {
        let assignment: Assignment = assignment.parse().unwrap();
        assignment.setting(category, &TimeZone::UTC, Timestamp::from_unix_ms(0))
    }

    fn field(category: Category, assignment: &str) -> Value {
        match set(category, assignment).unwrap() {
            Setting::Field(_, Some(value)) => value,
            _ => panic!("no field is set by {assignment}"),
        }
    }

    #[test]
    fn each_kind_of_field_is_read_as_the_catalogue_says() {
        use Category::{AppUsage, Browsing, Locations, Receipts};
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!(field(Receipts, "brand=A=B, Ltd."), text("A=B, Ltd."));
        assert_eq!(field(Receipts, "currency=eur"), text("EUR"));
        assert_eq!(field(Receipts, "purchase_location.country=si"), text("SI"));
        assert_eq!(field(Receipts, "direction=debit"), text("debit"));
        assert_eq!(field(AppUsage, "count=-3"), Value::Int(-3));
        assert_eq!(field(Locations, "lat=45.380593557"), Value::Float(45.380593557));
        assert_eq!(
            field(Browsing, "interest_keywords=maps, hiking"),
            Value::List(vec![text("maps"), text("hiking")])
        );
    }

    #[test]
    fn money_keeps_its_trailing_zeros() {
        let Value::Decimal(amount) = field(Category::Receipts, "total_cost=12.50") else {
            panic!("no decimal")
        };
        assert_eq!(amount.to_string(), "12.50");
    }

    #[test]
    fn a_json_list_keeps_its_structure_and_exact_amounts() {
        let items = field(
            Category::Receipts,
            r#"items=[{"name":"Milk","price":1.2},2,null]"#,
        );
        let Value::List(items) = items else {
            panic!("no list")
        };
        let Value::Map(milk) = &items[0] else {
            panic!("no map")
        };
        assert_eq!(milk["price"], Value::Decimal("1.2".parse().unwrap()));
        assert_eq!(items[1..], [Value::Int(2), Value::Null]);
    }

    #[test]
    fn the_time_of_the_record_is_set_by_its_own_name() {
        let at = "2026-11-21T08:30:00Z".parse().unwrap();
        assert_eq!(
            set(Category::Receipts, "purchased_at=2026-11-21 08:30").unwrap(),
            Setting::OccurredAt(Some(at))
        );
    }

    #[test]
    fn an_empty_value_takes_the_field_away() {
        let none = Setting::Field("brand".into(), None);
        assert_eq!(set(Category::Receipts, "brand=").unwrap(), none);
        assert_eq!(
            set(Category::Receipts, "purchased_at=").unwrap(),
            Setting::OccurredAt(None)
        );
    }

    #[test]
    fn what_does_not_fit_is_refused_with_what_would() {
        for (assignment, hint) in [
            ("total_cost=dear", "1234.50"),
            ("currency=euro", "EUR"),
            ("direction=sideways", "debit, credit"),
            ("purchase_location.lat=91", "-90 to 90"),
            ("purchased_at=yesterday", "2026-11-21"),
            ("items=[", "list"),
            ("colour=red", "brand"),
        ] {
            let failure = set(Category::Receipts, assignment).unwrap_err().to_string();
            assert!(failure.contains(hint), "{assignment}: {failure}");
        }
        assert_eq!("brand".parse::<Assignment>(), Err(InvalidAssignment));
        assert_eq!("=x".parse::<Assignment>(), Err(InvalidAssignment));
    }
}
