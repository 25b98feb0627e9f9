//! The `sync-server` command: what it takes, and where each subcommand is.

mod create;
mod output;
mod run;

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use clap::{Args, Parser, Subcommand};
use serde_json::json;
use sync_server::{
    Server, TlsIdentity,
    clock::{Clock, SystemClock},
    config::Config,
    entropy::Entropy,
};
use tracing_subscriber::EnvFilter;
use vault_wire::{
    id::{AccountId, AppId},
    time::Timestamp,
};

use output::Output;

/// Why a subcommand failed, for people.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Serves consented data: devices over QUIC, developers over HTTPS.
#[derive(Parser)]
#[command(name = "sync-server", version)]
struct Arguments {
    /// Configuration file; without it `sync-server.toml` here, if there is one.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON, one object a result.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start the server. The first start makes its keys and data.
    Run,
    /// Developers' accounts.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Applications of an account.
    #[command(subcommand)]
    App(AppCommand),
    /// API keys of an application.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Invitations, for a server that enrols by invitation only.
    #[command(subcommand)]
    Invite(InviteCommand),
    /// Show the fingerprint of the server key, for `vault connect --server-key`.
    Fingerprint,
}

#[derive(Subcommand)]
enum AccountCommand {
    /// Create an account.
    Create {
        /// The developer's name.
        #[arg(long)]
        name: String,
    },
}

#[derive(Subcommand)]
enum AppCommand {
    /// Create an application: this is what data subjects see when they are asked.
    Create(NewAppArguments),
    /// Register the application's own keys, in the place of those before. From then on it signs its
    /// requests, and can ask for delivery `sealed` if there is a sealing key.
    Keys {
        /// The application.
        #[arg(long)]
        app: AppId,
        #[command(flatten)]
        keys: AppKeyArguments,
    },
}

/// Public keys, as `vault-open keygen` prints them.
#[derive(Args)]
struct AppKeyArguments {
    /// Ed25519 key that signs its requests: 64 hexadecimal digits.
    #[arg(long, value_name = "KEY", value_parser = create::public_key)]
    signing_key: Option<[u8; 32]>,
    /// X25519 key to which grant keys are sealed: 64 hexadecimal digits.
    #[arg(long, value_name = "KEY", requires = "signing_key", value_parser = create::public_key)]
    sealing_key: Option<[u8; 32]>,
}

#[derive(Args)]
struct NewAppArguments {
    /// The account.
    #[arg(long)]
    account: AccountId,
    /// The application's name.
    #[arg(long)]
    name: String,
    /// The brand, if it is not the name.
    #[arg(long, default_value = "")]
    brand: String,
    /// The data controller's legal name.
    #[arg(long)]
    controller: String,
    /// The controller's country, ISO 3166-1, for example DE.
    #[arg(long)]
    country: String,
    /// Website.
    #[arg(long, default_value = "")]
    website: String,
    /// Privacy policy.
    #[arg(long, default_value = "")]
    privacy_policy_url: String,
    /// Where data subjects can ask.
    #[arg(long, default_value = "")]
    support_contact: String,
    #[command(flatten)]
    keys: AppKeyArguments,
}

#[derive(Subcommand)]
enum KeyCommand {
    /// Create an API key. It is shown once.
    Create {
        /// The application.
        #[arg(long)]
        app: AppId,
        /// A name to know it by.
        #[arg(long, default_value = "key")]
        name: String,
        /// What it may call, comma-separated, for example `consent:request,data:receipts:read`.
        #[arg(long, value_delimiter = ',', required = true)]
        scopes: Vec<String>,
        /// When it lapses, for example 2027-01-01T00:00:00Z; never if left out.
        #[arg(long)]
        expires_at: Option<Timestamp>,
    },
}

#[derive(Subcommand)]
enum InviteCommand {
    /// Create an invitation for one vault. It is shown once.
    Create,
}

/// Runs the command.
pub(crate) async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    if arguments.json {
        log.json().init();
    } else {
        log.init();
    }
    let output = Output { json: arguments.json };
    match execute(arguments, &output).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&*failure);
            ExitCode::FAILURE
        }
    }
}

async fn execute(arguments: Arguments, output: &Output) -> Result<(), Failure> {
    let config = read_config(arguments.config.as_deref())?;
    match arguments.command {
        Command::Run => run::run(config, output).await,
        Command::Fingerprint => {
            let fingerprint = TlsIdentity::read(&config, SystemClock.now())?.fingerprint_text();
            output.result(&fingerprint, &json!({ "server_key": fingerprint }))
        }
        Command::Account(AccountCommand::Create { name }) => {
            create::account(&opened(config).await?, output, &name).await
        }
        Command::App(AppCommand::Create(new)) => create::app(&opened(config).await?, output, new).await,
        Command::App(AppCommand::Keys { app, keys }) => {
            create::app_keys(&opened(config).await?, output, app, keys).await
        }
        Command::Key(KeyCommand::Create {
            app,
            name,
            scopes,
            expires_at,
        }) => create::key(&opened(config).await?, output, app, &name, &scopes, expires_at).await,
        Command::Invite(InviteCommand::Create) => create::invite(&opened(config).await?, output).await,
    }
}

fn read_config(named: Option<&Path>) -> Result<Config, Failure> {
    let usual = Path::new("sync-server.toml");
    match named {
        Some(path) => Ok(Config::read(path)?),
        None if usual.exists() => Ok(Config::read(usual)?),
        None => Ok(Config::default()),
    }
}

/// The service without its transports, for what an operator sets up while the server is stopped.
async fn opened(config: Config) -> Result<Server, Failure> {
    let opened = Server::open(config, Arc::new(SystemClock), Entropy::from_system()).await;
    opened.map_err(|error| {
        if error.is_busy() {
            "the server is running and has the data open: stop it, run this again, then start it".into()
        } else {
            error.into()
        }
    })
}
