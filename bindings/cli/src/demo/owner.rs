//! The owner's decision: prompted for in the terminal, or taken as the narrowed answer.

use std::io::{BufRead, Write};

use anyhow::Context;
use vault_core::{InboxRequest, Preview, Selection, Vault, wire::json};

use super::ask::Ask;

/// What the owner decided.
pub(super) enum Decision {
    Approve(Selection),
    Reject,
}

/// Shows who asks for what and exactly what would leave, and asks.
pub(super) fn decide(
    vault: &Vault,
    request: &InboxRequest,
    ask: &Ask,
    prose: Option<&mut dyn Write>,
    interactive: bool,
) -> anyhow::Result<Decision> {
    let everything = Selection::everything(&request.request);
    let narrowed = ask.narrowed(everything.clone())?;
    let Some(out) = prose else {
        return Ok(Decision::Approve(narrowed));
    };
    show_request(out, request)?;
    show_preview(out, "Everything that is asked", &vault.preview(request.request.id, &everything, 2)?)?;
    show_preview(out, "Narrowed: fewer fields, and coarser", &vault.preview(request.request.id, &narrowed, 2)?)?;
    if !interactive {
        writeln!(out, "  The owner answers: narrowed (--yes)\n")?;
        return Ok(Decision::Approve(narrowed));
    }
    loop {
        write!(out, "  Your answer: [n]arrowed, [e]verything, or [r]eject? ")?;
        out.flush()?;
        let mut answer = String::new();
        let read = std::io::stdin().lock().read_line(&mut answer).context("cannot read your answer")?;
        match answer.trim().to_ascii_lowercase().as_str() {
            "n" | "narrowed" => return Ok(Decision::Approve(narrowed)),
            "e" | "everything" => return Ok(Decision::Approve(everything)),
            "r" | "reject" => return Ok(Decision::Reject),
            _ if read == 0 => return Ok(Decision::Reject),
            _ => writeln!(out, "  Please type n, e or r.")?,
        }
    }
}

fn show_request(out: &mut dyn Write, shown: &InboxRequest) -> std::io::Result<()> {
    let request = &shown.request;
    let app = &request.app;
    writeln!(out, "\n  ┌─ Consent request on the owner's device")?;
    writeln!(out, "  │ Who       {} by {}, {}", app.display_name, app.controller, app.country)?;
    writeln!(out, "  │           this name is vouched for by the server only")?;
    writeln!(out, "  │ Why       {}", request.purpose_text)?;
    writeln!(out, "  │ You gain  {}", request.benefit)?;
    for detail in &request.terms.details {
        let fields: Vec<&str> = detail.fields.keys().map(String::as_str).collect();
        writeln!(out, "  │ What      {}: {}", detail.category, fields.join(", "))?;
    }
    match request.terms.duration.expires_at() {
        Some(end) => writeln!(out, "  │ Until     {end}")?,
        None => writeln!(out, "  │ Until     you withdraw")?,
    }
    if let Some(life) = request.terms.data_life {
        writeln!(out, "  │ Kept      at most {} days by the developer", life.days)?;
    }
    if !request.binding_code.is_empty() {
        writeln!(out, "  │ Code      {} (the developer sees the same)", request.binding_code)?;
    }
    writeln!(out, "  └─")
}

fn show_preview(out: &mut dyn Write, title: &str, preview: &Preview) -> std::io::Result<()> {
    writeln!(out, "  {title}: {} records, {} bytes before sealing. As they would leave:", preview.records, preview.payload_bytes)?;
    for record in &preview.sample {
        writeln!(out, "    {}", json::of_fields(&record.fields))?;
    }
    writeln!(out)
}
