//! What a sync tells while it runs, and what it did.

use std::io;

use serde_json::{Value as Json, json};
use vault_core::{SyncEvent, SyncReport};

use super::{Page, Tone, activity, bytes, counted, grant::why_not, log, plain, span};
use crate::find::short;

/// Something that a sync told.
pub(crate) struct Told {
    /// What.
    pub(crate) event: SyncEvent,
    /// The application that it is about, where the event itself does not carry its name.
    pub(crate) app: Option<String>,
}

impl Told {
    /// As scripts read it; none for a notice that this version cannot read.
    pub(crate) fn json(&self) -> Option<Json> {
        Some(match &self.event {
            SyncEvent::Connected => json!({ "event": "connected" }),
            SyncEvent::Progress {
                acknowledged,
                remaining,
            } => json!({ "event": "progress", "entries": acknowledged, "remaining": remaining }),
            SyncEvent::Notice(notice) => {
                let notice = activity::notice_json((**notice).clone(), self.app.clone())?;
                json!({ "event": "notice", "notice": notice })
            }
            SyncEvent::StatementAccepted { grant, number } => {
                json!({ "event": "decision_delivered", "grant_id": grant.to_string(), "number": number })
            }
            SyncEvent::StatementRefused { grant, why } => json!({
                "event": "decision_not_accepted",
                "grant_id": grant.to_string(),
                "reason": why_not(*why),
            }),
            SyncEvent::StatementTaken { grant, dropped } => json!({
                "event": "decision_of_another_copy",
                "grant_id": grant.to_string(),
                "dropped_here": dropped,
            }),
            SyncEvent::OthersRevoked => json!({ "event": "other_devices_revoked" }),
            SyncEvent::Erased { grant } => {
                json!({ "event": "erased", "grant_id": grant.to_string(), "verified": true })
            }
            SyncEvent::LogContradicted(kind) => {
                json!({ "event": "log_contradicted", "kind": log::name(*kind) })
            }
            SyncEvent::Disconnected { reason, retry_in_ms } => {
                json!({ "event": "disconnected", "reason": reason, "retry_in_ms": retry_in_ms })
            }
        })
    }

    /// As a person reads it while following along.
    pub(crate) fn write(&self, page: &mut Page<'_>) -> io::Result<()> {
        match &self.event {
            SyncEvent::Connected => page.toned(Tone::Good, "Connected."),
            SyncEvent::Progress {
                acknowledged,
                remaining: 0,
            } if *acknowledged > 0 => {
                page.line(&format!("{} sent so far.", counted(*acknowledged, "change")))
            }
            SyncEvent::Progress { .. } => Ok(()),
            SyncEvent::StatementAccepted { grant, .. } => {
                page.line(&format!("The server has your decision on {}.", short(grant)))
            }
            SyncEvent::Disconnected { reason, retry_in_ms } => {
                let seconds = retry_in_ms.div_ceil(1_000);
                let again = span(i64::try_from(seconds * 1_000).unwrap_or(i64::MAX));
                let text = format!("{}; trying again in {again}.", plain(reason));
                page.toned(Tone::Waiting, &text)
            }
            SyncEvent::Notice(_)
            | SyncEvent::StatementRefused { .. }
            | SyncEvent::StatementTaken { .. }
            | SyncEvent::OthersRevoked
            | SyncEvent::LogContradicted(_)
            | SyncEvent::Erased { .. } => self.write_news(page),
        }
    }

    /// What the owner should know of, even if they did not follow along.
    fn write_news(&self, page: &mut Page<'_>) -> io::Result<()> {
        match &self.event {
            SyncEvent::Notice(notice) => match activity::sentence((**notice).clone(), self.app.clone()) {
                Some(sentence) => page.line(&format!("{sentence}.")),
                None => Ok(()),
            },
            SyncEvent::StatementRefused { grant, why } => {
                let text = format!("{} is not in force: {}.", short(grant), why_not(*why));
                page.toned(Tone::Bad, &text)
            }
            SyncEvent::StatementTaken { grant, dropped } => {
                let also = match dropped {
                    true => " What you had allowed here again was dropped for it.",
                    false => "",
                };
                let text = format!(
                    "Another copy of this vault changed {}; this one follows.{also}",
                    short(grant)
                );
                page.toned(Tone::Waiting, &text)
            }
            SyncEvent::OthersRevoked => page.toned(
                Tone::Good,
                "Every other device of this vault is revoked: only this one speaks for it now.",
            ),
            SyncEvent::LogContradicted(kind) => page.toned(Tone::Bad, log::sentence(*kind)),
            SyncEvent::Erased { grant } => {
                let text = format!(
                    "The server erased what it held of {}, and proved it.",
                    short(grant)
                );
                page.toned(Tone::Good, &text)
            }
            _ => Ok(()),
        }
    }
}

/// What a sync did, as scripts read it.
pub(crate) fn report_json(done: &SyncReport, told: &[Told]) -> Json {
    let not_accepted = told
        .iter()
        .filter(|told| matches!(told.event, SyncEvent::StatementRefused { .. }));
    let erased = told.iter().filter_map(|told| match told.event {
        SyncEvent::Erased { grant } => Some(grant.to_string()),
        _ => None,
    });
    json!({
        "entries": done.entries,
        "entry_bytes": done.entry_bytes,
        "rejected": done.rejected,
        "statements": done.statements,
        "notices": done.notices,
        "not_accepted": not_accepted.filter_map(Told::json).collect::<Vec<_>>(),
        "erased": erased.collect::<Vec<_>>(),
    })
}

/// What a sync did and brought.
pub(crate) fn report(page: &mut Page<'_>, done: &SyncReport, told: &[Told]) -> io::Result<()> {
    for told in told {
        told.write_news(page)?;
    }
    let parts = [
        (
            done.statements,
            format!("{} delivered", counted(done.statements, "decision")),
        ),
        (
            done.entries,
            format!(
                "{} sent ({})",
                counted(done.entries, "change"),
                bytes(done.entry_bytes)
            ),
        ),
        (
            done.notices,
            format!("{} received", counted(done.notices, "notice")),
        ),
    ];
    let parts: Vec<_> = parts
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(_, part)| part)
        .collect();
    match parts.is_empty() {
        true => page.line("Up to date.")?,
        false => page.toned(Tone::Good, &format!("{}.", parts.join(", ")))?,
    }
    if done.rejected > 0 {
        let text = format!("{} not stored by the server.", counted(done.rejected, "change"));
        page.toned(Tone::Bad, &text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use vault_core::{GrantId, wire::frame::StatementRefusal};

    use super::*;
    use crate::show::samples::{notices, screen, shown};

    fn told() -> Vec<Told> {
        let grant = GrantId([4; 16]);
        let why = StatementRefusal::DecidedTooLate;
        let read = notices().swap_remove(1).event;
        let events = [
            SyncEvent::Connected,
            SyncEvent::Notice(Box::new(read)),
            SyncEvent::StatementAccepted { grant, number: 2 },
            SyncEvent::StatementRefused { grant, why },
            SyncEvent::Erased { grant },
            SyncEvent::Progress {
                acknowledged: 1_200,
                remaining: 0,
            },
            SyncEvent::Disconnected {
                reason: "the server did not answer in time".into(),
                retry_in_ms: 1_500,
            },
        ];
        let app = Some("Acme Rewards".to_owned());
        events
            .map(|event| Told {
                event,
                app: app.clone(),
            })
            .into()
    }

    #[test]
    fn whoever_follows_along_is_told_each_event_in_a_line() {
        let text = shown(&screen(), |page| {
            told().iter().try_for_each(|told| told.write(page))
        });
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 7, "{text}");
        assert!(lines[1].starts_with("Acme Rewards read 120 records"), "{text}");
        assert!(
            lines[3].contains("is not in force: the decision was made after"),
            "{text}"
        );
        assert!(lines[5].contains("1,200 changes"), "{text}");
        assert!(lines[6].ends_with("trying again in 2 s."), "{text}");
        let names: Vec<_> = told()
            .iter()
            .filter_map(Told::json)
            .map(|event| event["event"].clone())
            .collect();
        assert_eq!(names.len(), 7);
        assert_eq!(names[3], "decision_not_accepted");
    }

    #[test]
    fn a_report_brings_the_news_and_leaves_out_the_rest() {
        let done = SyncReport {
            entries: 1_200,
            entry_bytes: 96_000,
            statements: 1,
            ..SyncReport::default()
        };
        let text = shown(&screen(), |page| report(page, &done, &told()));
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(
            text.ends_with("1 decision delivered, 1,200 changes sent (93.7 KiB).\n"),
            "{text}"
        );
        let json = report_json(&done, &told());
        assert_eq!(json["not_accepted"].as_array().unwrap().len(), 1);
        assert_eq!(json["erased"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn nothing_to_do_is_up_to_date() {
        let text = shown(&screen(), |page| report(page, &SyncReport::default(), &[]));
        assert_eq!(text, "Up to date.\n");
    }
}
