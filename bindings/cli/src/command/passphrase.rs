//! `vault passphrase`

use clap::Args;
use serde_json::json;

use crate::{context::Context, failure::Failure, passphrase::PassphraseFrom, show::Tone};

/// Changes the passphrase. The new one is typed twice, or given through --new-passphrase-fd or
/// VAULT_NEW_PASSPHRASE. Older copies of the file still open with the old one.
#[derive(Args)]
pub(crate) struct Change {
    /// Read the new passphrase from the first line of this open file descriptor
    #[arg(long, value_name = "N")]
    new_passphrase_fd: Option<u32>,
}

impl Change {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let vault = context.open()?;
        let new = PassphraseFrom::of(self.new_passphrase_fd).ask_replacement()?;
        vault.change_passphrase(&new)?;
        context.output.show(
            || json!({ "passphrase": "changed" }),
            |page| {
                page.toned(Tone::Good, "The passphrase is changed.")?;
                page.line("Backups that were made before still open with the old one.")
            },
        )
    }
}
