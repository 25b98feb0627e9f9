//! What was said of one grant, what was sent under it, and what the server did not take.

use std::io;

use comfy_table::Cell;
use serde_json::{Value as Json, json};
use vault_core::{
    Grant, GrantHistory, Receipt, RejectedRecord, Shared,
    wire::{frame::Rejection, json::hex, statement::Event},
};

use super::{Facts, Page, Tone, counted, grant::why_not, heading, local, state};
use crate::find::short;

/// A grant with its history as scripts read it.
pub(crate) fn json(grant: &Grant, history: &GrantHistory) -> Json {
    let mut json = super::grant::json(grant);
    json["statements"] = history.receipts.iter().map(statement_json).collect();
    json["sent"] = sent_json(&history.shared);
    json
}

fn statement_json(receipt: &Receipt) -> Json {
    json!({
        "number": receipt.statement.number,
        "event": event(&receipt.statement.event),
        "decided_at": receipt.statement.decided_at.to_string(),
        "digest": hex(&receipt.signed.digest()),
        "accepted": receipt.acceptance.is_some(),
        "refused_because": receipt.refused.map(why_not),
    })
}

fn sent_json(shared: &Shared) -> Json {
    let rejected = |rejected: &RejectedRecord| {
        json!({
            "record_id": rejected.record.map(|id| id.to_string()),
            "because": why(rejected.why),
            "at": rejected.at.to_string(),
        })
    };
    json!({
        "records": shared.records,
        "last_at": shared.last_at.map(|at| at.to_string()),
        "rejected": shared.rejected.iter().map(rejected).collect::<Vec<_>>(),
    })
}

/// The name of what a statement says.
pub(crate) const fn event(event: &Event) -> &'static str {
    match event {
        Event::Given(_) => "given",
        Event::Refused => "refused",
        Event::Narrowed(_) => "narrowed",
        Event::Paused => "paused",
        Event::Resumed => "resumed",
        Event::Withdrawn => "withdrawn",
        Event::Renewed(_) => "renewed",
    }
}

/// Why the server did not take a record, in words.
pub(crate) const fn why(why: Rejection) -> &'static str {
    match why {
        Rejection::NotAuthentic => "the server could not open it",
        Rejection::OutsideGrant => "it shows more than the server knows to be granted",
        Rejection::TooLarge => "it is too large",
        Rejection::Stale(_) => "the server has a newer state of it",
        Rejection::GrantOver => "the grant was paused or over",
    }
}

/// What was said and sent, as a person reads it.
pub(crate) fn write(page: &mut Page<'_>, grant: &Grant, history: &GrantHistory) -> io::Result<()> {
    page.gap()?;
    page.title("What you said")?;
    let screen = page.screen;
    let rows = history.receipts.iter().map(|receipt| {
        let standing = match (receipt.refused, &receipt.acceptance) {
            (Some(why), _) => state(Tone::Bad, why_not(why)),
            (None, Some(_)) => state(Tone::Good, "in force"),
            (None, None) if receipt.erasure.is_some() => state(Tone::Good, "erased, with receipt"),
            (None, None) => state(Tone::Waiting, "not yet delivered"),
        };
        vec![
            Cell::new(receipt.statement.number),
            Cell::new(event(&receipt.statement.event)),
            Cell::new(local(receipt.statement.decided_at, screen)),
            standing,
        ]
    });
    let headings = [
        heading("No.").whole(),
        heading("Said").whole(),
        heading("When").whole(),
        heading("Standing"),
    ];
    page.wrapped_table(headings, rows)?;
    page.gap()?;
    page.title("What they hold")?;
    let shared = &history.shared;
    let last = shared.last_at.map(|at| local(at, screen)).unwrap_or_default();
    let kept = match grant.terms.data_life {
        Some(life) => format!("{} after each read", counted(life.days.into(), "day")),
        None => "without limit".to_owned(),
    };
    page.facts(
        Facts::new()
            .with("Records", counted(shared.records, "record"))
            .with("Last sent", last)
            .with("May be kept", kept),
    )?;
    rejected(page, &shared.rejected)
}

fn rejected(page: &mut Page<'_>, rejected: &[RejectedRecord]) -> io::Result<()> {
    if rejected.is_empty() {
        return Ok(());
    }
    page.gap()?;
    let number = counted(rejected.len() as u64, "record");
    page.toned(Tone::Bad, &format!("{number} not taken by the server:"))?;
    let rows = rejected.iter().map(|one| {
        let id = one.record.map_or_else(|| "deleted".to_owned(), |id| short(&id));
        vec![Cell::new(id), Cell::new(why(one.why))]
    });
    page.wrapped_table([heading("Record").whole(), heading("Why")], rows)
}
