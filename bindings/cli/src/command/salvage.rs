//! `vault salvage`

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value as Json, json};
use vault_core::{Salvaged, VaultFile};

use crate::{
    context::Context,
    failure::Failure,
    place,
    progress::Progress,
    show::{self, Page, Tone, counted, plain},
};

/// Brings what can be read of a damaged vault to a new file, and lists what could not. The damaged file
/// stays as it is. A backup, if there is one, holds more.
#[derive(Args)]
pub(crate) struct Salvage {
    /// The damaged file
    #[arg(value_name = "DAMAGED")]
    damaged: PathBuf,
    /// The file to make; one that exists is never overwritten
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

impl Salvage {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let opener = context.opener_of_given(&self.damaged)?;
        place::make_folder_of(&self.to)?;
        let progress = Progress::of_vault(&context.output, "Salvaging");
        let host = context.host();
        let damaged = VaultFile::at(&self.damaged);
        let salvaged = damaged.salvage(&self.to, &opener.secret(), &host, &mut progress.follow())?;
        drop(progress);
        let file = self.to.display().to_string();
        context
            .output
            .show(|| json(&file, &salvaged), |page| write(page, &file, &salvaged))
    }
}

fn json(file: &str, salvaged: &Salvaged) -> Json {
    let losses = salvaged.losses.iter().map(show::damage::loss_json);
    json!({
        "file": file,
        "file_id": salvaged.copied.file_id.to_string(),
        "tables": salvaged.copied.tables,
        "rows": salvaged.copied.rows,
        "losses": losses.collect::<Vec<_>>(),
        "unlisted": salvaged.unlisted,
    })
}

fn write(page: &mut Page<'_>, file: &str, salvaged: &Salvaged) -> std::io::Result<()> {
    let saved = counted(salvaged.copied.rows, "row");
    if salvaged.losses.is_empty() {
        return page.toned(
            Tone::Good,
            &format!("Saved everything, {saved}, to {}.", plain(file)),
        );
    }
    page.toned(Tone::Waiting, &format!("Saved {saved} to {}.", plain(file)))?;
    page.line("What was in these places is lost:")?;
    show::damage::losses(page, &salvaged.losses, salvaged.unlisted)
}
