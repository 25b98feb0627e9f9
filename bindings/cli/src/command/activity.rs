//! `vault activity`

use clap::Args;
use vault_core::{ErasureProof, Error, Vault};

use crate::{context::Context, failure::Failure, show};

/// Says who read what, who was refused, who was linked and what was erased, latest first, as far as
/// the last sync knows.
#[derive(Args)]
pub(crate) struct Activity {
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
}

impl Activity {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let vault = context.open()?;
        let mut entries = show::activity::entries(
            vault.activity(self.limit)?,
            erasures(&vault)?,
            &vault.grants()?,
            &vault.requests()?,
        );
        entries.truncate(self.limit);
        let json: Vec<_> = entries.iter().map(show::activity::Entry::json).collect();
        context
            .output
            .show_list(json, |page| show::activity::list(page, &entries))
    }
}

/// None, while no server is set.
fn erasures(vault: &Vault) -> Result<Vec<ErasureProof>, Failure> {
    match vault.erasures() {
        Err(Error::NotConnected) => Ok(Vec::new()),
        erasures => Ok(erasures?),
    }
}
