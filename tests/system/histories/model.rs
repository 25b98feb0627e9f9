//! What a simple model says that a grant shows. It reckons by means of its own, not by those of the
//! code that it judges.

use std::collections::BTreeMap;

use harness::Dice;
use serde_json::{Map, Value as Json, json};
use vault_core::{
    Category::Receipts, GrantId, NewRecord, Precision, Timestamp, Value, wire::terms::TimeRange,
};

/// The fields that are shared as they are, or not at all.
pub(super) const PLAIN: [&str; 3] = ["brand", "total_cost", "payment_method"];

/// A record as the model keeps it: everything is text or a whole number of hundredths, so that the
/// model reduces it by means of its own.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// RFC 3339, to the second.
    pub(super) at: Option<String>,
    pub(super) plain: BTreeMap<&'static str, String>,
    pub(super) lat_hundredths: Option<i32>,
}

/// A grant as the model keeps it.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) id: GrantId,
    pub(super) app: usize,
    pub(super) purpose: &'static str,
    pub(super) fields: BTreeMap<String, Precision>,
    pub(super) time: TimeRange,
    pub(super) until: Option<Timestamp>,
    pub(super) withdrawn: bool,
    /// When the server learnt of it.
    pub(super) in_force_since: Option<Timestamp>,
    pub(super) withdrawn_at_server: bool,
    /// What the server holds of it.
    pub(super) shown: Vec<Json>,
}

impl Kept {
    pub(super) fn random(dice: &mut Dice, number: usize) -> Self {
        let at = format!(
            "2026-{:02}-{:02}T{:02}:15:00Z",
            1 + dice.below(12),
            1 + dice.below(28),
            dice.below(24)
        );
        let mut plain = BTreeMap::new();
        for field in PLAIN {
            if dice.percent(80) {
                plain.insert(
                    field,
                    match field {
                        "total_cost" => format!("{}.50", dice.below(5)),
                        "payment_method" => (*dice.one_of(&["card", "cash"])).to_owned(),
                        _ => format!("brand {number}"),
                    },
                );
            }
        }
        Self {
            at: dice.percent(85).then_some(at),
            plain,
            // Never on the line between two cells.
            lat_hundredths: dice
                .percent(50)
                .then(|| i32::try_from(1 + 100 * dice.below(80) + dice.below(99)).unwrap()),
        }
    }

    pub(super) fn record(&self) -> NewRecord {
        let mut record = NewRecord::new(Receipts);
        record.occurred_at = self.at.as_ref().map(|at| at.parse().unwrap());
        for (field, text) in &self.plain {
            let value = match *field {
                "total_cost" => Value::Decimal(text.parse().unwrap()),
                _ => Value::Text(text.clone()),
            };
            record = record.with(field, value);
        }
        match self.lat_hundredths {
            Some(hundredths) => record.with(
                "purchase_location.lat",
                Value::Float(f64::from(hundredths) / 100.0),
            ),
            None => record,
        }
    }

    /// What a grant shows of it, by the model's own reckoning.
    pub(super) fn under(&self, fields: &BTreeMap<String, Precision>, time: &TimeRange) -> Option<Json> {
        let at: Option<Timestamp> = self.at.as_ref().map(|at| at.parse().unwrap());
        let in_time = match at {
            Some(at) => time.from.is_none_or(|from| at >= from) && time.to.is_none_or(|to| at < to),
            None => time.from.is_none() && time.to.is_none(),
        };
        let mut shown = Map::new();
        for (field, precision) in fields {
            match (field.as_str(), &self.at, self.lat_hundredths) {
                ("purchased_at", Some(at), _) => {
                    let length = match precision {
                        Precision::Exact => at.len(),
                        Precision::Day => 10,
                        Precision::Month => 7,
                        _ => 4,
                    };
                    shown.insert(field.clone(), json!(at[..length]));
                }
                ("purchase_location.lat", _, Some(hundredths)) => {
                    let degrees = match precision {
                        Precision::Exact => f64::from(hundredths) / 100.0,
                        _ => f64::from(hundredths / 100) + 0.5,
                    };
                    shown.insert("purchase_location".to_owned(), json!({ "lat": degrees }));
                }
                (plain, _, _) => {
                    if let Some(text) = self.plain.get(plain) {
                        shown.insert(field.clone(), json!(text));
                    }
                }
            }
        }
        (in_time && !shown.is_empty()).then_some(Json::Object(shown))
    }
}

impl Granted {
    pub(super) fn is_active(&self, now: Timestamp) -> bool {
        self.in_force_since.is_some()
            && !self.withdrawn_at_server
            && self.until.is_none_or(|until| now < until)
    }
}
