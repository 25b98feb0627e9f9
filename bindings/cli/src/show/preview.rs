//! The preview: the records exactly as they would leave.

use std::io;

use comfy_table::Cell;
use serde_json::{Value as Json, json};
use vault_core::{Category, Preview, PreviewedRecord, wire, wire::terms::Terms};

use super::{Page, bytes, counted, heading, one_line, terms};

/// A preview as scripts read it; the exact bytes in hexadecimal if they are wanted.
pub(crate) fn json(preview: &Preview, agreed: &Terms, with_bytes: bool) -> Json {
    let record = |record: &PreviewedRecord| {
        let mut shown = json!({
            "category": record.category.name(),
            "fields": wire::json::of_fields(&record.fields),
            "bytes": record.payload.len(),
        });
        if with_bytes {
            shown["payload_hex"] = wire::json::hex(&record.payload).into();
        }
        shown
    };
    let by_category = preview
        .by_category
        .iter()
        .map(|(category, number)| (category.name(), *number));
    json!({
        "agreed": terms::json(agreed),
        "records": preview.records,
        "by_category": by_category.collect::<std::collections::BTreeMap<_, _>>(),
        "payload_bytes": preview.payload_bytes,
        "sealed_bytes": preview.sealed_bytes,
        "sample": preview.sample.iter().map(record).collect::<Vec<_>>(),
    })
}

/// What would leave, the first records of each category in full.
pub(crate) fn write(page: &mut Page<'_>, preview: &Preview, agreed: &Terms) -> io::Result<()> {
    for detail in &agreed.details {
        let number = preview
            .by_category
            .get(&detail.category)
            .copied()
            .unwrap_or_default();
        page.gap()?;
        page.title(&format!(
            "What would leave of {}: {}",
            detail.category,
            counted(number, "record")
        ))?;
        if number > 0 {
            sample(
                page,
                preview,
                detail.category,
                &detail.fields.keys().map(String::as_str).collect::<Vec<_>>(),
            )?;
        }
    }
    page.gap()?;
    page.line(&format!(
        "{} would leave now: {}, {} once padded and sealed. Records that you add later follow.",
        counted(preview.records, "record"),
        bytes(preview.payload_bytes),
        bytes(preview.sealed_bytes)
    ))
}

fn sample(page: &mut Page<'_>, preview: &Preview, category: Category, paths: &[&str]) -> io::Result<()> {
    let of_category = || preview.sample.iter().filter(|record| record.category == category);
    let held = |path: &&&str| of_category().any(|record| record.fields.contains_key(**path));
    let paths: Vec<_> = paths.iter().filter(held).collect();
    let screen = page.screen;
    let row = |record: &PreviewedRecord| {
        let cell = |path: &&&str| match record.fields.get(**path) {
            Some(value) => Cell::new_owned(one_line(value, screen)),
            None => Cell::new(""),
        };
        paths.iter().map(cell).collect()
    };
    page.table(paths.iter().map(heading), of_category().map(row))
}

/// The exact bytes of each sample record, in hexadecimal.
pub(crate) fn payloads(page: &mut Page<'_>, preview: &Preview) -> io::Result<()> {
    for record in &preview.sample {
        page.line(&format!(
            "{} {}",
            record.category,
            wire::json::hex(&record.payload)
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::samples::{consent_request, preview, screen, shown};

    #[test]
    fn sample_records_are_shown_as_they_would_leave() {
        let terms = consent_request().terms;
        let text = shown(&screen(), |page| write(page, &preview(), &terms));
        assert!(
            text.contains("What would leave of receipts: 1,200 records"),
            "{text}"
        );
        assert!(
            text.contains("Green Basket") && text.contains("2026-03-04"),
            "{text}"
        );
        assert!(
            text.contains("What would leave of locations: 0 records"),
            "{text}"
        );
        assert!(text.contains("1,200 records would leave now: 48.8 KiB"), "{text}");
    }

    #[test]
    fn the_exact_bytes_are_shown_only_when_asked_for() {
        let terms = consent_request().terms;
        assert_eq!(json(&preview(), &terms, true)["sample"][0]["payload_hex"], "01fe");
        assert!(
            json(&preview(), &terms, false)["sample"][0]
                .get("payload_hex")
                .is_none()
        );
        assert_eq!(
            shown(&screen(), |page| payloads(page, &preview())),
            "receipts 01fe\n"
        );
    }
}
