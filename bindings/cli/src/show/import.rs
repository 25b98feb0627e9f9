//! What an import did.

use std::{collections::BTreeMap, io};

use comfy_table::Cell;
use serde_json::{Value as Json, json};
use vault_core::{
    Category, ImportSummary,
    import::{DayOrder, Format, Rejected},
};

use super::{Page, Tone, count, counted, heading, plain, terms};

/// Rejected rows that are printed for a person; scripts get those that the summary keeps.
const REASONS_SHOWN: usize = 10;

/// What an import did, as scripts read it.
pub(crate) fn json(file: &str, summary: &ImportSummary) -> Json {
    let rejection = |rejected: &Rejected| json!({ "line": rejected.place, "reason": rejected.reason });
    json!({
        "file": file,
        "format": summary.format.map(format_name),
        "added": summary.added,
        "duplicates": summary.duplicates,
        "rejected": summary.rejected,
        "by_category": counts(&summary.by_category),
        "rejections": summary.reasons.iter().map(rejection).collect::<Vec<_>>(),
        "ignored_columns": summary.ignored_columns,
        "assumed_day_order": summary.assumed_day_order.map(|order| match order {
            DayOrder::MonthFirst => "month_first",
            DayOrder::DayFirst => "day_first",
        }),
    })
}

/// An import that broke off, as scripts read it: what it had added, and why it ended.
pub(crate) fn broken_json(file: &str, added: &BTreeMap<Category, u64>, why: &Json) -> Json {
    json!({
        "file": file,
        "added": added.values().sum::<u64>(),
        "by_category": counts(added),
        "error": why,
    })
}

fn counts(by_category: &BTreeMap<Category, u64>) -> BTreeMap<&'static str, u64> {
    by_category
        .iter()
        .map(|(category, number)| (category.name(), *number))
        .collect()
}

const fn format_name(format: Format) -> &'static str {
    match format {
        Format::Gpx => "gpx",
        Format::Csv => "csv",
        Format::JsonLines => "jsonl",
    }
}

/// What an import did, and what the owner should look at.
pub(crate) fn write(page: &mut Page<'_>, file: &str, summary: &ImportSummary) -> io::Result<()> {
    let tone = if summary.rejected > 0 {
        Tone::Waiting
    } else {
        Tone::Good
    };
    page.toned(tone, &format!("{}: {}", plain(file), in_short(summary)))?;
    if !summary.ignored_columns.is_empty() {
        let columns = plain(&summary.ignored_columns.join(", "));
        page.line(&format!(
            "  Not imported, because these columns mean nothing here: {columns}"
        ))?;
    }
    if let Some(order) = summary.assumed_day_order {
        let (order, other) = match order {
            DayOrder::MonthFirst => ("month", "%d/%m/%Y"),
            DayOrder::DayFirst => ("day", "%m/%d/%Y"),
        };
        page.line(&format!(
            "  Dates were read with the {order} first; if that is wrong, say --date-format {other}"
        ))?;
    }
    if summary.rejected > 0 {
        rejections(page, summary)?;
    }
    Ok(())
}

fn in_short(summary: &ImportSummary) -> String {
    let mut parts = vec![match summary.added {
        0 => "nothing added".to_owned(),
        _ => format!("added {}", terms::by_category(&summary.by_category)),
    }];
    if summary.duplicates > 0 {
        parts.push(format!("{} already there", count(summary.duplicates)));
    }
    if summary.rejected > 0 {
        parts.push(format!("{} rejected", count(summary.rejected)));
    }
    parts.join(", ")
}

fn rejections(page: &mut Page<'_>, summary: &ImportSummary) -> io::Result<()> {
    let rows = summary.reasons.iter().take(REASONS_SHOWN).map(|rejected| {
        vec![
            Cell::new(rejected.place),
            Cell::new_owned(plain(&rejected.reason)),
        ]
    });
    page.wrapped_table([heading("Line").whole(), heading("Rejected because")], rows)?;
    let more = summary.rejected.saturating_sub(REASONS_SHOWN as u64);
    if more > 0 {
        page.line(&format!(
            "… and {}; `--json` lists them.",
            counted(more, "more row")
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::samples::{screen, shown};

    fn summary(rejected: u64) -> ImportSummary {
        let reason = |place| Rejected {
            place,
            reason: "total: a decimal number is expected".into(),
        };
        ImportSummary {
            added: 1_200,
            by_category: [(Category::Receipts, 1_200)].into(),
            duplicates: 3,
            rejected,
            reasons: (0..rejected).map(|n| reason(n + 2)).collect(),
            ignored_columns: vec!["Mood".into()],
            assumed_day_order: Some(DayOrder::MonthFirst),
            format: Some(Format::Csv),
        }
    }

    #[test]
    fn a_person_is_told_what_to_look_at() {
        let text = shown(&screen(), |page| write(page, "a.csv", &summary(2)));
        for said in [
            "a.csv: added 1,200 receipts, 3 already there, 2 rejected",
            "columns mean nothing here: Mood",
            "the month first; if that is wrong, say --date-format %d/%m/%Y",
            "3     total: a decimal number is expected",
        ] {
            assert!(text.contains(said), "{said:?} is missing:\n{text}");
        }
    }

    #[test]
    fn of_many_rejected_rows_the_first_are_shown() {
        let text = shown(&screen(), |page| write(page, "a.csv", &summary(25)));
        assert_eq!(text.matches("is expected").count(), 10);
        assert!(text.contains("… and 15 more rows"), "{text}");
    }

    #[test]
    fn scripts_get_every_number_and_reason() {
        let json = json("a.csv", &summary(2));
        assert_eq!(json["by_category"]["receipts"], 1_200);
        assert_eq!(json["rejections"][1]["line"], 3);
        assert_eq!(json["assumed_day_order"], "month_first");
    }
}
