//! A server, vaults, and grants between them.

use std::{path::Path, sync::Arc};

use anyhow::Context;
use sync_server::{
    Running, Server,
    clock::SystemClock,
    config::Config,
    entropy::Entropy,
    service::{
        admin::{NewApp, create_account, create_api_key, create_app},
        auth::{Caller, authenticate_key},
        link::link,
        request_consent::{NewRequest, request_consent},
    },
};
use vault_core::{
    Category, GrantId, Host, NewRecord, Precision, RawKey, RecordId, Selection, ServerAddress, SyncReport,
    Timestamp, Value, Vault, VaultFile,
    wire::{
        id::SubjectId,
        payload::Payload,
        purpose::Purpose,
        request::Wording,
        terms::{Delivery, Detail, Duration, Terms, TimeRange},
    },
};

use crate::stopwatch::{Took, start};

const FIELDS: [&str; 4] = ["brand", "purchase_category", "payment_method", "purchased_at"];
const KEY: [u8; 32] = [1; 32];

/// A server in this process.
pub(super) async fn server(folder: &Path) -> anyhow::Result<Running> {
    let any_port = ([127, 0, 0, 1], 0).into();
    let config = Config {
        https: any_port,
        devices: any_port,
        ..Config::default()
    }
    .beneath(folder);
    Ok(sync_server::start(config, Arc::new(SystemClock), Entropy::from_system()).await?)
}

pub(super) fn address_of(port: u16) -> ServerAddress {
    ServerAddress {
        host: "127.0.0.1".to_owned(),
        port,
    }
}

/// A vault that is connected to a server.
pub(super) async fn vault(path: &Path, server: &ServerAddress, key: &str) -> anyhow::Result<Vault> {
    let vault = VaultFile::at(path).create_with_key(&RawKey::new(&KEY), Host::system())?;
    vault.allow_collection(Category::Receipts)?;
    vault.connect(server, key.parse()?, None).await?;
    Ok(vault)
}

/// A copy of a vault, restored from a backup made now.
pub(super) fn restored(vault: &Vault, folder: &Path) -> anyhow::Result<Vault> {
    let (backup, copy) = (folder.join("bench.backup"), folder.join("copy.vault"));
    let go_on = &mut |_| std::ops::ControlFlow::Continue(());
    vault.back_up(&backup, go_on)?;
    let secret = RawKey::new(&KEY);
    let secret = vault_core::Secret::RawKey(&secret);
    Ok(VaultFile::at(copy).restore(&backup, &secret, Host::system(), go_on)?)
}

/// A developer.
pub(super) async fn developer(server: &Server) -> anyhow::Result<Caller> {
    let account = create_account(server, "bench").await?;
    let new = NewApp {
        name: "bench".into(),
        controller: "bench".into(),
        country: "SI".into(),
        ..NewApp::default()
    };
    let app = create_app(server, account, new).await?;
    let key = create_api_key(server, app, "bench", &["*".to_owned()], None).await?;
    Ok(authenticate_key(server, &key.key)?)
}

/// Links a vault to a developer's application.
pub(super) async fn linked(server: &Server, caller: &Caller, vault: &Vault) -> anyhow::Result<SubjectId> {
    Ok(link(server, caller, &vault.link_code().await?.code).await?)
}

/// Asks for consent to receipts.
pub(super) async fn ask(
    server: &Server,
    caller: &Caller,
    subject: SubjectId,
    purpose: Purpose,
) -> anyhow::Result<()> {
    let fields = FIELDS.map(|path| (path.to_owned(), Precision::Exact));
    let terms = Terms {
        purpose,
        details: vec![Detail {
            category: Category::Receipts,
            fields: fields.into(),
            time_range: TimeRange::default(),
        }],
        duration: Duration::UntilWithdrawn,
        data_life: None,
        frequency: None,
        delivery: Delivery::Server,
    };
    let wording = Wording {
        purpose_text: "measure".into(),
        benefit: "know".into(),
        recipients: Vec::new(),
        storage_locations: Vec::new(),
        notice: None,
    };
    let new = NewRequest {
        subject,
        terms,
        required: Vec::new(),
        wording,
        amends: None,
        binding_code: false,
        metadata: None,
    };
    request_consent(server, caller, new).await?;
    Ok(())
}

/// Approves the one request that is pending.
pub(super) async fn approve(vault: &Vault) -> anyhow::Result<GrantId> {
    vault.sync(|_| {}).await?;
    let open = |request: &vault_core::InboxRequest| request.state == vault_core::RequestState::Pending;
    let asked = vault
        .requests()?
        .into_iter()
        .find(open)
        .context("no request arrived")?;
    Ok(vault.approve(asked.request.id, &Selection::everything(&asked.request))?)
}

/// A grant of a vault to a developer, which is not synced yet.
pub(super) async fn granted(server: &Server, caller: &Caller, vault: &Vault) -> anyhow::Result<GrantId> {
    let subject = linked(server, caller, vault).await?;
    ask(server, caller, subject, Purpose::ExpenseTracking).await?;
    approve(vault).await
}

/// One sync, which must have moved so many entries.
pub(super) async fn sync(vault: &Vault, entries: u64) -> anyhow::Result<(SyncReport, Took)> {
    let begun = start();
    let report = vault.sync(|_| {}).await?;
    let took = begun.took();
    anyhow::ensure!(
        report.entries == entries,
        "{} entries moved instead of {entries}",
        report.entries
    );
    Ok((report, took))
}

/// A receipt of about 300 bytes once projected.
pub(super) fn receipt(number: usize) -> NewRecord {
    let text = |length: usize| Value::Text(format!("{number:0length$}"));
    NewRecord::new(Category::Receipts)
        .at(Timestamp::from_unix_ms(1_700_000_000_000 + number as i64))
        .with("brand", text(120))
        .with("purchase_category", text(100))
        .with("payment_method", text(20))
}

/// Bytes of what a grant shows of one receipt.
pub(super) fn payload_bytes() -> usize {
    let record = receipt(0);
    let mut fields = record.fields;
    let at = record.occurred_at.map(Value::Timestamp);
    fields.extend(at.map(|at| ("purchased_at".to_owned(), at)));
    Payload { fields }.to_bytes().len()
}

pub(super) fn fill(vault: &Vault, count: usize) -> anyhow::Result<Vec<RecordId>> {
    let mut ids = Vec::with_capacity(count);
    for start in (0..count).step_by(10_000) {
        ids.extend(vault.put_batch((start..count.min(start + 10_000)).map(receipt).collect())?);
    }
    Ok(ids)
}
