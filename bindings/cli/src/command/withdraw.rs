//! `vault withdraw`

use clap::Args;

use super::grants::{self, changed};
use crate::{context::Context, failure::Failure, show::plain};

/// Takes a grant back. Nothing of it leaves from here on, with or without a network; at the next sync
/// the server is told first of all, erases what it holds and proves it.
#[derive(Args)]
pub(crate) struct Withdraw {
    /// The grant's id, or how that begins or ends
    #[arg(value_name = "GRANT")]
    grant: String,
}

impl Withdraw {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let vault = context.open()?;
        let grant = grants::meant(&vault, &self.grant)?;
        vault.withdraw(grant.id)?;
        let done = format!("Withdrawn from {}.", plain(&grant.app.display_name));
        changed(context, &vault, grant.id, &done)
    }
}
