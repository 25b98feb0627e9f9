//! Consent requests, and the prompt over which an owner decides.

use std::io;

use comfy_table::Cell;
use serde_json::{Value as Json, json};
use vault_core::{
    InboxRequest, RequestState,
    wire::{
        request::{AppIdentity, ConsentRequest, Recipient},
        terms::Terms,
    },
};

use super::{Facts, Page, Screen, Tone, ago, amendment, heading, local, plain, span, state, terms, voucher};
use crate::find::short;

/// A request as scripts read it.
pub(crate) fn json(inbox: &InboxRequest) -> Json {
    let request = &inbox.request;
    let recipient = |r: &Recipient| json!({ "name": r.name, "role": r.role, "country": r.country });
    let notice = request.notice.as_ref();
    json!({
        "id": request.id.to_string(),
        "status": inbox.state.to_string(),
        "app": app_json(&request.app),
        "vouched": voucher::json(&inbox.voucher),
        "purpose_text": request.purpose_text,
        "benefit": request.benefit,
        "requested": terms::json(&request.terms),
        "recipients": request.recipients.iter().map(recipient).collect::<Vec<_>>(),
        "storage_locations": request.storage_locations,
        "notice": notice.map(|n| json!({ "url": n.url, "version": n.version, "language": n.language })),
        "amends": request.amends.map(|grant| grant.to_string()),
        "changes": inbox.amendment.as_ref().map(amendment::json),
        "required": amendment::required_json(&request.required),
        "binding_code": Some(&request.binding_code).filter(|code| !code.is_empty()),
        "received_at": inbox.received_at.to_string(),
        "created_at": request.created_at.to_string(),
        "immediate_until": request.immediate_until.to_string(),
        "expires_at": request.expires_at.to_string(),
    })
}

/// An application as scripts read it.
pub(crate) fn app_json(app: &AppIdentity) -> Json {
    json!({
        "id": app.id.to_string(),
        "display_name": app.display_name,
        "brand_name": app.brand_name,
        "controller": app.controller,
        "country": app.country,
        "website": app.website,
        "privacy_policy_url": app.privacy_policy_url,
        "support_contact": app.support_contact,
    })
}

/// Requests as a table.
pub(crate) fn list(page: &mut Page<'_>, requests: &[InboxRequest]) -> io::Result<()> {
    if requests.is_empty() {
        return page.line("Nobody has asked. New requests come with `vault sync`.");
    }
    let screen = page.screen;
    let headings = [
        heading("ID").whole(),
        heading("Application"),
        heading("Vouched by"),
        heading("Asks for"),
        heading("Purpose"),
        heading("State").whole(),
        heading("Time left").whole(),
    ];
    let rows = requests.iter().map(|inbox| {
        let request = &inbox.request;
        vec![
            Cell::new(short(&request.id)),
            Cell::new(plain(&request.app.display_name)),
            Cell::new(voucher::column(&inbox.voucher)),
            Cell::new(terms::categories(&request.terms)),
            Cell::new(request.terms.purpose.code()),
            state(tone(inbox.state), &inbox.state.to_string()),
            Cell::new(time_left(inbox, screen)),
        ]
    });
    page.wrapped_table(headings, rows)?;
    voucher::doubts(page, requests)?;
    match requests.iter().any(|inbox| inbox.state == RequestState::Pending) {
        true => page.toned(
            Tone::Over,
            "`vault preview ID` shows who asks, and exactly what would leave.",
        ),
        false => Ok(()),
    }
}

const fn tone(state: RequestState) -> Tone {
    match state {
        RequestState::Pending => Tone::Waiting,
        RequestState::Approved | RequestState::Applied => Tone::Good,
        RequestState::Rejected => Tone::Bad,
        RequestState::Expired | RequestState::Cancelled | RequestState::Superseded => Tone::Over,
    }
}

fn time_left(inbox: &InboxRequest, screen: &Screen) -> String {
    match inbox.state {
        RequestState::Pending => span(inbox.request.expires_at.ms_since(screen.now())),
        _ => String::new(),
    }
}

/// The prompt: who asks, for what, why, for how long, and what of it is about to be agreed to.
pub(crate) fn prompt(page: &mut Page<'_>, inbox: &InboxRequest, agreed: &Terms) -> io::Result<()> {
    let request = &inbox.request;
    page.title(&format!(
        "{} asks for consent to read from your vault",
        plain(&request.app.display_name)
    ))?;
    let facts = terms::conditions(who_and_why(request), agreed, page.screen);
    page.facts(standing(to_whom(facts, request), inbox, page.screen))?;
    voucher::prompt(page, inbox)?;
    terms::fields_beside(page, &request.terms, agreed)?;
    amendment::required(page, &request.required)?;
    match &inbox.amendment {
        Some(changes) => amendment::write(page, changes),
        None => Ok(()),
    }
}

fn who_and_why(request: &ConsentRequest) -> Facts {
    let app = &request.app;
    let quoted = |text: &str| match text.is_empty() {
        true => String::new(),
        false => format!("“{}”", plain(text)),
    };
    let brand = match app.brand_name == app.display_name {
        true => String::new(),
        false => plain(&app.brand_name),
    };
    Facts::new()
        .with(
            "Controller",
            format!("{} ({})", plain(&app.controller), plain(&app.country)),
        )
        .with("Brand", brand)
        .with("Website", plain(&app.website))
        .with("Privacy", plain(&app.privacy_policy_url))
        .with("Contact", plain(&app.support_contact))
        .with(
            "Purpose",
            format!(
                "{} {}",
                request.terms.purpose.code(),
                quoted(&request.purpose_text)
            ),
        )
        .with("Benefit", quoted(&request.benefit))
}

fn to_whom(facts: Facts, request: &ConsentRequest) -> Facts {
    let recipient = |r: &Recipient| format!("{}, {} ({})", plain(&r.name), plain(&r.role), plain(&r.country));
    let recipients: Vec<_> = request.recipients.iter().map(recipient).collect();
    let stored: Vec<_> = request
        .storage_locations
        .iter()
        .map(|place| plain(place))
        .collect();
    let recipients = match recipients.is_empty() {
        true => "nobody else".to_owned(),
        false => recipients.join("; "),
    };
    let notice = request.notice.as_ref();
    facts
        .with("Recipients", recipients)
        .with("Stored in", stored.join(", "))
        .with("Notice", notice.map(|n| plain(&n.url)).unwrap_or_default())
}

fn standing(facts: Facts, inbox: &InboxRequest, screen: &Screen) -> Facts {
    let request = &inbox.request;
    let code = match request.binding_code.as_str() {
        "" => String::new(),
        code => format!("{code}, the same as the application shows"),
    };
    let left = match inbox.state {
        RequestState::Pending => {
            let now = screen.now();
            let at_once = request.immediate_until.ms_since(now);
            let waits = match at_once > 0 {
                true => format!("; the application waits on the line for {} more", span(at_once)),
                false => String::new(),
            };
            format!("{}{waits}", span(request.expires_at.ms_since(now)))
        }
        _ => String::new(),
    };
    facts
        .with("Matching code", code)
        .with("Request", request.id.to_string())
        .with("State", inbox.state.to_string())
        .with(
            "Asked",
            format!(
                "{} ({})",
                local(request.created_at, screen),
                ago(request.created_at, screen)
            ),
        )
        .with("Time left", left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::samples::{inbox_request, narrow, screen, shown};

    #[test]
    fn the_prompt_says_who_why_how_long_and_to_whom() {
        let inbox = inbox_request();
        let text = shown(&screen(), |page| prompt(page, &inbox, &inbox.request.terms));
        for said in [
            "Acme Rewards asks for consent",
            "Acme GmbH (DE)",
            "“Suit offers to what you buy.”",
            "“5 % off”",
            "until 2026-12-21 12:00 (in 30 days)",
            "30 days after it was read",
            "at most 4 reads in a day",
            "Acme Analytics, processor (DE)",
            "EU",
            "7KQ",
            "24 h 2 min; the application waits on the line for 2 min 30 s more",
            "Only the server vouches for this name",
            "purchased_at",
            "by day",
        ] {
            assert!(text.contains(said), "{said:?} is missing:\n{text}");
        }
    }

    #[test]
    fn a_request_in_the_list_has_its_state_and_the_time_that_is_left() {
        let text = shown(&narrow(120), |page| list(page, &[inbox_request()]));
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(text.contains("`vault preview ID`"), "{text}");
        assert!(text.contains("only the server vouches for this name"), "{text}");
        assert!(text.contains("pending") && text.contains("24 h 2 min"), "{text}");
        assert!(text.contains("receipts (3 fields)"), "{text}");
    }

    #[test]
    fn an_application_cannot_write_beyond_its_place() {
        let mut inbox = inbox_request();
        inbox.request.app.display_name = "Shop\u{1b}[2J\nApproved".into();
        let text = shown(&screen(), |page| prompt(page, &inbox, &inbox.request.terms));
        assert!(
            !text.contains('\u{1b}') && text.starts_with("Shop\u{fffd}[2J Approved asks"),
            "{text}"
        );
    }

    #[test]
    fn json_holds_all_that_the_prompt_says() {
        let json = json(&inbox_request());
        assert_eq!(json["status"], "pending");
        assert_eq!(json["app"]["controller"], "Acme GmbH");
        assert_eq!(json["binding_code"], "7KQ");
        assert_eq!(json["recipients"][0]["role"], "processor");
        assert_eq!(json["requested"]["purpose"], "personalisation");
    }
}
