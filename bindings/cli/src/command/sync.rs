//! `vault sync`

use std::{cell::RefCell, future::Future};

use clap::Args;
use serde_json::{Value as Json, json};
use tokio::sync::Notify;
use vault_core::{SyncEvent, SyncReport, Vault, wire::frame::Event};

use crate::{
    context::Context,
    failure::Failure,
    find::short,
    online::block_on,
    output::Output,
    progress::Progress,
    show::{self, Page, Tone, bytes, counted, span},
};

/// Sends what is consented and not yet sent, and fetches requests and receipts. Decisions go first.
#[derive(Args)]
pub(crate) struct Sync {
    /// Stay connected and sync changes as they come, until Ctrl-C
    #[arg(long)]
    watch: bool,
}

impl Sync {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let vault = context.open()?;
        match self.watch {
            true => watch(&vault, &mut context.output),
            false => once(&vault, &mut context.output),
        }
    }
}

fn once(vault: &Vault, output: &mut Output) -> Result<(), Failure> {
    let progress = Progress::of_entries(output);
    let mut notices = Vec::new();
    let report = block_on(vault.sync(|event| match event {
        SyncEvent::Progress {
            acknowledged,
            remaining,
        } => progress.reached_of(acknowledged, acknowledged.saturating_add(remaining)),
        SyncEvent::Notice(event) => notices.push(*event),
        _ => {}
    }))?;
    drop(progress);
    output.show(
        || report_json(&report),
        |page| write_report(page, &report, notices),
    )
}

fn report_json(report: &SyncReport) -> Json {
    json!({
        "entries": report.entries,
        "entry_bytes": report.entry_bytes,
        "rejected": report.rejected,
        "statements": report.statements,
        "notices": report.notices,
    })
}

fn write_report(page: &mut Page<'_>, report: &SyncReport, notices: Vec<Event>) -> std::io::Result<()> {
    for sentence in notices.into_iter().filter_map(show::activity::sentence) {
        page.line(&format!("{sentence}."))?;
    }
    let mut done = Vec::new();
    if report.statements > 0 {
        done.push(format!("{} delivered", counted(report.statements, "decision")));
    }
    if report.entries > 0 {
        let sent = counted(report.entries, "change");
        done.push(format!("{sent} sent ({})", bytes(report.entry_bytes)));
    }
    if report.notices > 0 {
        done.push(format!("{} received", counted(report.notices, "notice")));
    }
    match done.is_empty() {
        true => page.line("Up to date.")?,
        false => page.toned(Tone::Good, &format!("{}.", done.join(", ")))?,
    }
    if report.rejected > 0 {
        let text = format!("{} not stored by the server.", counted(report.rejected, "change"));
        page.toned(Tone::Bad, &text)?;
    }
    Ok(())
}

/// Follows along until Ctrl-C, or until nobody reads the answer any more.
fn watch(vault: &Vault, output: &mut Output) -> Result<(), Failure> {
    output.remark("Watching; Ctrl-C ends it.")?;
    let unread = Notify::new();
    let writing = RefCell::new(Ok(()));
    let tell = |event: SyncEvent| {
        let mut writing = writing.borrow_mut();
        if writing.is_ok() {
            *writing = follow(output, event);
        }
        if writing.is_err() {
            unread.notify_one();
        }
    };
    block_on(async { vault.watch(interrupted_or(unread.notified()), tell).await })?;
    writing.into_inner()
}

async fn interrupted_or(unread: impl Future<Output = ()>) {
    tokio::select! {
        // Where the system reports no Ctrl-C, only the default way to end is left.
        interrupted = tokio::signal::ctrl_c() => if interrupted.is_err() { std::future::pending().await },
        () = unread => {}
    }
}

fn follow(output: &mut Output, event: SyncEvent) -> Result<(), Failure> {
    output.show_list(event_json(&event), |page| write_event(page, event))?;
    output.flush()
}

fn event_json(event: &SyncEvent) -> Option<Json> {
    Some(match event {
        SyncEvent::Connected => json!({ "event": "connected" }),
        SyncEvent::Progress {
            acknowledged,
            remaining,
        } => json!({ "event": "progress", "entries": acknowledged, "remaining": remaining }),
        SyncEvent::Notice(event) => {
            let entry = show::activity::notice_json((**event).clone())?;
            json!({ "event": "notice", "notice": entry })
        }
        SyncEvent::StatementAccepted { grant, number } => {
            json!({ "event": "decision_delivered", "grant_id": grant.to_string(), "number": number })
        }
        SyncEvent::StatementRefused { grant, why } => json!({
            "event": "decision_not_accepted",
            "grant_id": grant.to_string(),
            "reason": show::grant::why_not(*why),
        }),
        SyncEvent::Erased { grant } => {
            json!({ "event": "erased", "grant_id": grant.to_string(), "verified": true })
        }
        SyncEvent::Disconnected { reason, retry_in_ms } => {
            json!({ "event": "disconnected", "reason": reason, "retry_in_ms": retry_in_ms })
        }
    })
}

fn write_event(page: &mut Page<'_>, event: SyncEvent) -> std::io::Result<()> {
    match event {
        SyncEvent::Connected => page.toned(Tone::Good, "Connected."),
        SyncEvent::Progress {
            acknowledged,
            remaining: 0,
        } if acknowledged > 0 => page.line(&format!("{} sent.", counted(acknowledged, "change"))),
        SyncEvent::Progress { .. } => Ok(()),
        SyncEvent::Notice(event) => match show::activity::sentence(*event) {
            Some(sentence) => page.line(&format!("{sentence}.")),
            None => Ok(()),
        },
        SyncEvent::StatementAccepted { grant, .. } => {
            page.line(&format!("The server has your decision on {}.", short(&grant)))
        }
        SyncEvent::StatementRefused { grant, why } => {
            let why = show::grant::why_not(why);
            page.toned(Tone::Bad, &format!("{} is not in force: {why}.", short(&grant)))
        }
        SyncEvent::Erased { grant } => {
            let text = format!("The server erased {} and proved it.", short(&grant));
            page.toned(Tone::Good, &text)
        }
        SyncEvent::Disconnected { reason, retry_in_ms } => {
            let again = span(i64::try_from(retry_in_ms).unwrap_or(i64::MAX));
            page.toned(
                Tone::Waiting,
                &format!("{}; trying again in {again}.", show::plain(&reason)),
            )
        }
    }
}
