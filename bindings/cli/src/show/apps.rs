//! Applications that the vault has met.

use std::io;

use comfy_table::Cell;
use serde_json::{Value as Json, json};
use vault_core::KnownApp;

use super::{Page, Tone, ago, heading, plain, request::app_json, state};
use crate::find::short;

/// An application as scripts read it.
pub(crate) fn json(known: &KnownApp) -> Json {
    json!({
        "app": app_json(&known.app),
        "blocked_since": known.blocked_since.map(|at| at.to_string()),
        "running_grants": known.running_grants,
        "pending_requests": known.pending_requests,
    })
}

/// Applications as a table.
pub(crate) fn list(page: &mut Page<'_>, apps: &[KnownApp]) -> io::Result<()> {
    if apps.is_empty() {
        return page.line("No application has met this vault.");
    }
    let screen = page.screen;
    let headings = [
        heading("ID").whole(),
        heading("Application"),
        heading("Controller"),
        heading("Grants").whole(),
        heading("Waiting").whole(),
        heading("State"),
    ];
    let rows = apps.iter().map(|known| {
        let (tone, standing) = match known.blocked_since {
            Some(since) => (Tone::Over, format!("blocked {}", ago(since, screen))),
            None => (Tone::Good, "may ask".to_owned()),
        };
        vec![
            Cell::new(short(&known.app.id)),
            Cell::new(plain(&known.app.display_name)),
            Cell::new(plain(&known.app.controller)),
            Cell::new(known.running_grants),
            Cell::new(known.pending_requests),
            state(tone, &standing),
        ]
    });
    page.wrapped_table(headings, rows)
}

#[cfg(test)]
mod tests {
    use vault_core::GrantState;

    use super::*;
    use crate::show::samples::{grant, screen, shown};

    #[test]
    fn a_blocked_application_is_marked() {
        let met = |blocked_since| KnownApp {
            app: grant(GrantState::Active, false).app,
            blocked_since,
            running_grants: 1,
            pending_requests: 0,
        };
        let since = grant(GrantState::Active, false).created_at;
        let text = shown(&screen(), |page| list(page, &[met(Some(since)), met(None)]));
        assert!(text.contains("blocked") && text.contains("may ask"), "{text}");
        assert_eq!(json(&met(Some(since)))["blocked_since"], since.to_string());
        assert!(json(&met(None))["blocked_since"].is_null());
    }

    #[test]
    fn a_vault_that_met_nobody_says_so() {
        let text = shown(&screen(), |page| list(page, &[]));
        assert_eq!(text, "No application has met this vault.\n");
    }
}
