//! `vault restore`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use vault_core::VaultFile;

use crate::{
    context::Context,
    failure::Failure,
    place,
    progress::Progress,
    show::{Facts, Tone, counted, plain},
};

/// Makes a vault of a backup, which stays as it is. The next sync compares it with the server, so that
/// both hold what the backup holds.
#[derive(Args)]
pub(crate) struct Restore {
    /// The backup
    #[arg(value_name = "BACKUP")]
    backup: PathBuf,
    /// The file to make; one that exists is never overwritten [default: the vault]
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

impl Restore {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let to = self.to.map_or_else(|| context.file.clone(), VaultFile::at);
        if to.path().exists() {
            let exists = vault_core::Error::File(vault_file::Error::AlreadyExists);
            return Err(exists.into());
        }
        let opener = context.opener_of_given(&self.backup)?;
        place::make_folder_of(to.path())?;
        let progress = Progress::of_vault(&context.output, "Restoring");
        let host = context.host();
        let vault = to.restore(&self.backup, &opener.secret(), host, &mut progress.follow())?;
        drop(progress);
        let status = vault.status()?;
        let records = status.records.iter().map(|(_, number)| number).sum::<u64>();
        let file = to.path().display().to_string();
        context.output.show(
            || json!({ "file": file, "vault_id": status.id.to_string(), "records": records }),
            |page| {
                page.toned(Tone::Good, &format!("Restored {}.", counted(records, "record")))?;
                let facts = Facts::new().with("File", plain(&file));
                page.facts(facts.with("Vault", status.id.to_string()))
            },
        )
    }
}
