//! Consent receipts: every statement of a grant with all that it takes to check it anywhere, offline.

mod json_ld;
mod verify;

use vault_file::Snapshot;
use vault_wire::{
    acceptance::SignedAcceptance,
    certificate::SignedCertificate,
    frame::StatementRefusal,
    id::{GrantId, VaultId},
    receipt::SignedErasure,
    request::ConsentRequest,
    signature::{PublicKey, Signature},
    statement::{SignedStatement, Statement},
};

pub use verify::{InvalidReceipt, RECEIPT_TEXT_MAX, VerifiedReceipt};

use super::{
    activity, apps,
    chain::refusals,
    grant::{self, GrantRow},
    inbox,
    statements::{StatementRow, read},
};
use crate::{
    error::Error,
    store::{Store, decode, tables::STATEMENTS},
};

/// A consent receipt: one statement, and what it takes to check it.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The vault that made it.
    pub vault: VaultId,
    /// The owner's key, whose hash is the vault's id.
    pub owner_key: PublicKey,
    /// The statement as it was signed.
    pub signed: SignedStatement,
    /// What it says.
    pub statement: Statement,
    /// The owner key's certificate of the consent key that signed it.
    pub certificate: SignedCertificate,
    /// The exact bytes of the consent request that it is about.
    pub request_bytes: Vec<u8>,
    /// The application's signature over the request, if it came with one.
    pub request_signature: Option<Signature>,
    /// The request.
    pub request: ConsentRequest,
    /// The server's word that it is in force.
    pub acceptance: Option<SignedAcceptance>,
    /// For a withdrawal, the server's word that everything is erased.
    pub erasure: Option<SignedErasure>,
    /// Why the server did not accept it, if it did not.
    pub refused: Option<StatementRefusal>,
}

/// Every grant and refusal that has statements, in the order of their ids.
pub(crate) fn chains(view: &Snapshot) -> Result<Vec<GrantId>, Error> {
    grant::rows(view)?.map(|row| Ok(row?.0)).collect()
}

/// The receipts of a grant, by number; what the server refused comes last. A refusal of a request is a
/// receipt too.
pub(crate) fn receipts(store: &Store, view: &Snapshot, id: GrantId) -> Result<Vec<Receipt>, Error> {
    let row = grant::row(view, id)?.ok_or(Error::NotFound("grant"))?;
    let mut receipts = Vec::new();
    for kept in view.table(&STATEMENTS)?.prefix(id.as_bytes())? {
        let kept: StatementRow = decode(&kept?.1, "a statement")?;
        receipts.push(receipt(store, view, id, &row, kept)?);
    }
    let refused = refusals(view, id)?;
    for receipt in &mut receipts {
        let same = refused
            .iter()
            .find(|one| one.signed.bytes == receipt.signed.bytes);
        receipt.refused = same.map(|one| one.why);
    }
    for one in refused {
        if receipts
            .iter()
            .any(|receipt| receipt.signed.bytes == one.signed.bytes)
        {
            continue;
        }
        let kept = StatementRow {
            signed: one.signed,
            certificate: None,
            acceptance: None,
        };
        receipts.push(Receipt {
            refused: Some(one.why),
            ..receipt(store, view, id, &row, kept)?
        });
    }
    Ok(receipts)
}

fn receipt(
    store: &Store,
    view: &Snapshot,
    id: GrantId,
    row: &GrantRow,
    kept: StatementRow,
) -> Result<Receipt, Error> {
    let statement = read(&kept.signed)?;
    let delivered = inbox::delivered(view, row.request)?;
    let certificate = match kept.certificate {
        Some(certificate) => certificate,
        None => apps::consent_certificate(view, row.app)?,
    };
    let ends = statement.event == vault_wire::statement::Event::Withdrawn;
    Ok(Receipt {
        vault: store.identity.vault(),
        owner_key: store.identity.owner_key(),
        request: ConsentRequest::from_bytes(&delivered.bytes)?,
        request_bytes: delivered.bytes,
        request_signature: delivered.signature,
        erasure: if ends { activity::erasure(view, id)? } else { None },
        signed: kept.signed,
        statement,
        certificate,
        acceptance: kept.acceptance,
        refused: None,
    })
}
