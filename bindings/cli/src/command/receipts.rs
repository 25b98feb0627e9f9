//! `vault receipts`

use std::{fs::File, io::Read, path::PathBuf};

use clap::Args;
use serde_json::{Deserializer, Value as Json};
use vault_core::{GrantId, RECEIPT_TEXT_MAX, Vault, VerifiedReceipt};

use super::grants;
use crate::{context::Context, failure::Failure, show, show::receipts::Checked};

/// Most bytes of a file of receipts that is checked.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Lists your consent receipts: everything that you said of your grants, signed. With --json each is a
/// document of its own (ISO/IEC TS 27560 as JSON-LD) that anybody can check offline with --verify.
#[derive(Args)]
pub(crate) struct Receipts {
    /// Only those of one grant: its id, or how that begins or ends
    #[arg(value_name = "GRANT", conflicts_with = "verify")]
    grant: Option<String>,
    /// Check the receipts in a file; needs neither a vault nor a network
    #[arg(long, value_name = "FILE")]
    verify: Option<PathBuf>,
}

impl Receipts {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        if let Some(path) = self.verify {
            return verify(context, &path);
        }
        let vault = context.open()?;
        let mut receipts = Vec::new();
        for grant in self.meant(&vault)? {
            receipts.extend(vault.receipts(grant)?);
        }
        let json: Vec<_> = receipts.iter().map(|receipt| receipt.to_json_ld()).collect();
        context
            .output
            .show_list(json, |page| show::receipts::list(page, &receipts))
    }

    fn meant(&self, vault: &Vault) -> Result<Vec<GrantId>, Failure> {
        match &self.grant {
            Some(typed) => Ok(vec![grants::meant(vault, typed)?.id]),
            None => Ok(vault.statement_chains()?),
        }
    }
}

fn verify(context: &mut Context, path: &PathBuf) -> Result<(), Failure> {
    let cannot_read = |source| Failure::CannotRead {
        what: path.display().to_string(),
        source,
    };
    let mut text = String::new();
    let file = File::open(path).map_err(cannot_read)?;
    file.take(FILE_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(cannot_read)?;
    let mut checked: Vec<Checked> = Vec::new();
    for document in documents(&text)? {
        let before = checked.last().and_then(|last| last.outcome.as_ref().ok());
        let outcome = VerifiedReceipt::check(&document);
        let follows = outcome
            .as_ref()
            .ok()
            .zip(before)
            .map(|(this, before)| this.statement.grant != before.statement.grant || this.follows(before));
        checked.push(Checked {
            outcome,
            follows: follows.unwrap_or(true),
        });
    }
    if checked.is_empty() {
        return Err(Failure::Usage("there is no receipt in this file".into()));
    }
    let broken = checked.iter().filter(|checked| !checked.holds()).count();
    let json: Vec<_> = checked.iter().map(Checked::json).collect();
    context
        .output
        .show_list(json, |page| show::receipts::checked(page, &checked))?;
    match broken {
        0 => Ok(()),
        broken => Err(Failure::ReceiptsBroken(broken)),
    }
}

/// The documents of a file: one after another, or in lists.
fn documents(text: &str) -> Result<Vec<Json>, Failure> {
    let mut documents = Vec::new();
    for document in Deserializer::from_str(text).into_iter::<Json>() {
        match document {
            Ok(Json::Array(several)) => documents.extend(several),
            Ok(one) => documents.push(one),
            Err(error) => return Err(Failure::Usage(format!("this is not JSON: {error}"))),
        }
    }
    let too_long = documents
        .iter()
        .any(|document| document.to_string().len() > RECEIPT_TEXT_MAX);
    match too_long {
        false => Ok(documents),
        true => Err(Failure::Usage("one of these is too long for a receipt".into())),
    }
}
