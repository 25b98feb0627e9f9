//! What an operator sets up: accounts, applications, API keys, invitations.

use std::fmt;

use vault_wire::{
    id::{AccountId, AppId, KeyId},
    request::{AppIdentity, Vouched},
    time::Timestamp,
};
use zeroize::Zeroizing;

use super::{
    Unavailable,
    api_key::ApiKeyText,
    app_keys::{AppKeys, vouched_by_domain},
    scopes::{Scopes, UnknownScope},
    secret_text::{SECRET_CHARS, hash, random},
};
use crate::{
    Server,
    store::{
        AccountRow, ApiKeyRow, AppRow, Rows,
        tables::{ACCOUNTS, API_KEY_IDS, API_KEYS, APP_ACCOUNTS, APPS, INVITES, key},
    },
};

/// What data subjects see of a new application.
#[derive(Clone, Debug, Default)]
pub struct NewApp {
    /// Its name.
    pub name: String,
    /// The brand; the name if empty.
    pub brand: String,
    /// The data controller's legal name.
    pub controller: String,
    /// The controller's country, ISO 3166-1.
    pub country: String,
    /// Its website.
    pub website: String,
    /// Its privacy policy.
    pub privacy_policy_url: String,
    /// Where data subjects can ask.
    pub support_contact: String,
    /// Its own keys, if it has some: see [`set_app_keys`](super::app_keys::set_app_keys).
    pub keys: Option<AppKeys>,
}

/// A new API key, as it is shown once.
pub struct CreatedKey {
    /// Its id.
    pub id: KeyId,
    /// The key itself, `pv_live_<id>_<secret>_<checksum>`.
    pub key: Zeroizing<String>,
    /// What may be shown of it later.
    pub prefix: String,
    /// What it may call.
    pub scopes: Scopes,
}

/// Why nothing was created.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdminError {
    /// There is no such account.
    #[error("there is no account {0}")]
    UnknownAccount(AccountId),
    /// There is no such application.
    #[error("there is no application {0}")]
    UnknownApp(AppId),
    /// A name is missing or too long.
    #[error("{0}")]
    Invalid(&'static str),
    /// A scope does not exist.
    #[error(transparent)]
    UnknownScope(#[from] UnknownScope),
    /// The data store failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Creates a developer's account.
///
/// # Errors
///
/// See [`AdminError`].
pub async fn create_account(server: &Server, name: &str) -> Result<AccountId, AdminError> {
    let name = named(name, "an account needs a name of at most 200 bytes")?;
    let now = server.now();
    let id = AccountId::fresh(now, &mut server.entropy());
    let row = AccountRow {
        name,
        created_at: now,
    };
    server
        .store()
        .write(move |tx| tx.put(&ACCOUNTS, id.as_bytes(), &row))
        .await
        .map_err(Unavailable::from)?;
    Ok(id)
}

/// Creates an application of an account.
///
/// # Errors
///
/// See [`AdminError`].
pub async fn create_app(server: &Server, account: AccountId, new: NewApp) -> Result<AppId, AdminError> {
    let name = named(&new.name, "an application needs a name of at most 200 bytes")?;
    let now = server.now();
    let id = AppId::fresh(now, &mut server.entropy());
    let mut identity = AppIdentity {
        id,
        brand_name: if new.brand.is_empty() {
            name.clone()
        } else {
            new.brand
        },
        display_name: name,
        controller: named(
            &new.controller,
            "an application needs a data controller of at most 200 bytes",
        )?,
        country: country(&new.country)?,
        website: new.website,
        privacy_policy_url: new.privacy_policy_url,
        support_contact: new.support_contact,
        vouched: Vouched::ByServer,
        sealing_key: None,
        signing_key: None,
    };
    if let Some(keys) = new.keys {
        vouched_by_domain(&mut identity, keys)?;
    }
    let row = AppRow {
        identity,
        created_at: now,
    };
    let created = server
        .store()
        .write(move |tx| {
            if !tx.has(&ACCOUNTS, account.as_bytes())? {
                return Ok(false);
            }
            tx.put(&APPS, &key(&[account.as_bytes(), id.as_bytes()]), &row)?;
            tx.put(&APP_ACCOUNTS, id.as_bytes(), &account)?;
            Ok(true)
        })
        .await
        .map_err(Unavailable::from)?;
    created.then_some(id).ok_or(AdminError::UnknownAccount(account))
}

/// Creates an API key of an application. Its secret is kept only as a hash.
///
/// # Errors
///
/// See [`AdminError`].
pub async fn create_api_key(
    server: &Server,
    app: AppId,
    name: &str,
    scopes: &[String],
    expires_at: Option<Timestamp>,
) -> Result<CreatedKey, AdminError> {
    let name = named(name, "a key needs a name of at most 200 bytes")?;
    let scopes = Scopes::parse(scopes)?;
    if scopes.is_empty() {
        return Err(AdminError::Invalid("a key needs at least one scope"));
    }
    let (now, mut entropy) = (server.now(), server.entropy());
    let text = ApiKeyText::draw(&mut entropy);
    let id = KeyId::fresh(now, &mut entropy);
    let (public, secret_hash, kept) = (text.id.clone(), hash(&text.secret), scopes.clone());
    let created = server
        .store()
        .write(move |tx| {
            let Some(account) = tx.get(&APP_ACCOUNTS, app.as_bytes())? else {
                return Ok(false);
            };
            let row = ApiKeyRow {
                account,
                app,
                name,
                secret_hash,
                scopes: kept,
                created_at: now,
                expires_at,
                revoked_at: None,
            };
            tx.put(&API_KEYS, id.as_bytes(), &row)?;
            tx.put(&API_KEY_IDS, public.as_bytes(), &id)?;
            Ok(true)
        })
        .await
        .map_err(Unavailable::from)?;
    if !created {
        return Err(AdminError::UnknownApp(app));
    }
    Ok(CreatedKey {
        id,
        key: text.whole(),
        prefix: text.prefix(),
        scopes,
    })
}

/// Creates an invitation with which one vault can be enrolled.
///
/// # Errors
///
/// See [`AdminError`].
pub async fn create_invite(server: &Server) -> Result<Zeroizing<String>, AdminError> {
    let (now, mut entropy) = (server.now(), server.entropy());
    let code = random(&mut entropy, SECRET_CHARS);
    let at = hash(&code);
    server
        .store()
        .write(move |tx| tx.put(&INVITES, &at, &now))
        .await
        .map_err(Unavailable::from)?;
    Ok(code)
}

fn named(name: &str, otherwise: &'static str) -> Result<String, AdminError> {
    let name = name.trim();
    if name.is_empty() || name.len() > 200 {
        return Err(AdminError::Invalid(otherwise));
    }
    Ok(name.to_owned())
}

fn country(code: &str) -> Result<String, AdminError> {
    if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(code.to_owned());
    }
    Err(AdminError::Invalid(
        "a country is two capital letters of ISO 3166-1, for example DE",
    ))
}

impl fmt::Debug for CreatedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CreatedKey({}…)", self.prefix)
    }
}
