//! `vault grants`

use clap::Args;
use serde_json::json;
use vault_core::{Error, Grant, GrantId, Vault};

use crate::{
    context::Context,
    failure::Failure,
    find,
    show::{self, Tone},
};

/// Lists what you have granted, latest first.
#[derive(Args)]
pub(crate) struct Grants {
    /// Show one grant with its terms: its id, or how that begins or ends
    #[arg(value_name = "GRANT")]
    grant: Option<String>,
}

impl Grants {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let vault = context.open()?;
        if let Some(typed) = self.grant {
            let grant = meant(&vault, &typed)?;
            let history = vault.grant_history(grant.id)?;
            return context.output.show(
                || show::history::json(&grant, &history),
                |page| {
                    show::grant::one(page, &grant)?;
                    show::history::write(page, &grant, &history)
                },
            );
        }
        let grants = vault.grants()?;
        let json: Vec<_> = grants.iter().map(show::grant::json).collect();
        context
            .output
            .show_list(json, |page| show::grant::list(page, &grants))
    }
}

/// Shows a grant that was just changed, and says what was done.
pub(super) fn changed(context: &mut Context, vault: &Vault, id: GrantId, done: &str) -> Result<(), Failure> {
    let grant = vault.grant(id)?;
    context.output.show(
        || json!({ "grant": show::grant::json(&grant) }),
        |page| {
            page.line(done)?;
            page.toned(
                Tone::Waiting,
                "Not yet delivered to the server: run `vault sync`.",
            )
        },
    )
}

/// The grant that is meant.
pub(super) fn meant(vault: &Vault, typed: &str) -> Result<Grant, Failure> {
    let grants = vault.grants()?;
    let id = find::pick(typed, "grant", "grants", grants.iter().map(|grant| grant.id))?;
    let grant = grants.into_iter().find(|grant| grant.id == id);
    Ok(grant.ok_or(Error::NotFound("grant"))?)
}
