//! `vault verify`

use clap::Args;
use serde_json::{Value as Json, json};
use vault_core::Verified;

use crate::{
    context::Context,
    failure::Failure,
    progress::Progress,
    show::{self, Page, Tone, counted, plain},
};

/// Reads and authenticates every page in use, and follows every index. Nothing is written; a damaged
/// vault can be checked too, and a backup with --vault.
#[derive(Args)]
pub(crate) struct Verify {}

impl Verify {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let opener = context.opener(context.file.path())?;
        let progress = Progress::of_vault(&context.output, "Checking");
        let verified = context
            .file
            .verify(&opener.secret(), &context.host(), &mut progress.follow())?;
        drop(progress);
        let file = context.file.path().display().to_string();
        context
            .output
            .show(|| json(&file, &verified), |page| write(page, &file, &verified))?;
        match verified.is_sound() {
            true => Ok(()),
            false => Err(Failure::Unsound(places(&verified))),
        }
    }
}

fn places(verified: &Verified) -> u64 {
    verified.unlisted.saturating_add(verified.findings.len() as u64)
}

fn json(file: &str, verified: &Verified) -> Json {
    let findings = verified.findings.iter().map(show::damage::finding_json);
    json!({
        "file": file,
        "sound": verified.is_sound(),
        "pages": verified.pages,
        "tables": verified.tables,
        "rows": verified.rows,
        "journaled": verified.journaled,
        "findings": findings.collect::<Vec<_>>(),
        "unlisted": verified.unlisted,
    })
}

fn write(page: &mut Page<'_>, file: &str, verified: &Verified) -> std::io::Result<()> {
    let checked = format!(
        "{} and {} checked",
        counted(verified.pages, "page"),
        counted(verified.rows, "row")
    );
    let checked = match verified.journaled {
        0 => checked,
        journaled => format!(
            "{checked}, and {} in the journal",
            counted(journaled, "transaction")
        ),
    };
    if verified.is_sound() {
        return page.toned(Tone::Good, &format!("{}: sound. {checked}.", plain(file)));
    }
    let wrong = counted(places(verified), "damaged place");
    page.toned(Tone::Bad, &format!("{}: {wrong}; {checked}.", plain(file)))?;
    show::damage::findings(page, &verified.findings, verified.unlisted)
}
