//! `vault init`

use clap::Args;
use serde_json::json;

use crate::{
    context::Context,
    failure::Failure,
    place,
    show::{Facts, plain},
};

/// Makes a new vault. A file that exists is never overwritten.
#[derive(Args)]
pub(crate) struct Init {}

impl Init {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let path = context.file.path().to_owned();
        if path.exists() {
            let exists = vault_core::Error::File(vault_file::Error::AlreadyExists);
            return Err(exists.into());
        }
        let passphrase = context.passphrase.ask_new()?;
        place::make_folder_of(&path)?;
        let vault = context.file.create(&passphrase, context.host())?;
        let id = vault.status()?.id;
        let path = path.display().to_string();
        context.output.show(
            || json!({ "vault_id": id.to_string(), "file": path }),
            |page| {
                page.title("Your vault is ready.")?;
                page.facts(
                    Facts::new()
                        .with("File", plain(&path))
                        .with("Vault", id.to_string()),
                )?;
                page.gap()?;
                page.line("Only the passphrase opens it: if you lose it, nobody can bring the data back,")?;
                page.line("unless you have a code on paper: vault recovery create")?;
                page.line("Nothing is collected yet. Turn a category on, for example:")?;
                page.line("  vault collect receipts on")
            },
        )
    }
}
