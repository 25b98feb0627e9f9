//! One point of a GPX file, from its tag to a draft.

use std::collections::BTreeMap;

use jiff::{civil, tz::TimeZone};
use quick_xml::events::BytesStart;
use vault_wire::{catalogue::Category, time::Timestamp, value::Value};

use super::{
    super::{
        dates,
        draft::{Drafter, Item},
    },
    TEXT_BYTES_MAX,
};

/// A point as far as it has been read.
pub(super) struct Point {
    line: u64,
    occurred_at: Option<Timestamp>,
    fields: BTreeMap<String, Value>,
    refusal: Option<&'static str>,
}

/// A part of a point that a location has a field for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    Altitude,
    Accuracy,
    Time,
    Name,
}

impl Detail {
    /// What an element inside a point says: directly in it, or deeper, in its extensions.
    pub(super) fn named(element: &str, is_child: bool) -> Option<Self> {
        match element {
            "ele" if is_child => Some(Self::Altitude),
            "time" if is_child => Some(Self::Time),
            "name" if is_child => Some(Self::Name),
            "accuracy" | "accuracy_horizontal" | "horizontal_accuracy" if !is_child => Some(Self::Accuracy),
            _ => None,
        }
    }
}

impl Point {
    pub(super) fn begin(tag: &BytesStart<'_>, line: u64) -> Self {
        let mut point = Self {
            line,
            occurred_at: None,
            fields: BTreeMap::new(),
            refusal: None,
        };
        for attribute in tag.attributes() {
            let Ok(attribute) = attribute else {
                point.refusal = Some("its attributes are not well-formed");
                break;
            };
            let path = match attribute.key.as_ref() {
                "lat" => "lat",
                "lon" => "lon",
                _ => continue,
            };
            match number(&attribute.value) {
                Some(degrees) => point.put(path, Value::Float(degrees)),
                None => {
                    point.refusal =
                        Some("lat and lon are expected as decimal degrees, for example lat=\"46.05\"");
                }
            }
        }
        point
    }

    pub(super) fn set(&mut self, detail: Detail, text: &str) {
        if text.is_empty() {
            return;
        }
        if text.len() > TEXT_BYTES_MAX {
            self.refusal = Some("its name, time or height is longer than 4096 bytes");
            return;
        }
        match detail {
            Detail::Name => self.put("place", Value::Text(text.to_owned())),
            Detail::Time => match moment(text) {
                Some(at) => self.occurred_at = Some(at),
                None => self.refusal = Some("time: a time such as 2026-11-21T08:30:00Z is expected"),
            },
            Detail::Altitude => match number(text) {
                Some(metres) => self.put("altitude_m", Value::Float(metres)),
                None => self.refusal = Some("ele: a number of metres such as 733.6 is expected"),
            },
            Detail::Accuracy => match number(text).filter(|metres| *metres >= 0.0) {
                Some(metres) => self.put("accuracy_m", Value::Float(metres)),
                None => self.refusal = Some("accuracy: a number of metres such as 5 is expected"),
            },
        }
    }

    /// The location, named after the track or route if the point has no name of its own.
    pub(super) fn into_item(mut self, path_name: Option<&str>, drafter: &mut Drafter) -> Item {
        if let Some(refusal) = self.refusal {
            return Item::rejected(self.line, refusal);
        }
        if let Some(name) = path_name.filter(|name| !name.is_empty()) {
            self.fields
                .entry("place".to_owned())
                .or_insert_with(|| Value::Text(name.to_owned()));
        }
        drafter.draft(self.line, Category::Locations, self.occurred_at, self.fields, "")
    }

    fn put(&mut self, path: &str, value: Value) {
        self.fields.insert(path.to_owned(), value);
    }
}

/// A finite decimal number; `inf` and `nan`, which Rust would read, are none.
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let is_decimal = text
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    text.parse()
        .ok()
        .filter(|number: &f64| is_decimal && number.is_finite())
}

/// GPX times are UTC, also where the `Z` was forgotten.
fn moment(text: &str) -> Option<Timestamp> {
    dates::utc(text).or_else(|| {
        let local: civil::DateTime = text.parse().ok()?;
        dates::in_zone(local, &TimeZone::UTC)
    })
}
