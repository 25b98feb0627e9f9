//! An application's own keys: with them it signs its requests, and receives what only it can open.

use serde_json::{Value as Json, json};
use vault_wire::{
    domain::AppDomain,
    grant_key::SealingPublicKey,
    id::AppId,
    json::hex,
    request::{AppIdentity, Vouched},
    signature::PublicKey,
};

use super::{Unavailable, admin::AdminError};
use crate::{
    Server,
    store::{
        Rows,
        tables::{APP_ACCOUNTS, APPS, key},
    },
};

/// An application's public keys. The server never has their secret halves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppKeys {
    /// Signs its requests.
    pub signing: PublicKey,
    /// Receives grant keys in delivery `sealed`.
    pub sealing: Option<SealingPublicKey>,
}

/// Registers an application's keys in the place of those before. From then on its requests must be
/// signed, and vaults ask the domain of its website about both. Grants that run keep the key that
/// they were sealed to.
///
/// # Errors
///
/// [`AdminError::Invalid`] if the website has no domain that vaults could ask.
pub async fn set_app_keys(server: &Server, app: AppId, keys: AppKeys) -> Result<AppIdentity, AdminError> {
    server
        .store()
        .write(move |tx| {
            let Some(account) = tx.get(&APP_ACCOUNTS, app.as_bytes())? else {
                return Ok(Err(AdminError::UnknownApp(app)));
            };
            let at = key(&[account.as_bytes(), app.as_bytes()]);
            let Some(mut row) = tx.get(&APPS, &at)? else {
                return Ok(Err(AdminError::UnknownApp(app)));
            };
            if let Err(error) = vouched_by_domain(&mut row.identity, keys) {
                return Ok(Err(error));
            }
            tx.put(&APPS, &at, &row)?;
            Ok(Ok(row.identity))
        })
        .await
        .map_err(Unavailable::from)?
}

/// An identity whose keys the domain of its website publishes.
pub(super) fn vouched_by_domain(identity: &mut AppIdentity, keys: AppKeys) -> Result<(), AdminError> {
    if AppDomain::of_website(&identity.website).is_err() {
        return Err(AdminError::Invalid(
            "keys need a website on a domain of its own, such as https://shop.example: vaults ask there",
        ));
    }
    identity.vouched = Vouched::ByDomain;
    identity.signing_key = Some(keys.signing);
    identity.sealing_key = keys.sealing;
    Ok(())
}

/// An application as data subjects are shown it.
///
/// # Errors
///
/// See [`AdminError`].
pub fn app_identity(server: &Server, app: AppId) -> Result<AppIdentity, AdminError> {
    let view = server.store().view().map_err(Unavailable::from)?;
    let account = view
        .get(&APP_ACCOUNTS, app.as_bytes())
        .map_err(Unavailable::from)?;
    let account = account.ok_or(AdminError::UnknownApp(app))?;
    let row = view
        .get(&APPS, &key(&[account.as_bytes(), app.as_bytes()]))
        .map_err(Unavailable::from)?;
    Ok(row.ok_or(AdminError::UnknownApp(app))?.identity)
}

/// What the application is to publish at [`AppDomain::document_url`].
pub fn well_known_document(app: &AppIdentity) -> Json {
    json!({
        "version": 1,
        "apps": [{
            "app_id": app.id.to_string(),
            "display_name": app.display_name,
            "brand_name": app.brand_name,
            "controller": app.controller,
            "country": app.country,
            "signing_key": app.signing_key.map(|key| hex(&key.0)),
            "sealing_key": app.sealing_key.map(|key| hex(&key.0)),
        }],
    })
}
