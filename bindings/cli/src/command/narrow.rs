//! `vault narrow`

use clap::Args;
use serde_json::json;
use vault_core::{Grant, Selection, Vault};

use super::{
    grants::{self, changed},
    requests,
};
use crate::{
    context::Context,
    failure::Failure,
    selection::SelectionOptions,
    show::{self, plain},
};

/// Leaves a running grant less than it has. Where it then shows less, the server destroys what it holds
/// and gets what is left under a new key. With --preview it only shows what would remain.
#[derive(Args)]
pub(crate) struct Narrow {
    /// The grant's id, or how that begins or ends
    #[arg(value_name = "GRANT")]
    grant: String,
    /// Take over what this request asks less of the grant, and nothing of what it asks more
    #[arg(long, value_name = "REQUEST", conflicts_with_all = ["only", "without", "precision", "until", "from", "to"])]
    as_asked: Option<String>,
    /// Only show what would remain
    #[arg(long)]
    preview: bool,
    /// How many records of each category to show in a preview
    #[arg(long, value_name = "N", default_value_t = 5)]
    sample: usize,
    #[command(flatten)]
    selection: SelectionOptions,
}

impl Narrow {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let vault = context.open()?;
        let grant = grants::meant(&vault, &self.grant)?;
        let selection = match &self.as_asked {
            Some(request) => as_asked(&vault, &grant, request)?,
            None => self.selection.of_grant(&grant, context.output.screen())?,
        };
        let remains = vault.preview_narrowed(grant.id, &selection, self.sample)?;
        if self.preview {
            let left = selection.terms();
            return context.output.show(
                || {
                    json!({
                        "grant": show::grant::json(&grant),
                        "preview": show::preview::json(&remains, left, false),
                    })
                },
                |page| {
                    page.title("What would remain")?;
                    show::terms::fields_beside(page, &grant.terms, left)?;
                    show::preview::write(page, &remains, left)
                },
            );
        }
        vault.narrow(grant.id, &selection)?;
        let name = plain(&grant.app.display_name);
        let left = show::counted(remains.records, "record");
        changed(
            context,
            &vault,
            grant.id,
            &format!("Narrowed for {name}: {left} remain."),
        )
    }
}

/// What a request would take away from the grant that it amends.
fn as_asked(vault: &Vault, grant: &Grant, request: &str) -> Result<Selection, Failure> {
    let inbox = requests::meant(vault, request)?;
    let of_this = inbox.amendment.filter(|amendment| amendment.grant == grant.id);
    let Some(amendment) = of_this else {
        let text = "this request does not ask to change that grant: `vault requests` says what it asks";
        return Err(Failure::Usage(text.to_owned()));
    };
    match amendment.narrowed {
        Some(terms) => Ok(Selection::of_terms(terms)),
        None => Err(Failure::Usage(
            "this request takes nothing away that the grant could be left with".to_owned(),
        )),
    }
}
