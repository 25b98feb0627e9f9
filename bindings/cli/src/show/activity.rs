//! What happened at the server: reads, refused reads, links, requests and erasures.

use std::io;

use comfy_table::Cell;
use serde_json::{Value as Json, json};
use vault_core::{
    Activity, ErasureProof, Grant, GrantId, InboxRequest, Timestamp,
    wire::{
        frame::{Closed, Event},
        receipt::{ReadReceipt, RefusedReads},
        request::ConsentRequest,
    },
};

use crate::find::short;

use super::{Page, Tone, count, counted, heading, local, plain, state, terms};

/// One thing that happened.
pub(crate) struct Entry {
    at: Option<Timestamp>,
    app: Option<String>,
    what: What,
}

enum What {
    Read(ReadReceipt),
    Refused(RefusedReads),
    Linked {
        subject: String,
    },
    Asked(Box<ConsentRequest>),
    Closed {
        request: String,
        how: Closed,
    },
    /// A decision of the owner took effect.
    Stated {
        grant: GrantId,
        number: u64,
    },
    Erased(Box<ErasureProof>),
}

/// Everything that happened, latest first. Names of applications come from requests and grants where a
/// notice does not carry one.
pub(crate) fn entries(
    activity: Vec<Activity>,
    erasures: Vec<ErasureProof>,
    grants: &[Grant],
    requests: &[InboxRequest],
) -> Vec<Entry> {
    let mut erased: Vec<_> = erasures
        .into_iter()
        .map(|proof| Entry::of_erasure(proof, grants))
        .collect();
    erased.sort_by_key(|entry| entry.at);
    let mut all = Vec::new();
    for notice in activity {
        let Some(entry) = Entry::of_notice(notice, requests) else {
            continue;
        };
        while entry.at.is_some() && erased.last().is_some_and(|erasure| erasure.at >= entry.at) {
            all.extend(erased.pop());
        }
        all.push(entry);
    }
    all.extend(erased.into_iter().rev());
    all
}

impl Entry {
    fn of_erasure(proof: ErasureProof, grants: &[Grant]) -> Self {
        let grant = grants.iter().find(|grant| grant.id == proof.erasure.grant);
        Self {
            at: Some(proof.erasure.erased_at),
            app: grant.map(|grant| grant.app.display_name.clone()),
            what: What::Erased(Box::new(proof)),
        }
    }

    fn of_event(event: Event, app_name: Option<String>) -> Option<Self> {
        let notice = Activity {
            number: 0,
            app_name,
            event,
        };
        Self::of_notice(notice, &[])
    }

    /// Nothing for a request that this version cannot read: it can never be answered either.
    fn of_notice(notice: Activity, requests: &[InboxRequest]) -> Option<Self> {
        let (at, app, what) = match notice.event {
            Event::Read(receipt) => (Some(receipt.at), None, What::Read(receipt)),
            Event::RefusedReads(refused) => {
                let app = Some(refused.app_name.clone());
                (Some(refused.at), app, What::Refused(refused))
            }
            Event::Linked { app, subject, at } => {
                let subject = subject.to_string();
                (Some(at), Some(app.display_name), What::Linked { subject })
            }
            Event::Request(delivered) => {
                let request = ConsentRequest::from_bytes(&delivered.bytes).ok()?;
                let app = request.app.display_name.clone();
                (
                    Some(request.created_at),
                    Some(app),
                    What::Asked(Box::new(request)),
                )
            }
            Event::RequestClosed { request, how } => {
                let known = requests.iter().find(|inbox| inbox.request.id == request);
                let app = known.map(|inbox| inbox.request.app.display_name.clone());
                let request = request.to_string();
                (None, app, What::Closed { request, how })
            }
            Event::Stated {
                grant, number, at, ..
            } => (Some(at), None, What::Stated { grant, number }),
            // The erasure receipt says more.
            Event::Erased { .. } => return None,
        };
        Some(Self {
            at,
            app: app.or(notice.app_name),
            what,
        })
    }

    /// As scripts read it; `type` says what happened.
    pub(crate) fn json(&self) -> Json {
        let mut entry = match &self.what {
            What::Read(read) => json!({
                "type": "read",
                "read_id": read.id.to_string(),
                "app_id": read.app.to_string(),
                "grant_id": read.grant.to_string(),
                "purpose": read.purpose.code(),
                "category": read.category.name(),
                "fields": read.fields,
                "records": read.records,
            }),
            What::Refused(refused) => json!({
                "type": "refused_reads",
                "app_id": refused.app.to_string(),
                "category": refused.category.name(),
                "attempts": refused.attempts,
            }),
            What::Linked { subject } => json!({ "type": "linked", "subject_id": subject }),
            What::Asked(request) => json!({
                "type": "consent_request",
                "request_id": request.id.to_string(),
                "requested": terms::json(&request.terms),
            }),
            What::Closed { request, how } => json!({
                "type": "consent_request_closed",
                "request_id": request,
                "status": match how {
                    Closed::Cancelled => "cancelled",
                    Closed::Expired => "expired",
                    Closed::Superseded => "superseded",
                },
            }),
            What::Stated { grant, number } => json!({
                "type": "decision_in_force",
                "grant_id": grant.to_string(),
                "number": number,
            }),
            What::Erased(proof) => erasure_json(proof),
        };
        entry["at"] = self.at.map(|at| at.to_string()).into();
        entry["app_name"] = self.app.clone().into();
        entry
    }

    fn tone(&self) -> Option<Tone> {
        match self.what {
            What::Refused(_) => Some(Tone::Bad),
            What::Asked(_) => Some(Tone::Waiting),
            What::Erased(_) => Some(Tone::Good),
            What::Read(_) | What::Linked { .. } | What::Closed { .. } | What::Stated { .. } => None,
        }
    }

    fn sentence(&self) -> String {
        match &self.what {
            What::Read(read) => format!(
                "read {} of {} ({}) for {}",
                counted(read.records.into(), "record"),
                read.category,
                plain(&read.fields.join(", ")),
                read.purpose.code()
            ),
            What::Refused(refused) => format!(
                "tried to read {} {} without consent and was refused",
                refused.category,
                counted(refused.attempts.into(), "time")
            ),
            What::Linked { .. } => "was linked to this vault by a code".to_owned(),
            What::Asked(request) => format!(
                "asked for {} for {}",
                terms::categories(&request.terms),
                request.terms.purpose.code()
            ),
            What::Closed { how, .. } => match how {
                Closed::Cancelled => "took its request back".to_owned(),
                Closed::Expired => "got no answer in time: its request lapsed".to_owned(),
                Closed::Superseded => "replaced its request by another".to_owned(),
            },
            What::Stated { grant, .. } => format!("your decision on {} is in force", short(grant)),
            What::Erased(proof) => {
                let erasure = &proof.erasure;
                format!(
                    "the server erased what it held: {} and {}; its signature holds",
                    counted_entries(erasure.entries),
                    counted(erasure.keys.into(), "key")
                )
            }
        }
    }
}

fn counted_entries(number: u64) -> String {
    match number {
        1 => "1 entry".to_owned(),
        number => format!("{} entries", count(number)),
    }
}

/// A verified erasure receipt as scripts read it.
fn erasure_json(proof: &ErasureProof) -> Json {
    let erasure = &proof.erasure;
    json!({
        "type": "erased",
        "erasure_id": erasure.id.to_string(),
        "grant_id": erasure.grant.to_string(),
        "entries": erasure.entries,
        "keys": erasure.keys,
        "backups_expire_at": erasure.backups_expire_at.map(|at| at.to_string()),
        "verified": true,
    })
}

/// What happened, in sentences.
pub(crate) fn list(page: &mut Page<'_>, entries: &[Entry]) -> io::Result<()> {
    if entries.is_empty() {
        return page.line("Nothing has happened at the server, as far as the last sync knows.");
    }
    let screen = page.screen;
    let rows = entries.iter().map(|entry| {
        let at = entry.at.map(|at| local(at, screen));
        let sentence = entry.sentence();
        vec![
            Cell::new(at.unwrap_or_default()),
            Cell::new(entry.app.as_deref().map(plain).unwrap_or_default()),
            match entry.tone() {
                Some(tone) => state(tone, &sentence),
                None => Cell::new(sentence),
            },
        ]
    });
    let headings = [
        heading("When").whole(),
        heading("Application"),
        heading("What happened"),
    ];
    page.wrapped_table(headings, rows)
}

/// One notice as a sentence, for following along; none if this version cannot read it. `known` is the
/// name of its application, where the notice does not carry one.
pub(crate) fn sentence(event: Event, known: Option<String>) -> Option<String> {
    let entry = Entry::of_event(event, known)?;
    if let What::Stated { grant, .. } = &entry.what {
        return Some(format!("Your decision on {} is in force", short(grant)));
    }
    let app = entry
        .app
        .as_deref()
        .map_or_else(|| "An application".to_owned(), plain);
    Some(format!("{app} {}", entry.sentence()))
}

/// One notice as scripts read it; none if this version cannot read it.
pub(crate) fn notice_json(event: Event, known: Option<String>) -> Option<Json> {
    Some(Entry::of_event(event, known)?.json())
}

#[cfg(test)]
mod tests {
    use vault_core::GrantState;

    use super::*;
    use crate::show::samples::{erasure, grant, inbox_request, notices, screen, shown};

    fn all() -> Vec<Entry> {
        let grants = [grant(GrantState::Erased, false)];
        entries(
            notices(),
            vec![erasure(grants[0].id)],
            &grants,
            &[inbox_request()],
        )
    }

    #[test]
    fn what_happened_reads_as_sentences_latest_first() {
        let text = shown(&screen(), |page| list(page, &all()));
        let lines: Vec<_> = text.lines().skip(1).collect();
        let expected = [
            "Acme Rewards  the server erased what it held: 1,200 entries and 1 key",
            "Snoop         tried to read health 3 times without consent and was refused",
            "Acme Rewards  read 120 records of receipts (brand, purchased_at) for personalisation",
            "Acme Rewards  got no answer in time: its request lapsed",
            "Acme Rewards  asked for receipts (3 fields), locations (3 fields) for personalisation",
            "Acme Rewards  was linked to this vault by a code",
        ];
        assert_eq!(lines.len(), expected.len(), "{text}");
        for (line, expected) in lines.iter().zip(expected) {
            assert!(line.contains(expected), "{expected:?} is missing:\n{text}");
        }
    }

    #[test]
    fn each_entry_says_to_scripts_what_it_is() {
        let json: Vec<_> = all().iter().map(Entry::json).collect();
        let types: Vec<_> = json.iter().map(|entry| entry["type"].as_str().unwrap()).collect();
        assert_eq!(
            types,
            [
                "erased",
                "refused_reads",
                "read",
                "consent_request_closed",
                "consent_request",
                "linked"
            ]
        );
        assert_eq!(json[0]["verified"], true);
        assert_eq!(json[2]["app_name"], "Acme Rewards");
    }

    #[test]
    fn whoever_follows_along_is_told_who_it_was() {
        let followed = |name: Option<&str>| {
            let read = notices().swap_remove(1).event;
            sentence(read, name.map(str::to_owned)).unwrap()
        };
        assert!(followed(Some("Acme Rewards")).starts_with("Acme Rewards read 120 records"));
        assert!(followed(None).starts_with("An application read"));
    }

    #[test]
    fn a_request_that_cannot_be_read_is_passed_over() {
        let mut broken = notices();
        for notice in &mut broken {
            if let Event::Request(delivered) = &mut notice.event {
                delivered.bytes.clear();
            }
        }
        assert_eq!(entries(broken, Vec::new(), &[], &[]).len(), notices().len() - 1);
    }
}
