//! Records.

use std::io;

use comfy_table::Cell;
use serde_json::{Value as Json, json};
use vault_core::{Category, Record, wire};

use super::{Facts, Page, Screen, Tone, ago, heading, local, long, one_line};
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

/// Records of one category as a table of the fields that they have, as many as the screen has room for.
pub(crate) fn table(page: &mut Page<'_>, category: Category, records: &[Record]) -> io::Result<()> {
    let screen = page.screen;
    let spec = category.spec();
    let held = |path: &str| records.iter().any(|record| record.fields.contains_key(path));
    let paths = spec.leaves().map(|(path, _)| path).filter(|path| held(path));
    let columns: Vec<_> = paths.map(|path| Column::of(path, records, screen)).collect();
    let fitting = how_many_fit(&columns, screen.width);
    let (shown, left_out) = columns.split_at(fitting);

    let mut headings = vec![heading("ID").whole(), heading(spec.time_field).whole()];
    headings.extend(shown.iter().map(|column| heading(column.name)));
    let rows = records.iter().enumerate().map(|(row, record)| {
        let at = record.occurred_at.map(|at| local(at, screen));
        let at = at.unwrap_or_else(|| "–".to_owned());
        let mut cells = vec![Cell::new(short(&record.id)), Cell::new(at)];
        cells.extend(shown.iter().map(|column| Cell::new(&column.texts[row])));
        cells
    });
    page.table(headings, rows)?;
    if left_out.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = left_out.iter().map(|column| column.name).collect();
    let text = format!("No room for {}: `vault show ID` shows all.", names.join(", "));
    page.toned(Tone::Over, &text)
}

/// One field of every record.
struct Column {
    name: &'static str,
    texts: Vec<String>,
}

impl Column {
    fn of(path: &'static str, records: &[Record], screen: &Screen) -> Self {
        let text = |record: &Record| record.fields.get(path).map(|value| one_line(value, screen));
        Self {
            name: path.rsplit('.').next().unwrap_or(path),
            texts: records
                .iter()
                .map(|record| text(record).unwrap_or_default())
                .collect(),
        }
    }

    /// Characters that it needs to be of use, with the space beside it.
    fn needed(&self) -> usize {
        const ENOUGH: usize = 14;
        let texts = self.texts.iter().map(String::as_str);
        let longest = texts.chain([self.name]).map(|text| text.chars().count()).max();
        longest.unwrap_or_default().min(ENOUGH) + 2
    }
}

/// How many columns have room beside id and time.
fn how_many_fit(columns: &[Column], width: Option<u16>) -> usize {
    const ID_AND_TIME: usize = 28;
    let Some(width) = width else {
        return columns.len();
    };
    let ends = columns.iter().scan(ID_AND_TIME, |end, column| {
        *end += column.needed();
        Some(*end)
    });
    ends.take_while(|end| *end <= usize::from(width) + 2).count()
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
    use crate::show::samples::{narrow, receipt, screen, shown};

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
    fn on_a_narrow_terminal_ids_and_times_stay_whole_and_what_has_no_room_is_named() {
        let records = [receipt("Trattoria Due Ponti", "71.57")];
        let text = shown(&narrow(50), |page| table(page, Category::Receipts, &records));
        assert!(
            text.contains("2026-03-04 09:12") && text.contains(&short(&records[0].id)),
            "{text}"
        );
        assert!(
            text.contains("Trattoria") && text.contains("No room for city, total_cost"),
            "{text}"
        );
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
