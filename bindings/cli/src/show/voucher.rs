//! Who vouches for the one that asks, in words.

use std::io;

use serde_json::{Value as Json, json};
use vault_core::{DomainAnswer, InboxRequest, Voucher, wire::terms::Delivery};

use super::{Page, Tone, local, plain};

/// As scripts read it.
pub(crate) fn json(voucher: &Voucher) -> Json {
    match voucher {
        Voucher::Server => json!({ "by": "server", "domain": null }),
        Voucher::NotAskedYet(domain) => json!({ "by": "server", "domain": domain.as_str() }),
        Voucher::Domain {
            domain,
            keys_changed_at,
        } => json!({
            "by": "domain",
            "domain": domain.as_str(),
            "keys_changed_at": keys_changed_at.map(|at| at.to_string()),
        }),
        Voucher::Nobody(why) => json!({ "by": "nobody", "contradiction": why.to_string() }),
    }
}

/// Whose word there is, in a list.
pub(crate) fn column(voucher: &Voucher) -> String {
    match voucher {
        Voucher::Server | Voucher::NotAskedYet(_) => "server".to_owned(),
        Voucher::Domain { domain, .. } => domain.to_string(),
        Voucher::Nobody(_) => "nobody".to_owned(),
    }
}

/// What the owner must know of a list in which not every name is vouched for by its domain.
pub(crate) fn doubts(page: &mut Page<'_>, requests: &[InboxRequest]) -> io::Result<()> {
    let is_any = |doubtful: fn(&Voucher) -> bool| requests.iter().any(|inbox| doubtful(&inbox.voucher));
    if is_any(|voucher| matches!(voucher, Voucher::Server | Voucher::NotAskedYet(_))) {
        page.toned(Tone::Waiting, "“server”: only the server vouches for this name.")?;
    }
    if is_any(|voucher| matches!(voucher, Voucher::Nobody(_))) {
        page.toned(
            Tone::Bad,
            "“nobody”: this is not who it says, and cannot be approved.",
        )?;
    }
    Ok(())
}

/// What the owner must know of it before deciding.
pub(crate) fn prompt(page: &mut Page<'_>, inbox: &InboxRequest) -> io::Result<()> {
    match &inbox.voucher {
        Voucher::Domain {
            domain,
            keys_changed_at,
        } => {
            page.toned(Tone::Good, &format!("{domain} vouches for this application."))?;
            match keys_changed_at {
                Some(at) => {
                    let text = format!("Its keys changed {}.", local(*at, page.screen));
                    page.toned(Tone::Waiting, &text)
                }
                None => Ok(()),
            }
        }
        Voucher::Server => page.toned(
            Tone::Waiting,
            "Only the server vouches for this name. Check the matching code and the website.",
        ),
        Voucher::NotAskedYet(domain) => {
            let text = format!(
                "Only the server vouches for this name: {domain} was not reached yet. `vault sync` asks it."
            );
            page.toned(Tone::Waiting, &text)
        }
        Voucher::Nobody(why) => {
            let text = format!("This is not who it says: {why}. It cannot be approved.");
            page.toned(Tone::Bad, &text)
        }
    }?;
    let is_sealed = inbox.request.terms.delivery == Delivery::Sealed;
    match inbox.voucher {
        Voucher::Server | Voucher::NotAskedYet(_) if is_sealed => page.toned(
            Tone::Bad,
            "It asks for what only it could open, so it cannot be approved before its domain vouches for it.",
        ),
        _ => Ok(()),
    }
}

/// What a domain answered, as scripts read it.
pub(crate) fn answer_json(answer: &DomainAnswer) -> Json {
    json!({
        "app_id": answer.app.to_string(),
        "domain": answer.domain.as_str(),
        "known": answer.outcome.as_ref().ok(),
        "problem": answer.outcome.as_ref().err().map(ToString::to_string),
    })
}

/// What a domain answered, where it is not simply as it should be.
pub(crate) fn answer(page: &mut Page<'_>, answer: &DomainAnswer) -> io::Result<()> {
    match &answer.outcome {
        Ok(true) => Ok(()),
        Ok(false) => {
            let text = format!("{} does not know an application that names it.", answer.domain);
            page.toned(Tone::Bad, &text)
        }
        Err(why) => {
            let text = format!(
                "{} could not be asked about its application: {}.",
                answer.domain,
                plain(&why.to_string())
            );
            page.toned(Tone::Waiting, &text)
        }
    }
}

#[cfg(test)]
mod tests {
    use vault_core::{AppId, Contradiction, DocumentError, Timestamp, wire::domain::AppDomain};

    use super::*;
    use crate::show::samples::{inbox_request, screen, shown};

    fn domain() -> AppDomain {
        AppDomain::parse("acme.example").unwrap()
    }

    fn said(voucher: Voucher, delivery: Delivery) -> String {
        let mut inbox = inbox_request();
        inbox.voucher = voucher;
        inbox.request.terms.delivery = delivery;
        shown(&screen(), |page| prompt(page, &inbox))
    }

    #[test]
    fn the_owner_is_told_whose_word_there_is() {
        let by_server = said(Voucher::Server, Delivery::Server);
        assert!(
            by_server.contains("Only the server vouches for this name"),
            "{by_server}"
        );
        let not_asked = said(Voucher::NotAskedYet(domain()), Delivery::Sealed);
        assert!(
            not_asked.contains("acme.example was not reached yet"),
            "{not_asked}"
        );
        assert!(not_asked.contains("cannot be approved"), "{not_asked}");
        let changed = Voucher::Domain {
            domain: domain(),
            keys_changed_at: Some(Timestamp::from_unix_ms(0)),
        };
        let by_domain = said(changed, Delivery::Sealed);
        assert!(by_domain.contains("acme.example vouches"), "{by_domain}");
        assert!(by_domain.contains("keys changed 1970-01-01"), "{by_domain}");
        let nobody = said(Voucher::Nobody(Contradiction::Name), Delivery::Server);
        assert!(nobody.contains("not who it says: its domain calls"), "{nobody}");
    }

    #[test]
    fn a_domain_that_could_not_be_asked_is_named_with_the_reason() {
        let silent = DomainAnswer {
            app: AppId([3; 16]),
            domain: domain(),
            outcome: Err(DocumentError::TooSlow),
        };
        let text = shown(&screen(), |page| answer(page, &silent));
        assert!(
            text.contains("acme.example could not be asked") && text.contains("in time"),
            "{text}"
        );
        assert_eq!(answer_json(&silent)["known"], Json::Null);
    }
}
