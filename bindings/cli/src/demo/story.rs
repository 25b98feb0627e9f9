//! The way of a record, step by step.

use std::{path::Path, sync::Arc};

use anyhow::Context;
use serde_json::json;
use sync_server::{
    Running,
    clock::SystemClock,
    config::Config,
    entropy::Entropy,
    service::admin::{NewApp, create_account, create_api_key, create_app},
};
use vault_core::{
    Host, InboxRequest, Passphrase, ServerAddress, ServerKeyPin, Vault, VaultFile, import::ImportOptions,
};

use zeroize::Zeroizing;

use super::{
    Source,
    ask::Ask,
    developer::Developer,
    losses::{restored_from_backup, server_set_back},
    minds::{narrowed, paused},
    owner::{Decision, decide},
    parts,
    sealed::sealed_read,
    stage::{Stage, Waiting, answered, call, stay_connected},
    step::{Outcome, Reporter, Step, timed},
    tap::Tap,
};

/// What the story is told with.
pub(super) struct Story<'a> {
    pub(super) folder: &'a Path,
    pub(super) sources: Vec<Source>,
    pub(super) interactive: bool,
    /// Whether the folder stays, so that its passphrase is worth telling.
    pub(super) left_to_look_at: bool,
}

impl Story<'_> {
    /// Tells the whole story. An error is something that kept a step from happening at all.
    pub(super) async fn tell(self, reporter: &mut Reporter<'_>) -> anyhow::Result<()> {
        let (server, tap) = timed(reporter, Step::ServerStarted, self.start_server()).await?;
        let (vault, passphrase) =
            timed(reporter, Step::VaultCreated, self.create_vault(&server, &tap)).await?;
        timed(reporter, Step::Imported, self.import(&vault)).await?;
        let mut stage = self.set_stage(server, tap, vault, passphrase).await?;
        timed(reporter, Step::RefusedBeforeConsent, stage.read_is_refused()).await?;
        let (request, answer) = timed(reporter, Step::ConsentRequested, stage.request_consent()).await?;
        let decision = decide(
            &stage.vault,
            &request,
            stage.ask,
            reporter.output,
            self.interactive,
        )?;
        let selection = match decision {
            Decision::Approve(selection) => selection,
            Decision::Reject => return end_with_rejection(stage, &request, answer, reporter).await,
        };
        let preview = stage.vault.preview(request.request.id, &selection, usize::MAX)?;
        let grant = timed(reporter, Step::Granted, stage.grant(&request, &selection, answer)).await?;
        timed(reporter, Step::Synced, stage.synced(&preview)).await?;
        let read_id = timed(reporter, Step::Read, stage.read(&preview)).await?;
        timed(
            reporter,
            Step::UngrantedFieldAbsent,
            stage.ungranted_is_absent(&selection),
        )
        .await?;
        timed(reporter, Step::ReadReceipt, stage.read_receipt(&read_id)).await?;
        timed(reporter, Step::Paused, paused(&stage, grant)).await?;
        let preview = timed(reporter, Step::Narrowed, narrowed(&stage, grant)).await?;
        let stage = timed(
            reporter,
            Step::RestoredFromBackup,
            restored_from_backup(stage, &preview),
        )
        .await?;
        let (mut stage, shown) =
            timed(reporter, Step::ServerSetBack, server_set_back(stage, &preview)).await?;
        timed(reporter, Step::Withdrawn, stage.withdraw(grant)).await?;
        timed(reporter, Step::RefusedAfterWithdrawal, stage.read_is_refused()).await?;
        timed(
            reporter,
            Step::ErasureVerified,
            stage.erasure_verified(grant, shown),
        )
        .await?;
        timed(reporter, Step::SealedRead, sealed_read(&stage)).await?;
        stage.vault.lock();
        stage.server.stop().await;
        Ok(())
    }

    async fn start_server(&self) -> anyhow::Result<((Running, Tap), Outcome)> {
        let any_port = ([127, 0, 0, 1], 0).into();
        let config = Config {
            https: any_port,
            devices: any_port,
            ..Config::default()
        }
        .beneath(self.folder);
        let server = sync_server::start(config, Arc::new(SystemClock), Entropy::from_system()).await?;
        let tap = Tap::before(server.quic_addr).await?;
        let told = format!(
            "Server started: HTTPS for developers on {}, QUIC for devices on {}, data sealed on disk",
            server.https_addr, server.quic_addr
        );
        let facts = json!({
            "https": server.https_addr.to_string(),
            "devices": server.quic_addr.to_string(),
            "server_key": server.server_key_fingerprint,
        });
        Ok(((server, tap), Outcome::new(true, told, facts)))
    }

    async fn create_vault(
        &self,
        server: &Running,
        tap: &Tap,
    ) -> anyhow::Result<((Vault, Zeroizing<String>), Outcome)> {
        let passphrase = parts::passphrase();
        let path = self.folder.join("demo.vault");
        let vault = VaultFile::at(&path).create(&Passphrase::new(passphrase.as_bytes())?, Host::system())?;
        let address = ServerAddress {
            host: tap.address.ip().to_string(),
            port: tap.address.port(),
        };
        let pin: ServerKeyPin = server.server_key_fingerprint.parse()?;
        vault.connect(&address, pin, None).await?;
        let id = vault.status()?.id;
        let mut told = format!(
            "Vault created, sealed with a passphrase (Argon2id), enrolled with the server's key pinned: {id}"
        );
        if self.left_to_look_at {
            told.push_str(&format!(
                "\n                      its passphrase: {}",
                *passphrase
            ));
        }
        Ok((
            (vault, passphrase),
            Outcome::new(true, told, json!({ "vault": id.to_string() })),
        ))
    }

    async fn import(&self, vault: &Vault) -> anyhow::Result<((), Outcome)> {
        for collection in vault.collections()? {
            vault.allow_collection(collection.category)?;
        }
        let (mut files, mut counts) = (Vec::new(), std::collections::BTreeMap::<String, u64>::new());
        for source in &self.sources {
            let (name, summary) = match source {
                Source::File(path) => {
                    let file = std::fs::File::open(path)
                        .with_context(|| format!("cannot open {}", path.display()))?;
                    let name = path
                        .file_name()
                        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
                    let summary = vault.import(file, Some(&name), &ImportOptions::default(), |_| {});
                    (
                        name,
                        summary.with_context(|| format!("cannot import {}", path.display()))?,
                    )
                }
                Source::Sample(name, bytes) => (
                    (*name).to_owned(),
                    vault.import(*bytes, Some(name), &ImportOptions::default(), |_| {})?,
                ),
            };
            for (category, count) in &summary.by_category {
                *counts.entry(category.to_string()).or_default() += count;
            }
            files.push(json!({ "file": name, "added": summary.added, "duplicates": summary.duplicates, "rejected": summary.rejected }));
        }
        let listed: Vec<String> = counts
            .iter()
            .map(|(category, count)| format!("{count} {category}"))
            .collect();
        let held = !counts.is_empty();
        let facts = json!({ "files": files, "records": counts });
        Ok((
            (),
            Outcome::new(held, format!("Imported, offline: {}", listed.join(", ")), facts),
        ))
    }

    /// The developer registers, gets a key, and the owner links the application by a code.
    async fn set_stage(
        &self,
        server: Running,
        tap: Tap,
        vault: Vault,
        passphrase: Zeroizing<String>,
    ) -> anyhow::Result<Stage> {
        let ask = Ask::for_vault(&vault)?
            .context("the files hold no receipts, health records or locations to ask for")?;
        let account = create_account(&server.server, "Acme").await?;
        let app = NewApp {
            name: "Acme Nearby".into(),
            brand: "Acme".into(),
            controller: "Acme Analytics GmbH".into(),
            country: "DE".into(),
            website: "https://acme.example".into(),
            privacy_policy_url: "https://acme.example/privacy".into(),
            support_contact: "privacy@acme.example".into(),
            keys: None,
        };
        let app = create_app(&server.server, account, app).await?;
        let key = create_api_key(&server.server, app, "demo", &["*".to_owned()], None).await?;
        let origin = format!("https://localhost:{}", server.https_addr.port());
        let developer = Developer::new(origin, &server.ca_certificate_pem, key.key)?;
        let code = vault.link_code().await?.code;
        let answer = call(&developer, move |developer| {
            developer.post("/api/v1/subjects/link", &json!({ "link_code": code }))
        })
        .await?;
        let subject = answer.body["subject_id"]
            .as_str()
            .context("the link code was not accepted")?
            .to_owned();
        let events = stay_connected(&vault);
        Ok(Stage {
            folder: self.folder.to_owned(),
            passphrase,
            server,
            tap,
            vault,
            events,
            developer,
            subject,
            ask,
        })
    }
}

/// The owner said no: the developer hears so, and still reads nothing.
async fn end_with_rejection(
    stage: Stage,
    request: &InboxRequest,
    waiting: Waiting,
    reporter: &mut Reporter<'_>,
) -> anyhow::Result<()> {
    stage.vault.reject(request.request.id)?;
    let answer = answered(waiting).await?;
    let heard = answer.body["message"].as_str().unwrap_or("");
    reporter.output.page(|page| {
        page.line(&format!(
            "Rejected. The developer hears “{heard}”, and nothing has left the vault."
        ))
    })?;
    stage.vault.lock();
    stage.server.stop().await;
    Ok(())
}
