//! The `vault` command: the desktop app of a vault's owner, straight on vault-core.

mod arguments;
mod command;
mod confirm;
mod context;
#[cfg(feature = "demo")]
mod demo;
mod failure;
mod fields;
mod find;
mod interrupt;
mod moment;
mod online;
mod opener;
mod output;
mod passphrase;
mod place;
mod positions;
mod progress;
mod selection;
mod show;

use std::process::ExitCode;

fn main() -> ExitCode {
    arguments::run()
}
