//! `vault rewrite`

use std::fs;

use clap::Args;
use serde_json::json;
use vault_core::{FileError, Passphrase, SlotInfo, SlotKind, SlotSecret, VaultKey};

use crate::{
    context::Context,
    failure::Failure,
    opener::Opener,
    progress::Progress,
    show::{Tone, bytes, plain},
};

/// Writes the vault anew under a new key, in its place: what was deleted is gone from the file, and the
/// file gets as small as it can be. Needs room for both meanwhile.
#[derive(Args)]
pub(crate) struct Rewrite {
    /// Draw a new vault key too, so that a secret of an older copy does not open this file. Passphrase and
    /// recovery codes stay; keys that only machines hold are left out
    #[arg(long)]
    new_vault_key: bool,
}

impl Rewrite {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let path = context.file.path().to_owned();
        let kinds = context.slot_kinds()?;
        let (opener, mut again) = match self.new_vault_key {
            true => asked_for_new_key(context, &kinds)?,
            false => (context.opener(&path)?, None),
        };
        let before = size(context)?;
        let mut left_out = Vec::new();
        let mut seal = |slot: &SlotInfo| match slot.kind {
            SlotKind::Passphrase => match again.take() {
                Some(passphrase) => Ok(SlotSecret::Passphrase(passphrase)),
                None => Err(FileError::InvalidInput {
                    what: "a new vault key for a vault with several passphrases",
                }),
            },
            kind => {
                left_out.push(kind.to_string());
                Ok(SlotSecret::Remove)
            }
        };
        let vault_key = match self.new_vault_key {
            true => VaultKey::Renew(&mut seal),
            false => VaultKey::Keep,
        };
        let progress = Progress::of_vault(&context.output, "Rewriting");
        let host = context.host();
        let vault = (context.file).rewrite(&opener.secret(), vault_key, host, &mut progress.follow())?;
        drop((progress, vault));
        let after = size(context)?;
        let file = path.display().to_string();
        context.output.show(
            || {
                json!({
                    "file": file,
                    "bytes_before": before,
                    "bytes": after,
                    "new_vault_key": self.new_vault_key,
                    "left_out": left_out,
                })
            },
            |page| {
                let sizes = format!("{} before, {} now", bytes(before), bytes(after));
                page.toned(Tone::Good, &format!("Rewrote {}: {sizes}.", plain(&file)))?;
                match left_out.is_empty() {
                    true => Ok(()),
                    false => page.line(&format!("No longer opens it: {}.", left_out.join(", "))),
                }
            },
        )
    }
}

/// What opens the vault, and its passphrase to seal the new key with, if it has one.
fn asked_for_new_key(context: &Context, kinds: &[SlotKind]) -> Result<(Opener, Option<Passphrase>), Failure> {
    let has_passphrase = kinds.contains(&SlotKind::Passphrase);
    if context.with_recovery_code {
        let opener = Opener::ask_recovery_code()?;
        let again = has_passphrase.then(|| context.passphrase.ask()).transpose()?;
        return Ok((opener, again));
    }
    let [opens, again] = context.passphrase.ask_for_two_uses()?;
    Ok((Opener::Passphrase(opens), Some(again)))
}

fn size(context: &Context) -> Result<u64, Failure> {
    let found = fs::metadata(context.file.path());
    Ok(found
        .map_err(|source| Failure::CannotRead {
            what: "the vault".into(),
            source,
        })?
        .len())
}
