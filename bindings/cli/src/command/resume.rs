//! `vault resume`

use clap::Args;

use super::grants::{self, changed};
use crate::{context::Context, failure::Failure, show::plain};

/// Lets a paused grant go on from where it stopped: what changed meanwhile is sent with the next sync.
#[derive(Args)]
pub(crate) struct Resume {
    /// The grant's id, or how that begins or ends
    #[arg(value_name = "GRANT")]
    grant: String,
}

impl Resume {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let vault = context.open()?;
        let grant = grants::meant(&vault, &self.grant)?;
        vault.resume(grant.id)?;
        let done = format!("Resumed for {}.", plain(&grant.app.display_name));
        changed(context, &vault, grant.id, &done)
    }
}
