//! Records.

use std::io;

use comfy_table::Cell;
use serde_json::{Value as Json, json};
use vault_core::{Category, Record, wire};

use super::{Facts, Page, ago, heading, local, long, one_line};
use crate::find::short;

/// A record as scripts read it: times RFC 3339, decimals as strings, dotted paths as nested objects.
pub(crate) fn json(record: &Record) -> Json {
    json!({
        "id": record.id.to_string(),
        "category": record.category.name(),
        "occurred_at": record.occurred_at.map(|at| at.to_string()),
        "fields": wire::json::of_fields(&record.fields),
        "source": record.source,
        "created_at": record.created_at.to_string(),
        "updated_at": record.updated_at.to_string(),
    })
}

/// Records of one category as a table of the fields that they have.
pub(crate) fn table(page: &mut Page<'_>, category: Category, records: &[Record]) -> io::Result<()> {
    let held = |path: &str| records.iter().any(|record| record.fields.contains_key(path));
    let spec = category.spec();
    let paths: Vec<_> = spec
        .leaves()
        .map(|(path, _)| path)
        .filter(|path| held(path))
        .collect();
    let mut headings = vec![heading("ID"), heading(spec.time_field)];
    headings.extend(
        paths
            .iter()
            .map(|path| heading(path.rsplit('.').next().unwrap_or(path))),
    );
    let screen = page.screen;
    let rows = records.iter().map(|record| {
        let at = record.occurred_at.map(|at| local(at, screen));
        let mut row = vec![
            Cell::new(short(&record.id)),
            Cell::new(at.unwrap_or_else(|| "–".into())),
        ];
        row.extend(paths.iter().map(|path| match record.fields.get(*path) {
            Some(value) => Cell::new_owned(one_line(value, screen)),
            None => Cell::new(""),
        }));
        row
    });
    page.table(headings, rows)
}

/// One record with everything that is known of it.
pub(crate) fn one(page: &mut Page<'_>, record: &Record) -> io::Result<()> {
    let screen = page.screen;
    let spec = record.category.spec();
    page.title(&format!("{} in {}", record.id, spec.name))?;
    let at = record.occurred_at.map(|at| long(at, screen));
    let mut facts = Facts::new().with(spec.time_field, at.unwrap_or_else(|| "not known".into()));
    for (path, _) in spec.leaves() {
        if let Some(value) = record.fields.get(path) {
            facts = facts.with(path, one_line(value, screen));
        }
    }
    page.facts(facts)?;
    page.gap()?;
    let mut facts = Facts::new()
        .with("brought by", super::plain(&record.source))
        .with(
            "put here",
            format!(
                "{} ({})",
                long(record.created_at, screen),
                ago(record.created_at, screen)
            ),
        );
    if record.updated_at != record.created_at {
        facts = facts.with("changed", long(record.updated_at, screen));
    }
    page.facts(facts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::samples::{receipt, screen, shown};

    #[test]
    fn a_table_has_only_the_fields_that_the_records_have() {
        let records = [receipt("Green Basket", "71.57"), receipt("Lipa Bakery", "5.39")];
        let text = shown(&screen(), |page| table(page, Category::Receipts, &records));
        let header = text.lines().next().unwrap();
        assert!(
            header.contains("purchased_at") && header.contains("brand"),
            "{text}"
        );
        assert!(!header.contains("payment_method"), "{text}");
        assert!(text.contains("71.57") && text.contains("Lipa Bakery"), "{text}");
    }

    #[test]
    fn one_record_shows_every_field_with_its_path() {
        let text = shown(&screen(), |page| one(page, &receipt("Green Basket", "71.57")));
        assert!(
            text.contains("purchase_location.city") && text.contains("Ljubljana"),
            "{text}"
        );
        assert!(text.contains("brought by"), "{text}");
    }

    #[test]
    fn json_has_nested_fields_and_exact_money() {
        let json = json(&receipt("Green Basket", "71.50"));
        assert_eq!(json["fields"]["total_cost"], "71.50");
        assert_eq!(json["fields"]["purchase_location"]["city"], "Ljubljana");
        assert_eq!(json["occurred_at"], "2026-03-04T09:12:00Z");
    }
}
