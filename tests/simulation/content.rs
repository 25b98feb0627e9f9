//! What records say in the simulation, and what of it a grant may show. It reckons by means of its own,
//! not by those of the code that it judges.

use std::collections::BTreeMap;

use harness::Dice;
use vault_core::{
    Category, NewRecord, Precision, Timestamp, Value,
    wire::terms::{Detail, Terms, TimeRange},
};

/// The categories of the simulation, with their time and the fields that are texts.
pub(crate) const CATEGORIES: [(Category, &str, [&str; 3]); 3] = [
    (
        Category::Receipts,
        "purchased_at",
        ["brand", "payment_method", "purchase_location.city"],
    ),
    (Category::Cards, "installed_at", ["card_name", "brand", "tier"]),
    (Category::AppUsage, "started_at", ["app", "feature", "event"]),
];

/// One state of one record. Its texts are like no other's, so that a text tells where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Version {
    category: Category,
    at: Option<Timestamp>,
    texts: BTreeMap<&'static str, String>,
}

/// The fields of a record as a developer gets them.
pub(crate) type Shown = BTreeMap<String, Value>;

impl Version {
    /// A new record of any category.
    pub(crate) fn new(dice: &mut Dice, number: usize) -> Self {
        let (category, _, fields) = dice.one_of(&CATEGORIES);
        let mut version = Self {
            category: *category,
            at: None,
            texts: BTreeMap::new(),
        };
        version.move_in_time(dice);
        for field in fields {
            if dice.percent(80) {
                version.texts.insert(field, format!("{field} {number}"));
            }
        }
        version
    }

    /// The next state of the record: some fields have other texts, some are gone.
    pub(crate) fn edited(&self, dice: &mut Dice, number: usize) -> Self {
        let mut next = self.clone();
        let (_, _, fields) = CATEGORIES
            .iter()
            .find(|(category, ..)| *category == self.category)
            .unwrap();
        for field in fields {
            if dice.percent(40) {
                next.texts.insert(field, format!("{field} {number}"));
            } else if dice.percent(15) {
                next.texts.remove(field);
            }
        }
        if dice.percent(15) {
            next.move_in_time(dice);
        }
        next
    }

    fn move_in_time(&mut self, dice: &mut Dice) {
        self.at = dice.percent(85).then(|| any_moment(dice));
    }

    /// The record that a vault is given.
    pub(crate) fn record(&self) -> NewRecord {
        let mut record = NewRecord::new(self.category);
        record.occurred_at = self.at;
        for (field, text) in &self.texts {
            record = record.with(field, Value::Text(text.clone()));
        }
        record
    }

    /// Whether a vault holds just this.
    pub(crate) fn is(&self, record: &vault_core::Record) -> bool {
        let NewRecord {
            category,
            occurred_at,
            fields,
            ..
        } = self.record();
        record.category == category && record.occurred_at == occurred_at && record.fields == fields
    }

    /// What is to be seen of it under terms, if anything is.
    pub(crate) fn under(&self, terms: &Terms) -> Option<(Category, Shown)> {
        let detail = terms
            .details
            .iter()
            .find(|detail| detail.category == self.category)?;
        if !lies_in(self.at, &detail.time_range) {
            return None;
        }
        let (_, time, _) = CATEGORIES
            .iter()
            .find(|(category, ..)| *category == self.category)
            .unwrap();
        let mut shown = Shown::new();
        for field in detail.fields.keys() {
            if field == time {
                shown.extend(self.at.map(|at| (field.clone(), Value::Timestamp(at))));
            } else if let Some(text) = self.texts.get(field.as_str()) {
                shown.insert(field.clone(), Value::Text(text.clone()));
            }
        }
        (!shown.is_empty()).then_some((self.category, shown))
    }
}

/// Whether terms show no field and no time that others do not.
pub(crate) fn shows_no_more(terms: &Terms, than: &Terms) -> bool {
    terms.details.iter().all(|detail| {
        let others = than
            .details
            .iter()
            .find(|other| other.category == detail.category);
        others.is_some_and(|other| {
            let (of, in_) = (&detail.time_range, &other.time_range);
            let begins_within = in_.from.is_none_or(|from| of.from.is_some_and(|of| from <= of));
            let ends_within = in_.to.is_none_or(|to| of.to.is_some_and(|of| of <= to));
            begins_within && ends_within && detail.fields.keys().all(|field| other.fields.contains_key(field))
        })
    })
}

fn lies_in(at: Option<Timestamp>, range: &TimeRange) -> bool {
    match at {
        Some(at) => range.from.is_none_or(|from| from <= at) && range.to.is_none_or(|to| at < to),
        None => range.from.is_none() && range.to.is_none(),
    }
}

/// A moment of one year.
pub(crate) fn any_moment(dice: &mut Dice) -> Timestamp {
    let year: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    year.plus_ms(i64::try_from(dice.below(365 * 24)).unwrap() * 3_600_000)
}

/// What a developer may ask for: some fields of some categories.
pub(crate) fn any_details(dice: &mut Dice) -> Vec<Detail> {
    let mut details = Vec::new();
    for (category, time, fields) in &CATEGORIES {
        if dice.percent(60) {
            let all = fields.iter().chain([time]);
            let wanted: BTreeMap<_, _> = all
                .filter(|_| dice.percent(65))
                .map(|field| ((*field).to_owned(), Precision::Exact))
                .collect();
            if !wanted.is_empty() {
                details.push(Detail {
                    category: *category,
                    fields: wanted,
                    time_range: TimeRange::default(),
                });
            }
        }
    }
    details
}
