//! `vault unblock`

use clap::Args;

use super::apps::{changed, meant};
use crate::{context::Context, failure::Failure, show::plain};

/// Shows again what a blocked application asks, also what it asked meanwhile and what has not lapsed.
#[derive(Args)]
pub(crate) struct Unblock {
    /// The application's id, how that begins or ends, or its name
    #[arg(value_name = "APP")]
    app: String,
}

impl Unblock {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let vault = context.open()?;
        let known = meant(&vault, &self.app)?;
        vault.unblock_app(known.app.id)?;
        let done = format!("{} can ask you again.", plain(&known.app.display_name));
        changed(context, &vault, &known, &[&done])
    }
}
