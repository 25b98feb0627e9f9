//! Creating what developers need: account, application, API key; and invitations.

use serde_json::json;
use sync_server::{
    Server,
    service::admin::{NewApp, create_account, create_api_key, create_app, create_invite},
};
use vault_wire::{id::AppId, time::Timestamp};

use super::{Failure, NewAppArguments, output::Output};

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
    };
    let id = create_app(server, account, new).await?;
    output.result(&format!("application {id}"), &json!({ "app": id.to_string() }))
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
