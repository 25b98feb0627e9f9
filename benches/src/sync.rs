//! Sync end to end, over QUIC on loopback: project, seal, send, store durably, acknowledge. Beside it,
//! its limit: the same entries written durably into a plain redb in this process.

use std::path::Path;

use anyhow::Context;
use redb::{Database, TableDefinition};
use sync_server::{
    Running,
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
    Category, GrantId, Host, NewRecord, Precision, RawKey, RecordId, Selection, ServerAddress, Timestamp,
    Value, Vault, VaultFile,
    wire::{
        purpose::Purpose,
        request::Wording,
        terms::{Delivery, Detail, Duration, Terms, TimeRange},
    },
};

use crate::{
    report::Report,
    stopwatch::{Took, timed},
};

/// Entries of one batch, as the protocol sends them.
const PER_BATCH: usize = 512;
const EDITS: usize = 100;

/// Measures each size in turn with its limit, some rounds of each.
pub(crate) fn run(sizes: &[usize], rounds: usize, report: &Report) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    for &count in sizes {
        let (mut rates, mut beside, mut edits, mut withdrawals) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let folder = tempfile::tempdir()?;
            let limit = write_plainly(&folder.path().join("limit.redb"), count)?;
            let measured = runtime.block_on(measure(folder.path(), count))?;
            rates.push(count as f64 / measured.cold.wall.as_secs_f64());
            beside.push(limit.wall.as_secs_f64() / measured.cold.wall.as_secs_f64());
            edits.push(measured.incremental.wall.as_secs_f64() * 1e3);
            withdrawals.push(measured.withdraw.wall.as_secs_f64() * 1e3);
        }
        let size = named(count);
        report.spread(&format!("cold_sync_records_per_s_{size}"), rates, "records/s");
        report.spread(&format!("cold_vs_limit_{size}"), beside, "ratio of wall time");
        report.spread(&format!("incremental_100_ms_{size}"), edits, "ms");
        report.spread(&format!("withdraw_{size}_ms"), withdrawals, "ms");
    }
    report.line("batch_entries", PER_BATCH as f64, "entries");
    Ok(())
}

fn named(count: usize) -> String {
    match count {
        millions if millions % 1_000_000 == 0 => format!("{}m", millions / 1_000_000),
        thousands if thousands % 1_000 == 0 => format!("{}k", thousands / 1_000),
        other => other.to_string(),
    }
}

struct Measured {
    cold: Took,
    incremental: Took,
    withdraw: Took,
}

async fn measure(folder: &Path, count: usize) -> anyhow::Result<Measured> {
    let any_port = ([127, 0, 0, 1], 0).into();
    let config = Config {
        https: any_port,
        devices: any_port,
        ..Config::default()
    }
    .beneath(folder);
    let server = sync_server::start(config, std::sync::Arc::new(SystemClock), Entropy::from_system()).await?;
    let vault =
        VaultFile::at(folder.join("bench.vault")).create_with_key(&RawKey::new(&[1; 32]), Host::system())?;
    vault.allow_collection(Category::Receipts)?;
    let address = ServerAddress {
        host: server.quic_addr.ip().to_string(),
        port: server.quic_addr.port(),
    };
    vault
        .connect(&address, server.server_key_fingerprint.parse()?, None)
        .await?;
    let ids = fill(&vault, count)?;
    let grant = granted(&server, &vault).await?;

    let cold = sync(&vault, count as u64).await?;
    for (number, id) in ids.iter().take(EDITS).enumerate() {
        vault.update(*id, receipt(count + number))?;
    }
    let incremental = sync(&vault, EDITS as u64).await?;
    vault.withdraw(grant)?;
    let withdraw = sync(&vault, 0).await?;
    server.stop().await;
    Ok(Measured {
        cold,
        incremental,
        withdraw,
    })
}

/// One sync, which must have moved so many entries.
async fn sync(vault: &Vault, entries: u64) -> anyhow::Result<Took> {
    let begun = crate::stopwatch::start();
    let report = vault.sync(|_| {}).await?;
    let took = begun.took();
    anyhow::ensure!(
        report.entries == entries,
        "{} entries moved instead of {entries}",
        report.entries
    );
    Ok(took)
}

/// A receipt of about 300 bytes once projected.
fn receipt(number: usize) -> NewRecord {
    let text = |length: usize| Value::Text(format!("{number:0length$}"));
    NewRecord::new(Category::Receipts)
        .at(Timestamp::from_unix_ms(1_700_000_000_000 + number as i64))
        .with("brand", text(120))
        .with("purchase_category", text(100))
        .with("payment_method", text(20))
}

fn fill(vault: &Vault, count: usize) -> anyhow::Result<Vec<RecordId>> {
    let mut ids = Vec::with_capacity(count);
    for start in (0..count).step_by(10_000) {
        ids.extend(vault.put_batch((start..count.min(start + 10_000)).map(receipt).collect())?);
    }
    Ok(ids)
}

async fn granted(server: &Running, vault: &Vault) -> anyhow::Result<GrantId> {
    let service = &server.server;
    let account = create_account(service, "bench").await?;
    let new = NewApp {
        name: "bench".into(),
        controller: "bench".into(),
        country: "SI".into(),
        ..NewApp::default()
    };
    let app = create_app(service, account, new).await?;
    let key = create_api_key(service, app, "bench", &["*".to_owned()], None).await?;
    let caller: Caller = authenticate_key(service, &key.key)?;
    let subject = link(service, &caller, &vault.link_code().await?.code).await?;
    let fields = ["brand", "purchase_category", "payment_method", "purchased_at"]
        .map(|path| (path.to_owned(), Precision::Exact));
    let terms = Terms {
        purpose: Purpose::ExpenseTracking,
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
        wording,
        binding_code: false,
        metadata: None,
    };
    request_consent(service, &caller, new).await?;
    vault.sync(|_| {}).await?;
    let request = vault
        .requests()?
        .into_iter()
        .next()
        .context("the request did not arrive")?;
    Ok(vault.approve(request.request.id, &Selection::everything(&request.request))?)
}

const LIMIT: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("entries");

/// The limit: as many entries of the same size, durably, a batch a commit.
fn write_plainly(path: &Path, count: usize) -> anyhow::Result<Took> {
    let database = Database::create(path)?;
    let body = [7u8; 400];
    let write = || {
        for start in (0..count).step_by(PER_BATCH) {
            let transaction = database.begin_write()?;
            let mut table = transaction.open_table(LIMIT)?;
            for number in start..count.min(start + PER_BATCH) {
                // Slots are hashes: they arrive in no order.
                let slot = (number as u128)
                    .wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)
                    .to_be_bytes();
                table.insert(slot.as_slice(), body.as_slice())?;
            }
            drop(table);
            transaction.commit()?;
        }
        Ok(())
    };
    Ok(timed(write)?.1)
}
