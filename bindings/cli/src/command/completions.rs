//! `vault completions`

use clap::Args;
use clap_complete::Shell;

use crate::{arguments, context::Context, failure::Failure};

/// Prints completions for a shell, for example: vault completions bash > ~/.local/share/bash-completion/completions/vault
#[derive(Args)]
pub(crate) struct Completions {
    /// For which shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut arguments::definition(), "vault", &mut script);
        context.output.raw(&script)
    }
}
