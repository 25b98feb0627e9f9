//! `vault recovery`

use std::io::{self, BufRead, IsTerminal};

use clap::{Args, Subcommand};
use serde_json::json;
use vault_core::{RecoveryCode, SlotId, SlotKind, Vault};

use crate::{
    context::Context,
    failure::Failure,
    output::Output,
    show::{Tone, counted},
};

/// Groups of the code that are to be typed back, counted from 1.
const ASKED_BACK: [usize; 2] = [3, 7];
/// How often each may be mistyped before the code is withdrawn.
const ATTEMPTS: usize = 3;

/// A code on paper that opens the vault when the passphrase is lost.
#[derive(Args)]
pub(crate) struct Recovery {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Draw a recovery code and show it, once
    Create(Create),
    /// Say what opens the vault
    Status,
}

/// Draws a recovery code. Write it down and keep it apart from the device; it is shown only now.
#[derive(Args)]
struct Create {
    /// Older recovery codes no longer open the vault
    #[arg(long)]
    replace: bool,
}

impl Recovery {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let vault = context.open()?;
        match self.action {
            Action::Create(create) => create.run(&vault, &mut context.output),
            Action::Status => status(&vault, &mut context.output),
        }
    }
}

impl Create {
    fn run(self, vault: &Vault, output: &mut Output) -> Result<(), Failure> {
        let older = recovery_slots(vault)?;
        let (slot, code) = vault.create_recovery_code()?;
        show_once(&code, output)?;
        if output.shows_progress() && io::stdin().is_terminal() {
            output.flush()?;
            if let Err(failure) = typed_back(&code, output) {
                vault.remove_slot(slot)?;
                return Err(failure);
            }
            output.remark("Right. Keep it apart from this device.")?;
        }
        if self.replace {
            older.into_iter().try_for_each(|slot| vault.remove_slot(slot))?;
        }
        Ok(())
    }
}

fn recovery_slots(vault: &Vault) -> Result<Vec<SlotId>, Failure> {
    let slots = vault.slots()?.into_iter();
    let recovery = slots.filter(|slot| slot.kind == SlotKind::Recovery);
    Ok(recovery.map(|slot| slot.id).collect())
}

fn show_once(code: &RecoveryCode, output: &mut Output) -> Result<(), Failure> {
    let revealed = code.reveal();
    output.show(
        || json!({ "recovery_code": revealed.as_str() }),
        |page| {
            page.line("Write this code down. It opens your vault, and is not shown again:")?;
            page.gap()?;
            page.title(&format!("  {}", revealed.as_str()))?;
            page.gap()?;
            page.line("To use it: `vault --recovery passphrase` sets a new passphrase.")?;
            page.line("Once this vault has synced, `vault recover` takes it back on a new device with the code alone.")
        },
    )
}

/// Has parts of the code typed back, from the paper.
fn typed_back(code: &RecoveryCode, output: &mut Output) -> Result<(), Failure> {
    let revealed = code.reveal();
    for number in ASKED_BACK {
        let group = revealed.as_str().split('-').nth(number - 1).unwrap_or_default();
        let question = format!("Type group {number} of it, as you wrote it down:");
        let is_right = (0..ATTEMPTS).map(|_| answer_to(&question, output));
        if !one_is(group, is_right)? {
            return Err(Failure::NotConfirmed(
                "the code was not typed back right, so it opens nothing: create another".into(),
            ));
        }
    }
    Ok(())
}

fn one_is(group: &str, answers: impl Iterator<Item = Result<String, Failure>>) -> Result<bool, Failure> {
    for answer in answers {
        if as_symbols(&answer?) == group {
            return Ok(true);
        }
    }
    Ok(false)
}

fn answer_to(question: &str, output: &mut Output) -> Result<String, Failure> {
    output.ask(question)?;
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    read.map_err(|source| Failure::CannotRead {
        what: "the answer".into(),
        source,
    })?;
    Ok(answer)
}

/// Typed symbols as the code is written: in capitals, with the look-alikes put right.
fn as_symbols(typed: &str) -> String {
    let symbol = |c: char| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        c => c,
    };
    let typed = typed.chars().filter(|c| !c.is_whitespace() && *c != '-');
    typed.map(symbol).collect()
}

fn status(vault: &Vault, output: &mut Output) -> Result<(), Failure> {
    let slots = vault.slots()?;
    let codes = recovery_slots(vault)?.len() as u64;
    output.show(
        || {
            let slots = slots.iter();
            let slots = slots.map(|slot| json!({ "id": slot.id.to_string(), "kind": slot.kind.to_string() }));
            json!({ "recovery_codes": codes, "slots": slots.collect::<Vec<_>>() })
        },
        |page| match codes {
            0 => page.toned(
                Tone::Waiting,
                "There is no recovery code: `vault recovery create` makes one.",
            ),
            codes => page.toned(
                Tone::Good,
                &format!("{} can open this vault.", counted(codes, "recovery code")),
            ),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_known_however_it_is_typed_and_only_the_right_one() {
        let answers = |typed: &[&str]| {
            let typed: Vec<_> = typed.iter().map(|text| Ok((*text).to_owned())).collect();
            one_is("1A0Z", typed.into_iter()).unwrap()
        };
        assert!(answers(&["laoz\n"]) && answers(&["wrong", " 1a-0z "]));
        assert!(!answers(&["1a0y", "", "1a0zz"]));
    }
}
