//! The stage: server, vault and developer, and what they do in the story.

use std::{collections::BTreeSet, io, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use serde_json::json;
use sync_server::{
    Running, clock::SystemClock, config::Config, entropy::Entropy, service::holdings::holdings,
};
use tokio::{sync::mpsc, task::spawn_blocking, time::timeout};
use vault_core::{
    Clock, GrantId, InboxRequest, Preview, Query, Selection, SyncEvent, Vault, wire::frame::Event,
};
use zeroize::Zeroizing;

use super::{
    ask::{Ask, fields_of},
    developer::{Answer, Developer},
    evidence::Traces,
    reading::shown,
    step::Outcome,
    tap::Tap,
};

/// The text of every refusal, to the byte.
const REFUSAL: &str = "You don’t have permission to access the data. Please request consent from the user.";
/// How long the demo waits for what should take milliseconds.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// The stage, once server, vault and developer are there.
pub(super) struct Stage {
    /// Where vault and server have their files.
    pub(super) folder: PathBuf,
    pub(super) passphrase: Zeroizing<String>,
    pub(super) server: Running,
    pub(super) tap: Tap,
    pub(super) vault: Vault,
    pub(super) events: mpsc::UnboundedReceiver<SyncEvent>,
    pub(super) developer: Developer,
    pub(super) subject: String,
    pub(super) ask: &'static Ask,
}

impl Stage {
    pub(super) async fn read_is_refused(&mut self) -> anyhow::Result<((), Outcome)> {
        let answer = self.read_page(None).await?;
        let held = answer.status == 403
            && answer.body["detail"] == REFUSAL
            && answer.body["message"] == REFUSAL
            && answer.body.get("data").is_none();
        let told = format!(
            "The developer reads {}: {} “{}”",
            self.ask.category,
            answer.status,
            answer.body["detail"].as_str().unwrap_or("")
        );
        Ok((
            (),
            Outcome::new(
                held,
                told,
                json!({ "status": answer.status, "detail": answer.body["detail"] }),
            ),
        ))
    }

    /// The developer asks and is held on the line; the request is pushed to the vault.
    pub(super) async fn request_consent(&mut self) -> anyhow::Result<((InboxRequest, Waiting), Outcome)> {
        let expires_at = vault_core::SystemClock.now().plus_ms(90 * 86_400_000).to_string();
        let (body, developer) = (self.ask.body(&self.subject, &expires_at), self.developer.clone());
        let mut waiting = spawn_blocking(move || developer.post("/api/v1/request-consent", &body));
        let arrived = |event: &SyncEvent| matches!(event, SyncEvent::Notice(notice) if matches!(**notice, Event::Request(_)));
        tokio::select! {
            pushed = self.wait_for(arrived) => drop(pushed?),
            early = &mut waiting => bail!("the request was not held open: {}", early??.body),
        }
        let request = self
            .vault
            .requests()?
            .into_iter()
            .next()
            .context("the request did not reach the vault")?;
        let told = format!(
            "The developer asks for {} and waits; the request reached the vault over QUIC: {}",
            self.ask.category, request.request.id
        );
        let facts =
            json!({ "request": request.request.id.to_string(), "code": request.request.binding_code });
        Ok(((request, waiting), Outcome::new(true, told, facts)))
    }

    pub(super) async fn grant(
        &mut self,
        request: &InboxRequest,
        selection: &Selection,
        waiting: Waiting,
    ) -> anyhow::Result<(GrantId, Outcome)> {
        let grant = self.vault.approve(request.request.id, selection)?;
        let answer = answered(waiting).await?;
        let held = answer.status == 200
            && answer.body["status"] == "granted"
            && answer.body["message"] == "You can immediately access the data."
            && answer.body["grant_id"] == grant.to_string();
        let fields = fields_of(selection);
        let told = format!(
            "Granted {} only, signed on the device; the developer hears “{}”",
            fields.join(", "),
            answer.body["message"].as_str().unwrap_or("")
        );
        Ok((
            grant,
            Outcome::new(
                held,
                told,
                json!({ "grant": grant.to_string(), "fields": fields }),
            ),
        ))
    }

    pub(super) async fn synced(&mut self, preview: &Preview) -> anyhow::Result<((), Outcome)> {
        let mut stored = 0;
        while stored < preview.records {
            let event = self
                .wait_for(|event| matches!(event, SyncEvent::Progress { .. }))
                .await?;
            if let SyncEvent::Progress { acknowledged, .. } = event {
                stored = acknowledged;
            }
        }
        let told = format!(
            "{stored} projections sealed, synced over QUIC and durable on the server, {} bytes of payload",
            preview.payload_bytes
        );
        let facts = json!({ "entries": stored, "payload_bytes": preview.payload_bytes, "sealed_bytes": preview.sealed_bytes });
        Ok(((), Outcome::new(stored == preview.records, told, facts)))
    }

    /// The developer reads every page and gets exactly what the preview showed.
    pub(super) async fn read(&mut self, preview: &Preview) -> anyhow::Result<(String, Outcome)> {
        let all = self.read_all().await?;
        let is_as_shown = all.records == shown(preview);
        let told = format!(
            "The developer reads {} records over HTTPS, page by page ({}): exactly those of the preview",
            all.records.len(),
            all.pages
        );
        let facts = json!({ "records": all.records.len(), "pages": all.pages, "read_id": all.read_id, "equals_preview": is_as_shown });
        let held = is_as_shown && !all.records.is_empty();
        Ok((all.read_id, Outcome::new(held, told, facts)))
    }

    /// Stops the server, does something to its files, and starts it again where it was.
    pub(super) async fn restarted(
        mut self,
        meanwhile: impl FnOnce(&Config) -> io::Result<()>,
    ) -> anyhow::Result<Self> {
        let config = Config {
            https: self.server.https_addr,
            devices: self.server.quic_addr,
            ..Config::default()
        }
        .beneath(&self.folder);
        self.server.stop().await;
        meanwhile(&config).context("the server's files cannot be moved")?;
        self.server = sync_server::start(config, Arc::new(SystemClock), Entropy::from_system()).await?;
        // As a phone that is taken out of the pocket: it need not wait for its next attempt.
        self.vault.network_changed()?;
        Ok(self)
    }

    /// Fields that were not granted are not in the answer, not in what the server can open, and no text
    /// of any record is readable on the wire, in the server's data or in the vault file.
    pub(super) async fn ungranted_is_absent(
        &mut self,
        selection: &Selection,
    ) -> anyhow::Result<((), Outcome)> {
        let everything = Query {
            limit: usize::MAX,
            ..Query::of(self.ask.category)
        };
        let records = self.vault.query(&everything)?;
        let traces = Traces::of(&records);
        let granted = fields_of(selection);
        let withheld: BTreeSet<&String> = records
            .iter()
            .flat_map(|record| record.fields.keys())
            .filter(|path| !granted.contains(&path.as_str()))
            .collect();
        let answer = self.read_page(None).await?;
        let in_answer = withheld
            .iter()
            .any(|path| answer.body["data"].to_string().contains(&format!("\"{path}\"")));
        let holdings = holdings(&self.server.server, self.vault.status()?.id)?;
        let in_store = withheld.iter().any(|path| holdings.fields.contains(*path));
        let heard = self.tap.heard();
        let on_wire = traces.found_in(&heard);
        let (on_disk, searched) = traces.found_below(&self.folder)?;
        let held =
            !withheld.is_empty() && !in_answer && !in_store && !on_wire && !on_disk && holdings.entries > 0;
        let names: Vec<&str> = withheld.iter().map(|path| path.as_str()).collect();
        let told = format!(
            "Not granted, and nowhere but in the vault: {}. Searched for {} texts in {} bytes of traffic and {} bytes of files",
            names.join(", "),
            traces.count(),
            heard.len(),
            searched
        );
        let facts = json!({
            "withheld": names,
            "in_answer": in_answer,
            "in_server_store": in_store,
            "readable_on_wire": on_wire,
            "readable_on_disk": on_disk,
            "server_can_open": holdings.fields,
            "wire_bytes_searched": heard.len(),
            "disk_bytes_searched": searched,
        });
        Ok(((), Outcome::new(held, told, facts)))
    }

    pub(super) async fn read_receipt(&mut self, read_id: &str) -> anyhow::Result<((), Outcome)> {
        let is_it =
            |event: &Event| matches!(event, Event::Read(receipt) if receipt.id.to_string() == read_id);
        let came_back = async {
            while !self
                .vault
                .activity(1_000)?
                .iter()
                .any(|activity| is_it(&activity.event))
            {
                let _ = timeout(Duration::from_millis(200), self.events.recv()).await;
            }
            anyhow::Ok(())
        };
        let _ = timeout(PATIENCE, came_back).await;
        let reads = self.vault.activity(1_000)?;
        let receipt = reads.iter().find(|activity| is_it(&activity.event));
        let told = match receipt.map(|activity| (&activity.event, &activity.app_name)) {
            Some((Event::Read(receipt), name)) => format!(
                "The owner sees it offline: {} read {} records of {} at {}",
                name.as_deref().unwrap_or("an application"),
                receipt.records,
                receipt.category,
                receipt.at
            ),
            _ => "The read receipt did not come back".to_owned(),
        };
        Ok((
            (),
            Outcome::new(receipt.is_some(), told, json!({ "read_id": read_id })),
        ))
    }

    pub(super) async fn withdraw(&mut self, grant: GrantId) -> anyhow::Result<((), Outcome)> {
        self.vault.withdraw(grant)?;
        self.wait_for(|event| matches!(event, SyncEvent::Erased { grant: erased } if *erased == grant))
            .await?;
        Ok((
            (),
            Outcome::new(
                true,
                "The owner withdraws; the server has destroyed the grant's key and entries",
                json!({ "grant": grant.to_string() }),
            ),
        ))
    }

    pub(super) async fn erasure_verified(
        &mut self,
        grant: GrantId,
        shown: u64,
    ) -> anyhow::Result<((), Outcome)> {
        let proofs = self.vault.erasures()?;
        let proof = proofs.iter().find(|proof| proof.erasure.grant == grant);
        let left = holdings(&self.server.server, self.vault.status()?.id)?.entries;
        let told = match proof {
            Some(proof) => format!(
                "Erasure receipt kept and its signature verified: {} key, {} entries, at {}; the server holds {left} entries",
                proof.erasure.keys, proof.erasure.entries, proof.erasure.erased_at
            ),
            None => "There is no erasure receipt".to_owned(),
        };
        let erased = proof.map(|proof| proof.erasure.entries);
        let facts = json!({ "entries": erased, "left_on_server": left, "erasure": proof.map(|proof| proof.erasure.id.to_string()) });
        Ok(((), Outcome::new(erased == Some(shown) && left == 0, told, facts)))
    }

    /// Waits for something to happen in the vault's own session.
    async fn wait_for(&mut self, wanted: impl Fn(&SyncEvent) -> bool) -> anyhow::Result<SyncEvent> {
        let search = async {
            while let Some(event) = self.events.recv().await {
                if wanted(&event) {
                    return Ok(event);
                }
            }
            bail!("the vault's connection ended")
        };
        timeout(PATIENCE, search)
            .await
            .context("what the demo waits for did not happen in time")?
    }
}

/// A developer's call that is held open.
pub(super) type Waiting = tokio::task::JoinHandle<anyhow::Result<Answer>>;

pub(super) async fn answered(waiting: Waiting) -> anyhow::Result<Answer> {
    timeout(PATIENCE, waiting)
        .await
        .context("the held call was not answered in time")??
}

/// Makes a developer's call without blocking the vault and the server in this process.
pub(super) async fn call(
    developer: &Developer,
    make: impl FnOnce(Developer) -> anyhow::Result<Answer> + Send + 'static,
) -> anyhow::Result<Answer> {
    let developer = developer.clone();
    spawn_blocking(move || make(developer)).await?
}

/// Keeps the vault connected, as an app does while it is open.
pub(super) fn stay_connected(vault: &Vault) -> mpsc::UnboundedReceiver<SyncEvent> {
    let (told, events) = mpsc::unbounded_channel();
    let vault = vault.clone();
    tokio::spawn(async move {
        let _ = vault
            .watch(std::future::pending(), |event| drop(told.send(event)))
            .await;
    });
    events
}
