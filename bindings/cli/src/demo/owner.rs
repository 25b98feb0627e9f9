//! The owner's decision: prompted for in the terminal, or taken as the narrowed answer.

use std::io::BufRead;

use anyhow::Context;
use vault_core::{InboxRequest, Selection, Vault};

use super::ask::Ask;
use crate::{
    output::Output,
    show::{preview, request},
};

/// What the owner decided.
pub(super) enum Decision {
    Approve(Selection),
    Reject,
}

/// Records that the owner is shown as they would leave.
const SAMPLE: usize = 3;

/// Shows who asks for what and exactly what would leave, and asks.
pub(super) fn decide(
    vault: &Vault,
    inbox: &InboxRequest,
    ask: &Ask,
    output: &mut Output,
    interactive: bool,
) -> anyhow::Result<Decision> {
    let everything = Selection::everything(&inbox.request);
    let narrowed = ask.narrowed(everything.clone())?;
    if output.is_json() {
        return Ok(Decision::Approve(narrowed));
    }
    let leaving = vault.preview(inbox.request.id, &narrowed, SAMPLE)?;
    output.page(|page| {
        page.gap()?;
        request::prompt(page, inbox, narrowed.terms())?;
        preview::write(page, &leaving, narrowed.terms())?;
        page.gap()
    })?;
    if !interactive {
        output.page(|page| {
            page.line("The owner answers: the narrowed selection (--yes)")?;
            page.gap()
        })?;
        return Ok(Decision::Approve(narrowed));
    }
    loop {
        output.ask("Your answer: [n]arrowed as shown, [e]verything that was asked, or [r]eject?")?;
        let mut answer = String::new();
        let read = std::io::stdin()
            .lock()
            .read_line(&mut answer)
            .context("cannot read your answer")?;
        match answer.trim().to_ascii_lowercase().as_str() {
            "n" | "narrowed" => return Ok(Decision::Approve(narrowed)),
            "e" | "everything" => return Ok(Decision::Approve(everything)),
            "r" | "reject" => return Ok(Decision::Reject),
            _ if read == 0 => return Ok(Decision::Reject),
            _ => output.remark("Please type n, e or r.")?,
        }
    }
}
