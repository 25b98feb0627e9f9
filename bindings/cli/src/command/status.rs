//! `vault status`

use std::collections::BTreeMap;

use clap::Args;
use serde_json::{Value as Json, json};
use vault_core::{GrantState, LogStanding, RequestState, Vault, VaultStatus};

use crate::{
    context::Context,
    failure::Failure,
    show::{Facts, Page, Tone, counted, local, log, plain, terms},
};

/// Says what the vault holds and what waits for its owner.
#[derive(Args)]
pub(crate) struct Status {}

/// What waits for somebody.
struct Waiting {
    pending_requests: usize,
    active_grants: usize,
    undelivered: usize,
    log: LogStanding,
}

impl Status {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let vault = context.open()?;
        let status = vault.status()?;
        let waiting = Waiting::of(&vault)?;
        let file = context.file.path().display().to_string();
        context.output.show(
            || json(&file, &status, &waiting),
            |page| write(page, &file, &status, &waiting),
        )
    }
}

impl Waiting {
    fn of(vault: &Vault) -> Result<Self, Failure> {
        let grants = vault.grants()?;
        let requests = vault.requests()?;
        let pending = requests
            .iter()
            .filter(|inbox| inbox.state == RequestState::Pending);
        let active = grants.iter().filter(|grant| grant.state == GrantState::Active);
        Ok(Self {
            pending_requests: pending.count(),
            active_grants: active.count(),
            undelivered: grants.iter().filter(|grant| grant.undelivered).count(),
            log: vault.log()?,
        })
    }
}

fn json(file: &str, status: &VaultStatus, waiting: &Waiting) -> Json {
    let records = status
        .records
        .iter()
        .map(|(category, number)| (category.name(), *number));
    let server = status.server.as_ref();
    json!({
        "file": file,
        "vault_id": status.id.to_string(),
        "created_at": status.created_at.to_string(),
        "records": records.collect::<BTreeMap<_, _>>(),
        "server": server.map(|(address, key)| json!({
            "address": address.to_string(),
            "key": key.to_string(),
        })),
        "pending_requests": waiting.pending_requests,
        "active_grants": waiting.active_grants,
        "undelivered": waiting.undelivered,
        "server_log": log::json(&waiting.log),
        "mended": status.mended,
        "journaled": status.journaled,
    })
}

fn write(page: &mut Page<'_>, file: &str, status: &VaultStatus, waiting: &Waiting) -> std::io::Result<()> {
    let held = status.records.iter().filter(|(_, number)| *number > 0);
    let held = terms::by_category(held.map(|(category, number)| (category, number)));
    let records = if held.is_empty() {
        "none yet".to_owned()
    } else {
        held
    };
    let server = match &status.server {
        Some((address, key)) => format!("{address}, key {key}"),
        None => "none: this vault is on its own".to_owned(),
    };
    let facts = Facts::new()
        .with("File", plain(file))
        .with("Vault", status.id.to_string())
        .with("Made", local(status.created_at, page.screen))
        .with("Records", records)
        .with("Server", plain(&server))
        .with("Grants", format!("{} active", waiting.active_grants))
        .with("Server's log", log::agreement(&waiting.log, page));
    let facts = match status.journaled {
        0 => facts,
        journaled => facts.with(
            "Journal",
            format!("{}, not yet in the tables", counted(journaled, "transaction")),
        ),
    };
    page.facts(facts)?;
    if waiting.pending_requests > 0 {
        let asked = counted(waiting.pending_requests as u64, "consent request");
        page.toned(
            Tone::Waiting,
            &format!("{asked} waiting for you: `vault requests`."),
        )?;
    }
    if waiting.undelivered > 0 {
        let waits = counted(waiting.undelivered as u64, "decision");
        page.toned(
            Tone::Waiting,
            &format!("{waits} not yet delivered to the server: `vault sync`."),
        )?;
    }
    log::contradictions(page, &waiting.log)?;
    for part in &status.mended {
        let text = format!("{} was damaged and is mended: check the disk.", plain(part));
        page.toned(Tone::Bad, &text)?;
    }
    Ok(())
}
