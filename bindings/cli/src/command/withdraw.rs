//! `vault withdraw`

use clap::Args;
use serde_json::json;

use super::grants;
use crate::{
    context::Context,
    failure::Failure,
    show::{self, Tone, plain},
};

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
        let id = grants::meant(&vault, &self.grant)?.id;
        vault.withdraw(id)?;
        let grant = grants::meant(&vault, &id.to_string())?;
        context.output.show(
            || json!({ "grant": show::grant::json(&grant) }),
            |page| {
                page.line(&format!("Withdrawn from {}.", plain(&grant.app.display_name)))?;
                page.toned(
                    Tone::Waiting,
                    "Not yet delivered to the server: run `vault sync`.",
                )
            },
        )
    }
}
