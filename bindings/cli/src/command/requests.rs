//! `vault requests`

use clap::Args;
use vault_core::{InboxRequest, RequestState, Vault};

use crate::{context::Context, failure::Failure, find, show};

/// Lists the consent requests that reached this vault, latest first.
#[derive(Args)]
pub(crate) struct Requests {
    /// Only those that wait for you
    #[arg(long)]
    pending: bool,
}

impl Requests {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let vault = context.open()?;
        let mut requests = vault.requests()?;
        requests.retain(|inbox| !self.pending || inbox.state == RequestState::Pending);
        let json: Vec<_> = requests.iter().map(show::request::json).collect();
        context
            .output
            .show_list(json, |page| show::request::list(page, &requests))
    }
}

/// The request that is meant.
pub(super) fn meant(vault: &Vault, typed: &str) -> Result<InboxRequest, Failure> {
    if let Ok(id) = typed.parse() {
        return Ok(vault.request(id)?);
    }
    let ids: Vec<_> = vault.requests()?.iter().map(|inbox| inbox.request.id).collect();
    let id = find::pick(typed, "consent request", "requests", ids)?;
    Ok(vault.request(id)?)
}
