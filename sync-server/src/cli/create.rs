//! Creating what developers need: account, application, API key; and invitations.

use serde_json::json;
use sync_server::{
    Server,
    service::{
        admin::{NewApp, create_account, create_api_key, create_app, create_invite},
        app_keys::{AppKeys, app_identity, set_app_keys, well_known_document},
    },
};
use vault_wire::{
    grant_key::SealingPublicKey, id::AppId, json, request::AppIdentity, signature::PublicKey, time::Timestamp,
};

use super::{AppKeyArguments, Failure, NewAppArguments, output::Output};

pub(super) async fn account(server: &Server, output: &Output, name: &str) -> Result<(), Failure> {
    let id = create_account(server, name).await?;
    output.result(&format!("account {id}"), &json!({ "account": id.to_string() }))
}

pub(super) async fn app(server: &Server, output: &Output, new: NewAppArguments) -> Result<(), Failure> {
    let account = new.account;
    let new = NewApp {
        name: new.name,
        brand: new.brand,
        controller: new.controller,
        country: new.country,
        website: new.website,
        privacy_policy_url: new.privacy_policy_url,
        support_contact: new.support_contact,
        keys: new.keys.parsed(),
    };
    let id = create_app(server, account, new).await?;
    registered(output, &app_identity(server, id)?)
}

pub(super) async fn app_keys(
    server: &Server,
    output: &Output,
    app: AppId,
    keys: AppKeyArguments,
) -> Result<(), Failure> {
    let keys = keys.parsed().ok_or("name a signing key")?;
    registered(output, &set_app_keys(server, app, keys).await?)
}

/// Says what is registered, and what the application must publish so that vaults believe it.
fn registered(output: &Output, app: &AppIdentity) -> Result<(), Failure> {
    let Some(domain) = app.domain() else {
        return output.result(
            &format!("application {}", app.id),
            &json!({ "app": app.id.to_string() }),
        );
    };
    let (url, document) = (domain.document_url(), well_known_document(app));
    let text = format!(
        "application {}\nPublish this at {url}, so that vaults know its keys:\n{document:#}",
        app.id
    );
    let object = json!({ "app": app.id.to_string(), "publish_at": url, "document": document });
    output.result(&text, &object)
}

impl AppKeyArguments {
    fn parsed(self) -> Option<AppKeys> {
        self.signing_key.map(|signing| AppKeys {
            signing: PublicKey(signing),
            sealing: self.sealing_key.map(SealingPublicKey),
        })
    }
}

/// A public key from its 64 hexadecimal digits.
pub(super) fn public_key(text: &str) -> Result<[u8; 32], &'static str> {
    json::key_of_hex(text).ok_or("a public key is 64 hexadecimal digits, as `vault-open keygen` prints it")
}

pub(super) async fn key(
    server: &Server,
    output: &Output,
    app: AppId,
    name: &str,
    scopes: &[String],
    expires_at: Option<Timestamp>,
) -> Result<(), Failure> {
    let created = create_api_key(server, app, name, scopes, expires_at).await?;
    let text = format!(
        "API key {} with {}\n{}\nIt is shown only now: keep it.",
        created.id, created.scopes, *created.key
    );
    let object = json!({
        "id": created.id.to_string(),
        "key": *created.key,
        "prefix": created.prefix,
        "scopes": created.scopes.names().collect::<Vec<_>>(),
    });
    output.result(&text, &object)
}

pub(super) async fn invite(server: &Server, output: &Output) -> Result<(), Failure> {
    let code = create_invite(server).await?;
    let text = format!("{}\nIt enrols one vault and is shown only now.", *code);
    output.result(&text, &json!({ "invite": *code }))
}
