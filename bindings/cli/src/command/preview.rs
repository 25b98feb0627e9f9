//! `vault preview`

use clap::Args;
use serde_json::json;

use crate::{context::Context, failure::Failure, selection::SelectionOptions, show};

/// Shows who asks, why, for how long and to whom it goes, and exactly what would leave. It decides
/// nothing.
#[derive(Args)]
pub(crate) struct Preview {
    /// The request's id, or how that begins or ends
    #[arg(value_name = "REQUEST")]
    request: String,
    /// How many records of each category to show
    #[arg(long, value_name = "N", default_value_t = 5)]
    sample: usize,
    /// Show the exact bytes of each of these records too, in hexadecimal
    #[arg(long)]
    bytes: bool,
    #[command(flatten)]
    selection: SelectionOptions,
}

impl Preview {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let vault = context.open()?;
        let inbox = super::requests::meant(&vault, &self.request)?;
        let selection = self.selection.of(&inbox.request, context.output.screen())?;
        let preview = vault.preview(inbox.request.id, &selection, self.sample)?;
        let agreed = selection.terms();
        context.output.show(
            || {
                json!({
                    "request": show::request::json(&inbox),
                    "preview": show::preview::json(&preview, agreed, self.bytes),
                })
            },
            |page| {
                show::request::prompt(page, &inbox, agreed)?;
                show::preview::write(page, &preview, agreed)?;
                match self.bytes {
                    true => show::preview::payloads(page, &preview),
                    false => Ok(()),
                }
            },
        )
    }
}
