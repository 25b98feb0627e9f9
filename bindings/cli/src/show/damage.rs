//! What is wrong with a vault file, and what could not be saved from one.

use std::io;

use comfy_table::Cell;
use serde_json::{Value as Json, json};
use vault_core::{Finding, Loss, Part, Problem};

use super::{Page, counted, heading, plain};

/// Findings that are printed for a person; scripts get all that are listed.
const SHOWN: usize = 20;

/// Something that a check found, as scripts read it.
pub(crate) fn finding_json(finding: &Finding) -> Json {
    json!({
        "part": finding.part.to_string(),
        "problem": code(finding.problem),
        "table": finding.table,
    })
}

/// Content that could not be saved, as scripts read it. Keys are in hexadecimal digits.
pub(crate) fn loss_json(loss: &Loss) -> Json {
    json!({
        "part": loss.part.to_string(),
        "problem": code(loss.problem),
        "table": loss.keys.table,
        "after": loss.keys.after.as_deref().map(hex),
        "through": loss.keys.through.as_deref().map(hex),
    })
}

/// The findings of a check.
pub(crate) fn findings(page: &mut Page<'_>, findings: &[Finding], unlisted: u64) -> io::Result<()> {
    let rows = findings.iter().map(|finding| {
        let table = finding.table.as_deref().unwrap_or_default();
        row(finding.part, finding.problem, table)
    });
    list(page, rows, findings.len(), unlisted)
}

/// What could not be saved.
pub(crate) fn losses(page: &mut Page<'_>, losses: &[Loss], unlisted: u64) -> io::Result<()> {
    let rows = losses.iter().map(|loss| {
        let table = loss.keys.table.as_deref().unwrap_or("whole tables");
        row(loss.part, loss.problem, table)
    });
    list(page, rows, losses.len(), unlisted)
}

fn row(part: Part, problem: Problem, table: &str) -> Vec<Cell> {
    vec![
        Cell::new_owned(part.to_string()),
        Cell::new(in_words(problem)),
        Cell::new_owned(plain(table)),
    ]
}

fn list(
    page: &mut Page<'_>,
    rows: impl Iterator<Item = Vec<Cell>>,
    listed: usize,
    unlisted: u64,
) -> io::Result<()> {
    let headings = [
        heading("Where").whole(),
        heading("What").whole(),
        heading("Table"),
    ];
    page.wrapped_table(headings, rows.take(SHOWN))?;
    let more = unlisted.saturating_add(listed.saturating_sub(SHOWN) as u64);
    if more > 0 {
        page.line(&format!("… and {}.", counted(more, "more place")))?;
    }
    Ok(())
}

const fn code(problem: Problem) -> &'static str {
    match problem {
        Problem::Damaged => "damaged",
        Problem::Unreadable => "unreadable",
        Problem::OutOfPlace => "out_of_place",
        _ => "other",
    }
}

const fn in_words(problem: Problem) -> &'static str {
    match problem {
        Problem::Damaged => "is damaged",
        Problem::Unreadable => "cannot be read from the disk",
        Problem::OutOfPlace => "is not what belongs there",
        _ => "is wrong",
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
