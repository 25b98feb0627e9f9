//! Consent receipts, and what a check of some came to.

use std::io;

use comfy_table::Cell;
use serde_json::{Value as Json, json};
use vault_core::{
    InvalidReceipt, Receipt, VerifiedReceipt,
    wire::{json::hex, signature::PublicKey, time::Timestamp},
};

use super::{Page, Tone, heading, history, local, plain, state};
use crate::find::short;

/// A receipt after its check.
pub(crate) struct Checked {
    /// What it says, or why it does not hold.
    pub(crate) outcome: Result<VerifiedReceipt, InvalidReceipt>,
    /// Whether it follows the receipt before it, where that is of the same grant.
    pub(crate) follows: bool,
}

impl Checked {
    /// Whether everything holds.
    pub(crate) const fn holds(&self) -> bool {
        self.outcome.is_ok() && self.follows
    }

    /// As scripts read it.
    pub(crate) fn json(&self) -> Json {
        let word = |word: Option<(PublicKey, Timestamp)>| {
            word.map(|(key, at)| json!({ "server_key": hex(&key.0), "at": at.to_string() }))
        };
        match &self.outcome {
            Err(why) => json!({ "valid": false, "reason": why.to_string() }),
            Ok(receipt) => json!({
                "valid": self.follows,
                "reason": (!self.follows).then_some(BROKEN_CHAIN),
                "grant_id": receipt.statement.grant.to_string(),
                "number": receipt.statement.number,
                "event": history::event(&receipt.statement.event),
                "decided_at": receipt.statement.decided_at.to_string(),
                "application": receipt.request.app.display_name,
                "signed_by_application": receipt.signed_by_application,
                "accepted": word(receipt.accepted),
                "erased": word(receipt.erased),
            }),
        }
    }
}

const BROKEN_CHAIN: &str = "it does not follow the receipt before it: one is missing";

/// Receipts as a table.
pub(crate) fn list(page: &mut Page<'_>, receipts: &[Receipt]) -> io::Result<()> {
    if receipts.is_empty() {
        return page.line("You have said nothing yet.");
    }
    let screen = page.screen;
    let rows = receipts.iter().map(|receipt| {
        let standing = match (receipt.refused, &receipt.acceptance, &receipt.erasure) {
            (Some(why), ..) => state(Tone::Bad, super::grant::why_not(why)),
            (None, _, Some(_)) => state(Tone::Good, "erased, with receipt"),
            (None, Some(_), None) => state(Tone::Good, "in force"),
            (None, None, None) => state(Tone::Waiting, "not yet delivered"),
        };
        vec![
            Cell::new(short(&receipt.statement.grant)),
            Cell::new(receipt.statement.number),
            Cell::new(history::event(&receipt.statement.event)),
            Cell::new(plain(&receipt.request.app.display_name)),
            Cell::new(local(receipt.statement.decided_at, screen)),
            standing,
        ]
    });
    let headings = [
        heading("Grant").whole(),
        heading("No.").whole(),
        heading("Said").whole(),
        heading("Application"),
        heading("When").whole(),
        heading("Standing"),
    ];
    page.wrapped_table(headings, rows)?;
    page.toned(
        Tone::Over,
        "`vault receipts --json` prints them whole; `vault receipts --verify FILE` checks them anywhere.",
    )
}

/// What a check came to, as a table.
pub(crate) fn checked(page: &mut Page<'_>, checked: &[Checked]) -> io::Result<()> {
    let screen = page.screen;
    let rows = checked.iter().map(|checked| match &checked.outcome {
        Err(why) => vec![
            Cell::new(""),
            Cell::new(""),
            Cell::new(""),
            state(Tone::Bad, &why.to_string()),
        ],
        Ok(receipt) => {
            let holds = match (checked.follows, receipt.accepted, receipt.erased) {
                (false, ..) => state(Tone::Bad, BROKEN_CHAIN),
                (true, _, Some((key, at))) => state(Tone::Good, &word("erased", key, &local(at, screen))),
                (true, Some((key, at)), None) => {
                    state(Tone::Good, &word("in force since", key, &local(at, screen)))
                }
                (true, None, None) => state(Tone::Good, "signed; no word of a server"),
            };
            vec![
                Cell::new(short(&receipt.statement.grant)),
                Cell::new(receipt.statement.number),
                Cell::new(history::event(&receipt.statement.event)),
                holds,
            ]
        }
    });
    let headings = [
        heading("Grant").whole(),
        heading("No.").whole(),
        heading("Said").whole(),
        heading("Check"),
    ];
    page.wrapped_table(headings, rows)
}

fn word(what: &str, key: PublicKey, at: &str) -> String {
    format!("holds; {what} {at}, says server {}…", &hex(&key.0)[..16])
}
