//! What the server told: who read what, who was refused, what was erased. Kept, so that the owner
//! sees it offline.

use vault_file::{Snapshot, Transaction};
use vault_wire::{
    frame::Event,
    id::{GrantId, VaultId},
    receipt::{Erasure, SignedErasure},
};

use super::{apps, inbox};
use crate::{
    error::Error,
    store::{
        Store, decode, encode,
        tables::{ERASURES, NOTICES},
        u64_key, u64_of,
    },
};

/// Something that happened at the server, as the owner sees it.
#[derive(Clone, Debug)]
pub struct Activity {
    /// Its number in this vault.
    pub number: u64,
    /// The application's name, where one is concerned.
    pub app_name: Option<String>,
    /// What happened.
    pub event: Event,
}

/// An erasure receipt, checked against the server's key.
#[derive(Clone, Debug)]
pub struct ErasureProof {
    /// What the server says it erased.
    pub erasure: Erasure,
    /// The receipt as it was received.
    pub signed: SignedErasure,
}

/// Keeps a notice and does what it asks for.
pub(crate) fn keep_notice(store: &Store, transaction: &Transaction, event: &Event) -> Result<(), Error> {
    let mut notices = transaction.table(&NOTICES)?;
    let last = match notices.range(..)?.next_back() {
        Some(row) => u64_of(&row?.0)?,
        None => 0,
    };
    notices.insert(&u64_key(last + 1), &encode(event))?;
    drop(notices);
    match event {
        Event::Request(delivered) => inbox::receive(store, transaction, delivered),
        Event::RequestClosed { request, how } => inbox::close(transaction, *request, *how),
        Event::Linked { app, .. } => apps::remember(transaction, app),
        Event::Read(_) | Event::RefusedReads(_) | Event::Stated { .. } | Event::Erased { .. } => Ok(()),
    }
}

/// What happened, latest first.
pub(crate) fn activities(view: &Snapshot, limit: usize) -> Result<Vec<Activity>, Error> {
    let rows = view.table(&NOTICES)?.range(..)?.rev().take(limit);
    rows.map(|row| {
        let (key, value) = row?;
        let event: Event = decode(&value, "a notice of the server")?;
        let known = event
            .app()
            .map(|app| apps::identity(view, app))
            .transpose()?
            .flatten();
        let app_name = match &event {
            Event::RefusedReads(refused) => Some(refused.app_name.clone()),
            _ => known.map(|app| app.display_name),
        };
        Ok(Activity {
            number: u64_of(&key)?,
            app_name,
            event,
        })
    })
    .collect()
}

/// Keeps an erasure receipt that was checked.
pub(crate) fn keep_erasure(
    transaction: &Transaction,
    grant: GrantId,
    receipt: &SignedErasure,
) -> Result<(), Error> {
    transaction
        .table(&ERASURES)?
        .insert(grant.as_bytes(), &encode(receipt))?;
    Ok(())
}

/// The erasure receipt of a grant, if it came.
pub(super) fn erasure(view: &Snapshot, grant: GrantId) -> Result<Option<SignedErasure>, Error> {
    view.table(&ERASURES)?
        .get(grant.as_bytes())?
        .map(|row| decode(&row, "an erasure receipt"))
        .transpose()
}

/// Every erasure receipt, its signature and its proof checked again. That the key is the server's was checked
/// when the receipt came, whichever server the vault is connected to by now.
pub(crate) fn erasures(view: &Snapshot, vault: VaultId) -> Result<Vec<ErasureProof>, Error> {
    let rows = view.table(&ERASURES)?.range(..)?;
    rows.map(|row| {
        let signed: SignedErasure = decode(&row?.1, "an erasure receipt")?;
        let erasure = signed
            .verify(&signed.key, vault)
            .map_err(|_| Error::unreadable("an erasure receipt"))?;
        Ok(ErasureProof { erasure, signed })
    })
    .collect()
}
