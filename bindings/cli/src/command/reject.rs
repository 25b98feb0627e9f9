//! `vault reject`

use clap::Args;
use serde_json::json;

use super::requests;
use crate::{context::Context, failure::Failure, show::plain};

/// Refuses a consent request. Nothing leaves; the server learns of it at the next sync.
#[derive(Args)]
pub(crate) struct Reject {
    /// The request's id, or how that begins or ends
    #[arg(value_name = "REQUEST")]
    request: String,
}

impl Reject {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let vault = context.open()?;
        let request = requests::meant(&vault, &self.request)?.request;
        vault.reject(request.id)?;
        context.output.show(
            || json!({ "request_id": request.id.to_string(), "status": "rejected" }),
            |page| {
                let name = plain(&request.app.display_name);
                page.line(&format!(
                    "Rejected. {name} learns of it with the next `vault sync`."
                ))
            },
        )
    }
}
