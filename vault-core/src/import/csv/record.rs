//! One row of a table as its records: one, or in a wide table one for each measurement.

use std::collections::{BTreeMap, VecDeque};

use rust_decimal::Decimal;
use vault_wire::{
    catalogue::{Category, Kind},
    time::Timestamp,
    value::Value,
};

use super::{
    super::{
        dates::Dates,
        draft::{Drafter, Item},
        numbers,
    },
    cell,
    evidence::Sign,
    layout::{Column, Layout, Meaning},
    metrics::Metric,
    rows::Row,
};

/// How rows are read.
pub(super) struct Reading {
    pub(super) layout: Layout,
    pub(super) dates: Dates,
    pub(super) sign: Sign,
}

impl Reading {
    /// Appends what the row gives.
    pub(super) fn read(&self, row: &Row, drafter: &mut Drafter, items: &mut VecDeque<Item>) {
        let place = row.line();
        if !row.fits(self.layout.width) {
            let reason = format!(
                "the row has {} cells, the header {}",
                row.len(),
                self.layout.width
            );
            return items.push_back(Item::rejected(place, reason));
        }
        let occurred_at = match self.moment(row) {
            Ok(at) => at,
            Err(reason) => return items.push_back(Item::rejected(place, reason)),
        };
        let subject = self.subject(row);
        if self.layout.is_wide() {
            for column in &self.layout.columns {
                if let Meaning::Metric(metric) = column.meaning {
                    items.extend(self.measurement(row, column, metric, occurred_at, &subject, drafter));
                }
            }
            return;
        }
        items.push_back(match self.fields(row) {
            Ok(fields) => drafter.draft(place, self.layout.category, occurred_at, fields, &subject),
            Err(reason) => Item::rejected(place, reason),
        });
    }

    fn moment(&self, row: &Row) -> Result<Option<Timestamp>, String> {
        let find = |wanted: fn(&Meaning) -> bool| self.layout.columns.iter().find(|c| wanted(&c.meaning));
        let Some(column) = find(|meaning| matches!(meaning, Meaning::Time)) else {
            return Ok(None);
        };
        let date = row.cell(column.index);
        if cell::is_silent(Kind::Time, &date) {
            return Ok(None);
        }
        let clock = find(|meaning| matches!(meaning, Meaning::TimeOfDay)).map(|c| row.cell(c.index));
        let read = match clock.filter(|clock| !clock.is_empty()) {
            Some(clock) => self.dates.read(&format!("{date} {clock}")),
            None => self.dates.read(&date),
        };
        read.map(Some)
            .ok_or_else(|| format!("column {:?}: {} is expected", column.name, self.dates.expected()))
    }

    fn subject(&self, row: &Row) -> String {
        let is_subject = |column: &&Column| matches!(column.meaning, Meaning::Subject);
        let cells: Vec<_> = self
            .layout
            .columns
            .iter()
            .filter(is_subject)
            .map(|column| row.cell(column.index))
            .collect();
        cells.join("\n")
    }

    fn measurement(
        &self,
        row: &Row,
        column: &Column,
        metric: &Metric,
        occurred_at: Option<Timestamp>,
        subject: &str,
        drafter: &mut Drafter,
    ) -> Option<Item> {
        let text = row.cell(column.index);
        if cell::is_silent(Kind::Decimal, &text) {
            return None;
        }
        let Some(amount) = numbers::amount(&text, column.mark) else {
            return Some(Item::rejected(row.line(), refusal(column, Kind::Decimal)));
        };
        let mut fields = self.layout.texts.clone();
        fields.insert("metric".to_owned(), Value::Text(metric.metric.to_owned()));
        fields.insert(
            "value".to_owned(),
            Value::Decimal(whole_without_zeros(amount.number)),
        );
        fields
            .entry("source".to_owned())
            .or_insert_with(|| Value::Text("device".to_owned()));
        if let Some(unit) = metric.unit {
            fields.insert("unit".to_owned(), Value::Text(unit.to_owned()));
        }
        Some(drafter.draft(row.line(), Category::Health, occurred_at, fields, subject))
    }

    fn fields(&self, row: &Row) -> Result<BTreeMap<String, Value>, String> {
        let mut fields = self.layout.texts.clone();
        let mut currency = None;
        for column in &self.layout.columns {
            let text = row.cell(column.index);
            match column.meaning {
                Meaning::Field(_, kind) if cell::is_silent(kind, &text) => {}
                Meaning::Field("total_cost", _) => {
                    let amount =
                        numbers::amount(&text, column.mark).ok_or_else(|| refusal(column, Kind::Decimal))?;
                    fields.insert("total_cost".to_owned(), Value::Decimal(amount.number));
                    currency = amount.currency.or_else(|| column.currency.clone());
                }
                Meaning::Field(path, kind) => {
                    let value = cell::value(kind, &text, column.mark).ok_or_else(|| refusal(column, kind))?;
                    fields.insert(path.to_owned(), value);
                }
                Meaning::Paid(direction) if !cell::is_silent(Kind::Decimal, &text) => {
                    let amount =
                        numbers::amount(&text, column.mark).ok_or_else(|| refusal(column, Kind::Decimal))?;
                    let is_other_way = fields.contains_key("total_cost");
                    if amount.number.is_zero() && (is_other_way || self.other_way_is_said(row, column)) {
                        continue;
                    }
                    if is_other_way {
                        return Err(format!(
                            "column {:?}: the row has money in and money out",
                            column.name
                        ));
                    }
                    fields.insert("total_cost".to_owned(), Value::Decimal(amount.number.abs()));
                    fields.insert("direction".to_owned(), Value::Text(direction.to_owned()));
                    currency = amount.currency.or_else(|| column.currency.clone());
                }
                Meaning::Paid(_)
                | Meaning::Time
                | Meaning::TimeOfDay
                | Meaning::Balance
                | Meaning::Metric(_)
                | Meaning::Subject => {}
            }
        }
        if let Some(code) = currency {
            fields.entry("currency".to_owned()).or_insert(Value::Text(code));
        }
        self.settle_sign(&mut fields);
        Ok(fields)
    }

    /// Whether the amount stands in the other of the two columns, so that a zero in this one only
    /// fills it.
    fn other_way_is_said(&self, row: &Row, this: &Column) -> bool {
        let is_other =
            |column: &&Column| matches!(column.meaning, Meaning::Paid(_)) && column.index != this.index;
        let mut others = self.layout.columns.iter().filter(is_other);
        others.any(|column| {
            numbers::amount(&row.cell(column.index), column.mark)
                .is_some_and(|amount| !amount.number.is_zero())
        })
    }

    fn settle_sign(&self, fields: &mut BTreeMap<String, Value>) {
        let Some(Value::Decimal(amount)) = fields.get_mut("total_cost") else {
            return;
        };
        if self.sign == Sign::OfTheAmount {
            return;
        }
        let direction = if amount.is_sign_negative() {
            "debit"
        } else {
            "credit"
        };
        let is_zero = amount.is_zero();
        *amount = amount.abs();
        if self.sign == Sign::SaysDirection && !is_zero {
            fields
                .entry("direction".to_owned())
                .or_insert_with(|| Value::Text(direction.to_owned()));
        }
    }
}

fn refusal(column: &Column, kind: Kind) -> String {
    match column.meaning {
        Meaning::Field(path, _) => format!(
            "{path} (column {:?}): {} is expected",
            column.name,
            kind.expected()
        ),
        _ => format!("column {:?}: {} is expected", column.name, kind.expected()),
    }
}

/// `13162.00` is the count 13162; `8.50` stays as it is written.
fn whole_without_zeros(number: Decimal) -> Decimal {
    if number.is_integer() {
        number.normalize()
    } else {
        number
    }
}
