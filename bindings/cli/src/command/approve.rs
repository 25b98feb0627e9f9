//! `vault approve`

use clap::Args;
use serde_json::json;

use super::{grants, requests};
use crate::{context::Context, failure::Failure, selection::SelectionOptions, show, show::Tone};

/// Agrees to a consent request, or to part of it. It works without a network; the server learns of it
/// at the next sync.
#[derive(Args)]
pub(crate) struct Approve {
    /// The request's id, or how that begins or ends
    #[arg(value_name = "REQUEST")]
    request: String,
    #[command(flatten)]
    selection: SelectionOptions,
}

impl Approve {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let vault = context.open()?;
        let inbox = requests::meant(&vault, &self.request)?;
        let selection = self.selection.of(&inbox.request, context.output.screen())?;
        let id = vault.approve(inbox.request.id, &selection)?;
        let grant = grants::meant(&vault, &id.to_string())?;
        context.output.show(
            || json!({ "grant": show::grant::json(&grant) }),
            |page| {
                show::grant::one(page, &grant)?;
                page.gap()?;
                page.toned(
                    Tone::Waiting,
                    "Not yet delivered to the server: run `vault sync`.",
                )
            },
        )
    }
}
