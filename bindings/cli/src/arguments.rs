//! The command line: options that every command has, and what becomes of a command.

use std::{env, ffi::OsStr, path::PathBuf, process::ExitCode, sync::Arc};

use clap::{
    CommandFactory, Parser,
    builder::{PossibleValuesParser, TypedValueParser},
    error::ErrorKind,
};
use vault_core::{Category, Clock, SystemClock, VaultFile};

use crate::{
    command::Command,
    context::Context,
    failure::{Exit, Failure},
    output::Output,
    passphrase::PassphraseFrom,
    place,
};

const AFTER_HELP: &str = "\
Categories: receipts, health, cards, app_usage, locations, browsing, surveys, button_events,
usage_metrics, summaries. Nothing is collected in a category before `vault collect CATEGORY on`.

Ids may be given whole, or by how they begin or end, as long as that is clear.

Passphrase: typed at a prompt, or the first line of --passphrase-fd, or VAULT_PASSPHRASE.
Recovery code, with --recovery and for recover: typed at a prompt, or VAULT_RECOVERY_CODE.

Exit status:
  0  done
  1  failed
  2  called wrongly
  3  the passphrase or recovery code does not open the vault
  4  the vault is open elsewhere
  5  no such vault, file, record, request or grant
  6  no server is set, or it cannot be reached
  7  refused: by your settings, by the terms of a request, or by the server";

/// A vault for your own data: what you put into it, who may read what of it, and who did
#[derive(Parser)]
#[command(name = "vault", version, after_long_help = AFTER_HELP, after_help = AFTER_HELP)]
#[command(
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
struct Cli {
    /// The vault file [default: $XDG_DATA_HOME/vault/default.vault]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "VAULT_FILE",
        hide_env_values = true
    )]
    vault: Option<PathBuf>,
    /// Read the passphrase from the first line of this open file descriptor
    #[arg(long, global = true, value_name = "N")]
    passphrase_fd: Option<u32>,
    /// Open the vault with a recovery code instead of the passphrase
    #[arg(long, global = true)]
    recovery: bool,
    /// Answer in JSON: one document, or one object a line for lists; errors too
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

/// Runs the command that the arguments name.
pub(crate) fn run() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => cli.run(),
        Err(error) => not_understood(&error),
    }
}

impl Cli {
    fn run(self) -> ExitCode {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let mut output = Output::standard(self.json, Arc::clone(&clock));
        let file = match self.vault.map_or_else(place::default_vault, Ok) {
            Ok(path) => VaultFile::at(path),
            Err(failure) => return ended(Err(failure), &mut output),
        };
        let mut context = Context {
            file,
            passphrase: PassphraseFrom::of(self.passphrase_fd),
            with_recovery_code: self.recovery,
            clock,
            output,
        };
        let outcome = self.command.run(&mut context);
        ended(outcome, &mut context.output)
    }
}

fn ended(outcome: Result<(), Failure>, output: &mut Output) -> ExitCode {
    match outcome.and_then(|()| output.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.exit() as u8)
        }
    }
}

/// Help, the version, or what is wrong with the arguments: as JSON if that was asked for.
fn not_understood(error: &clap::Error) -> ExitCode {
    let is_answer = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let wants_json = env::args_os().any(|argument| argument == OsStr::new("--json"));
    if is_answer || !wants_json {
        // If help cannot be written, nobody is there to read it.
        let _ = error.print();
    } else {
        let text = error.to_string();
        let reason = text.lines().next().unwrap_or_default();
        let reason = reason.strip_prefix("error: ").unwrap_or(reason);
        let failure = Failure::Usage(reason.to_owned());
        Output::standard(true, Arc::new(SystemClock)).failure(&failure);
    }
    ExitCode::from(if is_answer { 0 } else { Exit::Usage as u8 })
}

/// The whole command line, for completions.
pub(crate) fn definition() -> clap::Command {
    Cli::command()
}

/// A category by its name.
pub(crate) fn category() -> impl TypedValueParser<Value = Category> {
    PossibleValuesParser::new(Category::ALL.map(Category::name)).try_map(|name| name.parse::<Category>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_and_option_is_well_formed() {
        definition().debug_assert();
    }

    #[test]
    fn the_help_names_every_category_and_exit_status() {
        for category in Category::ALL {
            assert!(AFTER_HELP.contains(category.name()), "{category}");
        }
        for status in 0..=7 {
            assert!(AFTER_HELP.contains(&format!("\n  {status}  ")), "{status}");
        }
    }

    #[test]
    fn no_option_takes_a_passphrase() {
        let mut commands = vec![definition()];
        while let Some(command) = commands.pop() {
            for argument in command.get_arguments() {
                let id = argument.get_id().as_str();
                assert!(id.ends_with("passphrase_fd") || !id.contains("pass"), "{id}");
            }
            commands.extend(command.get_subcommands().cloned());
        }
    }
}
