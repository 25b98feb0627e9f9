//! `vault recover`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use vault_core::{Error, Grant, GrantState, RecoveryCode, ServerAddress, ServerKeyPin, SyncEvent, Vault};

use crate::{
    context::Context,
    failure::Failure,
    online::block_on,
    opener::Opener,
    place,
    progress::Progress,
    show::{
        self, Facts, Tone, counted, plain,
        sync::{Told, report},
    },
};

/// Takes a vault back on a new device, with nothing but its recovery code: every other device is revoked, and
/// every grant that runs is listed, to be withdrawn. The new file opens with a passphrase of its own and with the
/// same code. The records do not come back: no server ever had them. Only a backup of the file holds them.
#[derive(Args)]
pub(crate) struct Recover {
    /// Where the server listens for devices
    #[arg(value_name = "HOST:PORT")]
    server: ServerAddress,
    /// The fingerprint of the server's key: 64 hexadecimal digits, as the server prints them
    #[arg(long, value_name = "FINGERPRINT")]
    server_key: ServerKeyPin,
    /// A backup of the vault: it brings the records along, and its passphrase stays
    #[arg(long, value_name = "FILE")]
    backup: Option<PathBuf>,
    /// Take back every grant that runs, at once
    #[arg(long)]
    withdraw_all: bool,
}

impl Recover {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let path = context.file.path().to_owned();
        if path.exists() {
            let exists = Error::File(vault_file::Error::AlreadyExists);
            return Err(exists.into());
        }
        let code = Opener::recovery_code()?;
        let vault = self.take_back(context, &code)?;
        let mut events = Vec::new();
        let mut done = block_on(vault.sync(|event| events.push(event)))?;
        if self.withdraw_all {
            withdraw_all(&vault)?;
            let then = block_on(vault.sync(|event| events.push(event)))?;
            done.statements += then.statements;
            done.notices += then.notices;
        }
        // Every grant is news here, and all of them are listed below.
        events.retain(|event| !matches!(event, SyncEvent::StatementTaken { .. }));
        let told: Vec<_> = events.into_iter().map(told).collect();
        let (id, grants) = (vault.status()?.id.to_string(), vault.grants()?);
        let records = vault
            .status()?
            .records
            .iter()
            .map(|(_, number)| number)
            .sum::<u64>();
        let file = path.display().to_string();
        context.output.show(
            || {
                json!({
                    "vault_id": id,
                    "file": file,
                    "records": records,
                    "grants": grants.iter().map(show::grant::json).collect::<Vec<_>>(),
                })
            },
            |page| {
                page.title("Your vault is yours again.")?;
                page.facts(Facts::new().with("File", plain(&file)).with("Vault", &id))?;
                page.gap()?;
                report(page, &done, &told)?;
                page.gap()?;
                summary(page, &grants, records)
            },
        )
    }
}

impl Recover {
    /// The vault on this device. It has not synced yet.
    fn take_back(&self, context: &Context, code: &RecoveryCode) -> Result<Vault, Failure> {
        let (server, host) = ((&self.server, self.server_key), context.host());
        let Some(backup) = &self.backup else {
            let passphrase = context.passphrase.ask_new()?;
            place::make_folder_of(context.file.path())?;
            return block_on(context.file.recover((code, &passphrase), server, host));
        };
        let opener = context.opener_of_given(backup)?;
        place::make_folder_of(context.file.path())?;
        let progress = Progress::of_vault(&context.output, "Restoring");
        let (secret, mut watch) = (opener.secret(), progress.follow());
        let from = (backup.as_path(), &secret);
        block_on(
            context
                .file
                .recover_with_backup(from, code, server, host, &mut watch),
        )
    }
}

fn withdraw_all(vault: &Vault) -> Result<(), Failure> {
    for grant in vault.grants()?.iter().filter(|grant| grant.state.is_running()) {
        vault.withdraw(grant.id)?;
    }
    Ok(())
}

/// What the owner finds, and what they do not.
fn summary(page: &mut show::Page<'_>, grants: &[Grant], records: u64) -> std::io::Result<()> {
    let running = grants.iter().filter(|grant| grant.state.is_running()).count() as u64;
    let erased = grants
        .iter()
        .filter(|grant| grant.state == GrantState::Erased)
        .count() as u64;
    if erased > 0 {
        let text = format!("{} withdrawn and erased.", counted(erased, "grant"));
        page.toned(Tone::Good, &text)?;
    }
    match running {
        0 => page.line("No grant runs.")?,
        _ => show::grant::list(page, grants)?,
    }
    page.gap()?;
    match records {
        0 => {
            page.line("Your records are not here: they never were at the server.")?;
            page.line(
                "A backup of the lost file has them: `vault recover … --backup FILE` takes them along.",
            )?;
        }
        records => page.line(&format!("{} came with the backup.", counted(records, "record")))?,
    }
    page.line("The recovery code stays good. Applications that you had blocked can ask again.")
}

fn told(event: SyncEvent) -> Told {
    Told { event, app: None }
}
