//! `vault grants`

use clap::Args;
use vault_core::{Error, Grant, Vault};

use crate::{context::Context, failure::Failure, find, show};

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
            return context.output.show(
                || show::grant::json(&grant),
                |page| show::grant::one(page, &grant),
            );
        }
        let grants = vault.grants()?;
        let json: Vec<_> = grants.iter().map(show::grant::json).collect();
        context
            .output
            .show_list(json, |page| show::grant::list(page, &grants))
    }
}

/// The grant that is meant.
pub(super) fn meant(vault: &Vault, typed: &str) -> Result<Grant, Failure> {
    let grants = vault.grants()?;
    let id = find::pick(typed, "grant", "grants", grants.iter().map(|grant| grant.id))?;
    let grant = grants.into_iter().find(|grant| grant.id == id);
    Ok(grant.ok_or(Error::NotFound("grant"))?)
}
