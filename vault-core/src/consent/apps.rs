//! Applications that this vault has met, and the consent key that it keeps for each: one a piece,
//! so that two applications cannot join their users by it.

use serde::{Deserialize, Serialize};
use vault_file::{Snapshot, Transaction};
use vault_wire::{certificate::SignedCertificate, id::AppId, request::AppIdentity, signature::SecretKey};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::voucher::load_pin;
use crate::{
    error::Error,
    store::{
        Store, decode, encode,
        tables::{APPS, CONSENT_KEYS},
    },
};

/// A consent key and the owner key's word for it.
pub(super) struct ConsentKey {
    pub(super) key: SecretKey,
    pub(super) certificate: SignedCertificate,
}

#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct ConsentKeyRow {
    seed: [u8; 32],
    #[zeroize(skip)]
    certificate: SignedCertificate,
}

/// Remembers who an application is, unless its domain says otherwise.
pub(super) fn remember(transaction: &Transaction, app: &AppIdentity) -> Result<(), Error> {
    let known = load_pin(transaction, app.id)?.filter(|pin| pin.listing.is_some());
    if known.is_some_and(|pin| pin.contradicted_by(app).is_some()) {
        return Ok(());
    }
    transaction
        .table(&APPS)?
        .insert(app.id.as_bytes(), &encode(app))?;
    Ok(())
}

/// Who an application is, if it was met.
pub(super) fn identity(view: &Snapshot, app: AppId) -> Result<Option<AppIdentity>, Error> {
    view.table(&APPS)?
        .get(app.as_bytes())?
        .map(|row| decode(&row, "an application"))
        .transpose()
}

/// The consent key for an application, made at the first decision.
pub(super) fn consent_key(store: &Store, transaction: &Transaction, app: AppId) -> Result<ConsentKey, Error> {
    let mut table = transaction.table(&CONSENT_KEYS)?;
    if let Some(row) = table.get(app.as_bytes())? {
        return ConsentKey::from_row(&row);
    }
    let seed: [u8; 32] = store.host.randomness.bytes();
    let key = SecretKey::from_seed(&seed);
    let certificate = store.identity.certify_consent_key(&key, app, store.now());
    table.insert(
        app.as_bytes(),
        &encode(&ConsentKeyRow {
            seed,
            certificate: certificate.clone(),
        }),
    )?;
    Ok(ConsentKey { key, certificate })
}

/// The certificate of the consent key for an application.
pub(super) fn consent_certificate(view: &Snapshot, app: AppId) -> Result<SignedCertificate, Error> {
    let row = view
        .table(&CONSENT_KEYS)?
        .get(app.as_bytes())?
        .ok_or(Error::unreadable("a grant without its consent key"))?;
    Ok(ConsentKey::from_row(&row)?.certificate)
}

impl ConsentKey {
    fn from_row(row: &[u8]) -> Result<Self, Error> {
        let row: ConsentKeyRow = decode(row, "a consent key")?;
        Ok(Self {
            key: SecretKey::from_seed(&row.seed),
            certificate: row.certificate.clone(),
        })
    }
}
