//! `vault backup`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::{
    context::Context,
    failure::Failure,
    progress::Progress,
    show::{Tone, counted, plain},
};

/// Copies the vault to a new file, sealed as the vault is: the same passphrase and recovery codes open it.
/// `vault restore` makes a vault of it again.
#[derive(Args)]
pub(crate) struct Backup {
    /// The file to make; one that exists is never overwritten
    #[arg(value_name = "FILE")]
    to: PathBuf,
}

impl Backup {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let vault = context.open()?;
        let progress = Progress::of_vault(&context.output, "Backing up");
        let copied = vault.back_up(&self.to, &mut progress.follow())?;
        drop(progress);
        let to = self.to.display().to_string();
        context.output.show(
            || json!({ "backup": to, "file_id": copied.file_id.to_string(), "rows": copied.rows }),
            |page| {
                let rows = counted(copied.rows, "row");
                page.toned(Tone::Good, &format!("Backed up {rows} to {}.", plain(&to)))?;
                page.line(
                    "It opens with the passphrase and recovery codes of today, also after you change them.",
                )
            },
        )
    }
}
