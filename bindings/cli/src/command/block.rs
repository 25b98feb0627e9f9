//! `vault block`

use clap::Args;

use super::apps::{changed, meant};
use crate::{context::Context, failure::Failure, show::plain};

/// Holds back what an application asks: its requests are not shown and never answered. To the application, and
/// to the server, they look like requests that nobody has looked at. What you have granted it stays as it is.
#[derive(Args)]
pub(crate) struct Block {
    /// The application's id, how that begins or ends, or its name
    #[arg(value_name = "APP")]
    app: String,
}

impl Block {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let vault = context.open()?;
        let known = meant(&vault, &self.app)?;
        vault.block_app(known.app.id)?;
        let blocked = format!("{} is blocked, and cannot tell.", plain(&known.app.display_name));
        let grants = match known.running_grants {
            0 => "It has no grant that runs.",
            _ => "What you have granted it goes on: `vault grants` lists it, `vault withdraw` ends it.",
        };
        changed(context, &vault, &known, &[&blocked, grants])
    }
}
