//! How the log stands that the server keeps of all it told.

use std::io;

use serde_json::{Value as Json, json};
use vault_core::{LogFaultKind, LogStanding};

use super::{Page, Tone, local};

/// A contradiction, as scripts read it.
pub(crate) const fn name(kind: LogFaultKind) -> &'static str {
    match kind {
        LogFaultKind::Replaced => "replaced",
        LogFaultKind::Shortened => "shortened",
        LogFaultKind::Forked => "forked",
    }
}

/// A contradiction, in words.
pub(crate) const fn sentence(kind: LogFaultKind) -> &'static str {
    match kind {
        LogFaultKind::Replaced => {
            "The server began another log: its data was set back, or it hides what it had told. What it signed before is kept."
        }
        LogFaultKind::Shortened => {
            "The server's log is shorter than what it told: it takes something back. Both of its signatures are kept."
        }
        LogFaultKind::Forked => {
            "The server's log is not what it told this vault. Both of its signatures are kept."
        }
    }
}

/// How the log stands, as scripts read it.
pub(crate) fn json(standing: &LogStanding) -> Json {
    let faults = standing.faults.iter().map(|fault| {
        json!({
            "at": fault.at.to_string(),
            "kind": name(fault.kind),
        })
    });
    json!({
        "notices": standing.number,
        "agreed_at": standing.agreed_at.map(|at| at.to_string()),
        "contradictions": faults.collect::<Vec<_>>(),
    })
}

/// In one line, how far both sides agree.
pub(crate) fn agreement(standing: &LogStanding, page: &Page<'_>) -> String {
    match standing.agreed_at {
        Some(at) => format!(
            "{} notices, as the server signed {}",
            standing.number,
            local(at, page.screen)
        ),
        None => "nothing told yet".to_owned(),
    }
}

/// Every contradiction, latest first.
pub(crate) fn contradictions(page: &mut Page<'_>, standing: &LogStanding) -> io::Result<()> {
    for fault in &standing.faults {
        let when = local(fault.at, page.screen);
        page.toned(Tone::Bad, &format!("{when}: {}", sentence(fault.kind)))?;
    }
    Ok(())
}
