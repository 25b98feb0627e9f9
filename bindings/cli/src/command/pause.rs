//! `vault pause`

use clap::Args;

use super::grants::{self, changed};
use crate::{context::Context, failure::Failure, show::plain};

/// Suspends a grant. Nothing of it leaves from here on, with or without a network; once the server knows,
/// nothing is read either. What it holds stays there until the grant is resumed or withdrawn.
#[derive(Args)]
pub(crate) struct Pause {
    /// The grant's id, or how that begins or ends
    #[arg(value_name = "GRANT")]
    grant: String,
}

impl Pause {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let vault = context.open()?;
        let grant = grants::meant(&vault, &self.grant)?;
        vault.pause(grant.id)?;
        let done = format!("Paused for {}.", plain(&grant.app.display_name));
        changed(context, &vault, grant.id, &done)
    }
}
