//! `vault connect`

use clap::Args;
use serde_json::json;
use vault_core::{ServerAddress, ServerKeyPin};

use crate::{context::Context, failure::Failure, online::block_on};

/// Enrols the vault at a sync server. The server's key comes from its operator: there is no trust on
/// first use.
#[derive(Args)]
pub(crate) struct Connect {
    /// Where the server listens for devices
    #[arg(value_name = "HOST:PORT")]
    server: ServerAddress,
    /// The fingerprint of the server's key: 64 hexadecimal digits, as the server prints them
    #[arg(long, value_name = "FINGERPRINT")]
    server_key: ServerKeyPin,
    /// An invite code, if the server asks for one
    #[arg(long, value_name = "CODE")]
    invite: Option<String>,
}

impl Connect {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let vault = context.open()?;
        let Self {
            server,
            server_key,
            invite,
        } = self;
        block_on(vault.connect(&server, server_key, invite))?;
        let id = vault.status()?.id.to_string();
        context.output.show(
            || json!({ "vault_id": id, "server": server.to_string(), "server_key": server_key.to_string() }),
            |page| {
                page.line(&format!("Connected to {server}, under the name {id}."))?;
                page.line("Nothing leaves before you consent. `vault link` gives a code for an application.")
            },
        )
    }
}
