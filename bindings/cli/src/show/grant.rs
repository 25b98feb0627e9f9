//! Grants.

use std::io;

use comfy_table::Cell;
use serde_json::{Value as Json, json};
use vault_core::{Grant, GrantState, wire::frame::StatementRefusal};

use super::{Facts, Page, Tone, ago, heading, local, plain, request::app_json, state, terms};
use crate::find::short;

/// A grant as scripts read it.
pub(crate) fn json(grant: &Grant) -> Json {
    json!({
        "id": grant.id.to_string(),
        "status": status(grant.state),
        "refused_because": refusal(grant.state),
        "app": app_json(&grant.app),
        "request_id": grant.request.to_string(),
        "granted": terms::json(&grant.terms),
        "created_at": grant.created_at.to_string(),
        "expires_at": grant.expires_at.map(|at| at.to_string()),
        "amends": grant.amends.map(|id| id.to_string()),
        "superseded_by": grant.superseded_by.map(|id| id.to_string()),
        "ended_at": grant.ended_at.map(|at| at.to_string()),
        "delivered": !grant.undelivered,
        "keyless": grant.keyless,
    })
}

/// The name of a state for scripts.
const fn status(state: GrantState) -> &'static str {
    match state {
        GrantState::Active => "active",
        GrantState::Paused => "paused",
        GrantState::Expired => "expired",
        GrantState::Superseded => "superseded",
        GrantState::Withdrawn => "withdrawn",
        GrantState::Erased => "erased",
        GrantState::NotAccepted(_) => "not_accepted",
        GrantState::Refused => "refused",
    }
}

/// Why the server did not accept a grant, if it did not.
const fn refusal(state: GrantState) -> Option<&'static str> {
    match state {
        GrantState::NotAccepted(why) => Some(why_not(why)),
        _ => None,
    }
}

/// Why a statement is not in force, in words.
pub(crate) const fn why_not(why: StatementRefusal) -> &'static str {
    match why {
        StatementRefusal::Malformed => "the server could not read the decision",
        StatementRefusal::BadSignature => "the server did not accept the signature of the decision",
        StatementRefusal::UnknownRequest => "the server knows no such request",
        StatementRefusal::WiderThanAsked => "the decision allowed more than was asked",
        StatementRefusal::DecidedTooLate => "the decision was made after the request had lapsed",
        StatementRefusal::ArrivedTooLate => "the decision arrived too long after the request had lapsed",
        StatementRefusal::NotDelivered => "the request had not reached this vault before it lapsed",
        StatementRefusal::AlreadyClosed => "the request was answered, cancelled or replaced before",
        StatementRefusal::OutOfOrder => "the decision does not follow the last one that the server has",
        StatementRefusal::Withdrawn => "the grant was withdrawn",
        StatementRefusal::BadGrantKey => "the server could not open the key of the grant",
        StatementRefusal::LacksRequired => "the answer left out a field that the application requires",
    }
}

/// Grants as a table.
pub(crate) fn list(page: &mut Page<'_>, grants: &[Grant]) -> io::Result<()> {
    if grants.is_empty() {
        return page.line("You have granted nothing.");
    }
    let screen = page.screen;
    let headings = [
        heading("ID").whole(),
        heading("Application"),
        heading("May read"),
        heading("Purpose"),
        heading("State").whole(),
        heading("For"),
    ];
    let rows = grants.iter().map(|grant| {
        let lasts = match grant.ended_at {
            Some(ended) => format!("ended {}", ago(ended, screen)),
            None => terms::duration(grant.terms.duration, screen),
        };
        vec![
            Cell::new(short(&grant.id)),
            Cell::new(plain(&grant.app.display_name)),
            Cell::new(terms::categories(&grant.terms)),
            Cell::new(grant.terms.purpose.code()),
            state(tone(grant), standing(grant)),
            Cell::new(lasts),
        ]
    });
    page.wrapped_table(headings, rows)?;
    let waiting = grants.iter().filter(|grant| grant.undelivered).count();
    if waiting > 0 {
        page.gap()?;
        let text = format!("{waiting} not yet delivered to the server: run `vault sync`.");
        page.toned(Tone::Waiting, &text)?;
    }
    if grants.iter().any(|grant| grant.keyless) {
        page.gap()?;
        page.line(
            "“from another device”: what that device sent can still be read, and nothing new is sent.",
        )?;
        page.line("`vault withdraw` ends it; `vault resume` lets it go on with what this vault holds.")?;
    }
    for grant in grants {
        if let Some(why) = refusal(grant.state) {
            page.toned(
                Tone::Bad,
                &format!("{} is not in force: {why}.", short(&grant.id)),
            )?;
        }
    }
    Ok(())
}

/// One grant with its terms.
pub(crate) fn one(page: &mut Page<'_>, grant: &Grant) -> io::Result<()> {
    page.title(&format!("Granted to {}", plain(&grant.app.display_name)))?;
    let facts = Facts::new()
        .with("Grant", grant.id.to_string())
        .with("State", standing(grant))
        .with("Since", local(grant.created_at, page.screen))
        .with("Purpose", grant.terms.purpose.code());
    page.facts(terms::conditions(facts, &grant.terms, page.screen))?;
    terms::fields(page, &grant.terms)
}

const fn tone(grant: &Grant) -> Tone {
    match grant.state {
        _ if grant.undelivered || grant.keyless => Tone::Waiting,
        GrantState::Active => Tone::Good,
        GrantState::Paused => Tone::Waiting,
        GrantState::NotAccepted(_) => Tone::Bad,
        GrantState::Expired
        | GrantState::Superseded
        | GrantState::Withdrawn
        | GrantState::Erased
        | GrantState::Refused => Tone::Over,
    }
}

/// Where a grant stands, in words.
const fn standing(grant: &Grant) -> &'static str {
    match (grant.state, grant.undelivered) {
        (GrantState::Active, _) if grant.keyless => "active, from another device",
        (GrantState::Paused, _) if grant.keyless => "paused, from another device",
        (GrantState::Active, true) => "active, not yet delivered",
        (GrantState::Active, false) => "active",
        (GrantState::Paused, true) => "paused, not yet delivered",
        (GrantState::Paused, false) => "paused",
        (GrantState::Expired, _) => "expired",
        (GrantState::Superseded, _) => "replaced by another grant",
        (GrantState::Withdrawn, true) => "withdrawn, not yet delivered",
        (GrantState::Withdrawn, false) => "withdrawn",
        (GrantState::Erased, _) => "withdrawn and erased",
        (GrantState::NotAccepted(_), _) => "not accepted",
        (GrantState::Refused, _) => "refused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::samples::{grant, screen, shown};

    #[test]
    fn a_decision_that_still_waits_for_the_server_is_pointed_out() {
        let text = shown(&screen(), |page| {
            list(page, &[grant(GrantState::Withdrawn, true)])
        });
        assert!(text.contains("withdrawn, not yet delivered"), "{text}");
        assert!(
            text.contains("1 not yet delivered to the server: run `vault sync`"),
            "{text}"
        );
    }

    #[test]
    fn a_grant_that_the_server_did_not_accept_says_why() {
        let refused = grant(GrantState::NotAccepted(StatementRefusal::DecidedTooLate), false);
        let text = shown(&screen(), |page| list(page, std::slice::from_ref(&refused)));
        assert!(text.contains("made after the request had lapsed"), "{text}");
        assert_eq!(json(&refused)["status"], "not_accepted");
    }

    #[test]
    fn a_grant_in_force_is_plain() {
        let text = shown(&screen(), |page| list(page, &[grant(GrantState::Active, false)]));
        assert!(text.contains("active") && !text.contains("delivered"), "{text}");
        assert_eq!(json(&grant(GrantState::Active, false))["delivered"], true);
    }
}
