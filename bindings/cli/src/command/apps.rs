//! `vault apps`

use clap::Args;
use vault_core::{KnownApp, Vault};

use crate::{context::Context, failure::Failure, find, show};

/// Lists the applications that this vault has met, and which of them are blocked.
#[derive(Args)]
pub(crate) struct Apps {}

impl Apps {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let vault = context.open()?;
        let apps = vault.apps()?;
        let json: Vec<_> = apps.iter().map(show::apps::json).collect();
        context
            .output
            .show_list(json, |page| show::apps::list(page, &apps))
    }
}

/// The application that is meant: by its id, or part of it, or its name.
pub(super) fn meant(vault: &Vault, typed: &str) -> Result<KnownApp, Failure> {
    let mut apps = vault.apps()?;
    let mut named = apps
        .iter()
        .filter(|known| known.app.display_name.eq_ignore_ascii_case(typed));
    let id = match (named.next(), named.next()) {
        (Some(only), None) => only.app.id,
        _ => find::pick(
            typed,
            "application",
            "apps",
            apps.iter().map(|known| known.app.id),
        )?,
    };
    apps.retain(|known| known.app.id == id);
    apps.pop()
        .ok_or_else(|| vault_core::Error::NotFound("application").into())
}

/// Shows an application that was just blocked or unblocked, and says what that means.
pub(super) fn changed(
    context: &mut Context,
    vault: &Vault,
    known: &KnownApp,
    done: &[&str],
) -> Result<(), Failure> {
    let app = meant(vault, &known.app.id.to_string())?;
    context.output.show(
        || show::apps::json(&app),
        |page| done.iter().try_for_each(|line| page.line(line)),
    )
}
