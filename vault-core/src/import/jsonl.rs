//! JSON Lines: one object on each line, either `{"category", "occurred_at", "fields": {…}}` or the
//! fields themselves, with the category inside or given with the import.
//!
//! Nested objects are dotted paths. The moment may stand as `occurred_at` or under the category's
//! own name for it (`purchased_at`). Of a record that a vault exported, `id`, `source`, `seq`,
//! `created_at` and `updated_at` are passed over: the import makes a new record.
//!
//! Decimals are exact as strings (`"12.50"`). A JSON number goes through a double, so `12.50`
//! becomes `12.5`, and one of more than 15 digits is rejected rather than rounded.

use std::{collections::BTreeMap, io::BufRead};

use rust_decimal::Decimal;
use serde_json::{Map, Value as Json};
use vault_wire::{
    catalogue::{Category, Kind},
    time::Timestamp,
    value::Value,
};

use super::{
    ImportOptions,
    dates::{Dates, DayOrder},
    draft::{Drafter, Item},
    error::ImportError,
    lines::{LINE_BYTES_MAX, Line, Lines},
    text::{decode, shortened},
};

/// The records of a JSON Lines file, one by one.
pub(super) struct Objects<R> {
    lines: Lines<R>,
    buffer: Vec<u8>,
    category: Option<Category>,
    dates: Dates,
    drafter: Drafter,
}

/// What a record carries beside its category, time and fields.
const OF_THE_RECORD: [&str; 5] = ["id", "source", "seq", "created_at", "updated_at"];
/// Digits that a double always holds exactly.
const EXACT_DIGITS: usize = 15;
const NAME_CHARS_MAX: usize = 60;

impl<R: BufRead> Objects<R> {
    pub(super) fn new(source: R, options: &ImportOptions, drafter: Drafter) -> Self {
        let dates = Dates {
            format: options.date_format.clone(),
            timezone: options.timezone.clone(),
            order: DayOrder::MonthFirst,
        };
        Self {
            lines: Lines::new(source, b'\n'),
            buffer: Vec::new(),
            category: options.category,
            dates,
            drafter,
        }
    }

    /// Bytes of the file read so far.
    pub(super) fn bytes_read(&self) -> u64 {
        self.lines.bytes()
    }

    /// The next record, or nothing at the file's end.
    pub(super) fn next(&mut self) -> Result<Option<Item>, ImportError> {
        loop {
            self.buffer.clear();
            let line = match self.lines.read_onto(&mut self.buffer)? {
                Line::End => return Ok(None),
                Line::TooLong => {
                    let reason = format!("the line is longer than {LINE_BYTES_MAX} bytes");
                    return Ok(Some(Item::rejected(self.lines.line(), reason)));
                }
                Line::Read => self.lines.line(),
            };
            let text = decode(&self.buffer);
            let text = text.trim_start_matches('\u{feff}').trim();
            if text.is_empty() {
                continue;
            }
            let object = match serde_json::from_str::<Json>(text) {
                Ok(Json::Object(object)) => object,
                Err(error) if line == 1 && error.is_eof() => return Err(ImportError::NotJsonLines),
                Ok(Json::Array(_)) if line == 1 => return Err(ImportError::NotJsonLines),
                Ok(_) => {
                    return Ok(Some(Item::rejected(
                        line,
                        "a JSON object is expected on each line",
                    )));
                }
                Err(error) => return Ok(Some(Item::rejected(line, not_json(&error)))),
            };
            return Ok(Some(match self.parts(object) {
                Ok((category, occurred_at, fields)) => {
                    self.drafter.draft(line, category, occurred_at, fields, "")
                }
                Err(reason) => Item::rejected(line, reason),
            }));
        }
    }

    fn parts(&self, mut object: Map<String, Json>) -> Result<Parts, String> {
        let category = match object.remove("category") {
            Some(Json::String(name)) => name.parse().map_err(|error| format!("category: {error}"))?,
            Some(_) => return Err("category: text is expected".into()),
            None => self
                .category
                .ok_or("it has no category; write one, or say --category")?,
        };
        let mut occurred_at = object.remove("occurred_at");
        if let Some(Json::Object(_)) = object.get("fields") {
            let Some(Json::Object(fields)) = object.remove("fields") else {
                return Err("fields: an object is expected".into());
            };
            object.retain(|name, _| !OF_THE_RECORD.contains(&name.as_str()));
            if let Some(name) = object.keys().next() {
                return Err(format!(
                    "{:?} is not known beside category, occurred_at and fields",
                    shortened(name, NAME_CHARS_MAX)
                ));
            }
            object = fields;
        }
        let mut leaves = Leaves {
            category,
            fields: BTreeMap::new(),
            time: None,
        };
        leaves.take(object, "")?;
        if let Some(own) = leaves.time {
            if occurred_at.as_ref().is_some_and(|at| *at != own) {
                return Err(format!(
                    "occurred_at and {} contradict each other",
                    category.spec().time_field
                ));
            }
            occurred_at = Some(own);
        }
        Ok((category, self.moment(occurred_at)?, leaves.fields))
    }

    fn moment(&self, at: Option<Json>) -> Result<Option<Timestamp>, String> {
        match at {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) => match self.dates.read(&text) {
                Some(at) => Ok(Some(at)),
                None => Err(format!("occurred_at: {} is expected", self.dates.expected())),
            },
            Some(_) => Err(format!(
                "occurred_at: {} is expected, as a string",
                self.dates.expected()
            )),
        }
    }
}

type Parts = (Category, Option<Timestamp>, BTreeMap<String, Value>);

fn not_json(error: &serde_json::Error) -> String {
    format!(
        "not JSON at column {}; write one complete object on each line",
        error.column()
    )
}

/// The leaves of nested objects, by dotted path.
struct Leaves {
    category: Category,
    fields: BTreeMap<String, Value>,
    time: Option<Json>,
}

impl Leaves {
    fn take(&mut self, object: Map<String, Json>, prefix: &str) -> Result<(), String> {
        let spec = self.category.spec();
        for (name, json) in object {
            let path = format!("{prefix}{name}");
            if path == spec.time_field {
                self.time = Some(json);
                continue;
            }
            match (spec.kind_of(&path), json) {
                (Some(kind), json) => {
                    let value =
                        typed(kind, json).ok_or_else(|| format!("{path}: {} is expected", wanted(kind)))?;
                    if self.fields.insert(path.clone(), value).is_some() {
                        return Err(format!("{path} is given twice"));
                    }
                }
                (None, Json::Object(below)) if !spec.expand(&path).is_empty() => {
                    self.take(below, &format!("{path}."))?;
                }
                (None, _) => {
                    let path = shortened(&path, NAME_CHARS_MAX);
                    let names: Vec<_> = spec.leaves().map(|(leaf, _)| leaf).collect();
                    return Err(format!(
                        "{} has no field {path:?}; it has {}",
                        spec.name,
                        names.join(", ")
                    ));
                }
            }
        }
        Ok(())
    }
}

fn wanted(kind: Kind) -> String {
    match kind {
        Kind::Decimal => format!(
            "{} as a string, or as a number of at most {EXACT_DIGITS} digits",
            kind.expected()
        ),
        _ => kind.expected(),
    }
}

/// The value of a field of that kind; the catalogue's own check follows with the draft.
fn typed(kind: Kind, json: Json) -> Option<Value> {
    match (kind, json) {
        (_, Json::Null) => Some(Value::Null),
        (Kind::Text | Kind::Choice(_) | Kind::Currency | Kind::Country, Json::String(text)) => {
            Some(Value::Text(text))
        }
        (Kind::Integer, Json::Number(number)) => number.as_i64().map(Value::Int),
        (Kind::Integer, Json::String(text)) => text.parse().ok().map(Value::Int),
        (Kind::Decimal, Json::String(text)) => Decimal::from_str_exact(text.trim()).ok().map(Value::Decimal),
        (Kind::Decimal, Json::Number(number)) => exact_decimal(&number).map(Value::Decimal),
        (Kind::Float | Kind::Latitude | Kind::Longitude, Json::Number(number)) => {
            number.as_f64().map(Value::Float)
        }
        (Kind::List, json @ Json::Array(_)) => Some(untyped(json)).filter(Value::within_depth),
        _ => None,
    }
}

fn exact_decimal(number: &serde_json::Number) -> Option<Decimal> {
    if let Some(whole) = number.as_i64() {
        return Some(whole.into());
    }
    let shortest = number.to_string();
    let mantissa = shortest.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    if digits.trim_start_matches('0').len() > EXACT_DIGITS {
        return None;
    }
    Decimal::from_str_exact(&shortest)
        .or_else(|_| Decimal::from_scientific(&shortest))
        .ok()
}

/// What a list holds has no kind in the catalogue; JSON's own kinds stay.
fn untyped(json: Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(flag),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Value::Int(whole),
            (None, Some(double)) => Value::Float(double),
            (None, None) => Value::Text(number.to_string()),
        },
        Json::String(text) => Value::Text(text),
        Json::Array(values) => Value::List(values.into_iter().map(untyped).collect()),
        Json::Object(values) => Value::Map(
            values
                .into_iter()
                .map(|(name, value)| (name, untyped(value)))
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests;
