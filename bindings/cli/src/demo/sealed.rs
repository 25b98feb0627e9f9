//! The last part of the story: a grant that only the application can open. Its keys stand on its own
//! domain, the vault takes them from there, and the server passes on what it cannot read.

use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use sync_server::service::{
    admin::{NewApp, create_account, create_api_key, create_app},
    app_keys::{AppKeys, app_identity, well_known_document},
    holdings::holdings,
};
use tokio::{
    task::spawn_blocking,
    time::{sleep, timeout},
};
use vault_core::{
    Clock, Preview, Randomness, RequestState, Selection, SystemClock, Voucher,
    wire::{json::of_fields, request::ConsentRequest},
};
use vault_open::{KeyPair, open_answer, sign_request};

use super::{
    developer::{Answer, Developer},
    site::Site,
    stage::{PATIENCE, Stage, answered, call},
    step::Outcome,
};

/// Records of the page that the developer reads.
const PAGE_RECORDS: usize = 200;

/// Another application asks, is believed because its domain vouches for it, and opens what it reads.
pub(super) async fn sealed_read(stage: &Stage) -> anyhow::Result<((), Outcome)> {
    let keys = KeyPair::generate(&mut Randomness::system());
    let (developer, site) = application(stage, &keys).await?;
    let subject = linked(stage, &developer).await?;
    let body = asked(stage, &subject);
    let prepared = posted(&developer, "/api/v1/request-consent/prepare", body.clone()).await?;
    ensure!(
        prepared.status == 200,
        "the request was not prepared: {}",
        prepared.body
    );
    let signed = sign_request(
        prepared.body.to_string().as_bytes(),
        body.to_string().as_bytes(),
        &keys.signing,
    )?;
    let caller = developer.clone();
    let waiting = spawn_blocking(move || caller.post("/api/v1/request-consent", &signed));
    let (domain, preview) = agreed(stage, &site).await?;
    ensure!(
        answered(waiting).await?.status == 200,
        "the developer did not hear of the grant"
    );
    stage.vault.sync(|_| {}).await?;
    let answer = read(stage, &developer, &subject).await?;
    let opened = open_answer(answer.body.to_string().as_bytes(), &[keys.sealing])?;
    let held = holdings(&stage.server.server, stage.vault.status()?.id)?;
    let records = opened["data"].as_array().map_or(0, Vec::len);
    let told = format!(
        "Sealed: {domain} vouches for the application's keys; the server holds {} entries and opens {} of them; \
         the developer opens {records} with the helper",
        held.entries,
        held.entries - held.unreadable
    );
    let facts = json!({
        "domain": domain,
        "entries": held.entries,
        "opened_by_server": held.entries - held.unreadable,
        "opened_by_developer": records,
    });
    let right = is_as_previewed(&opened, &preview) && held.entries == preview.records;
    Ok((
        (),
        Outcome::new(right && held.unreadable == held.entries, told, facts),
    ))
}

/// An application with keys, and the website on which they stand.
async fn application(stage: &Stage, keys: &KeyPair) -> anyhow::Result<(Developer, Site)> {
    let server = &stage.server.server;
    let account = create_account(server, "Acme Clinic").await?;
    let app = NewApp {
        name: "Acme Confidential".into(),
        controller: "Acme Clinic GmbH".into(),
        country: "DE".into(),
        website: "https://confidential.acme.example".into(),
        keys: Some(AppKeys {
            signing: keys.signing.public(),
            sealing: Some(keys.sealing.public()),
        }),
        ..NewApp::default()
    };
    let app = create_app(server, account, app).await?;
    let identity = app_identity(server, app)?;
    let domain = identity.domain().context("the application has no domain")?;
    let site = Site::publish(&domain, &well_known_document(&identity))?;
    let key = create_api_key(server, app, "demo", &["*".to_owned()], None).await?;
    let origin = format!("https://localhost:{}", stage.server.https_addr.port());
    let developer = Developer::new(origin, &stage.server.ca_certificate_pem, key.key)?;
    Ok((developer, site))
}

async fn linked(stage: &Stage, developer: &Developer) -> anyhow::Result<String> {
    let code = stage.vault.link_code().await?.code;
    let answer = posted(developer, "/api/v1/subjects/link", json!({ "link_code": code })).await?;
    let subject = answer.body["subject_id"].as_str();
    Ok(subject.context("the link code was not accepted")?.to_owned())
}

fn asked(stage: &Stage, subject: &str) -> Value {
    let expires_at = SystemClock.now().plus_ms(90 * 86_400_000).to_string();
    let mut body = stage.ask.body(subject, &expires_at);
    body["delivery"] = json!("sealed");
    body
}

/// The vault fetches the request, asks the domain, and the owner agrees to less than was asked.
async fn agreed(stage: &Stage, site: &Site) -> anyhow::Result<(String, Preview)> {
    let request = timeout(PATIENCE, arrived(stage))
        .await
        .context("the request did not reach the vault in time")??;
    let (vault, documents) = (stage.vault.clone(), site.documents());
    spawn_blocking(move || vault.ask_domains(&documents)).await??;
    let voucher = stage.vault.request(request.id)?.voucher;
    let Voucher::Domain { domain, .. } = voucher else {
        anyhow::bail!("the domain does not vouch for the application: {voucher:?}")
    };
    let selection = stage.ask.narrowed(Selection::everything(&request))?;
    let preview = stage.vault.preview(request.id, &selection, usize::MAX)?;
    stage.vault.approve(request.id, &selection)?;
    stage.vault.sync(|_| {}).await?;
    Ok((domain.to_string(), preview))
}

async fn arrived(stage: &Stage) -> anyhow::Result<ConsentRequest> {
    loop {
        stage.vault.sync(|_| {}).await?;
        let mut requests = stage.vault.requests()?.into_iter();
        if let Some(inbox) = requests.find(|inbox| inbox.state == RequestState::Pending) {
            return Ok(inbox.request);
        }
        sleep(Duration::from_millis(5)).await;
    }
}

async fn read(stage: &Stage, developer: &Developer, subject: &str) -> anyhow::Result<Answer> {
    let (scope, path) = (stage.ask.scope(), stage.ask.path(subject));
    let path = format!("{path}?limit={PAGE_RECORDS}");
    let read = move |developer: Developer| developer.get(&path, &developer.token(&scope)?);
    call(developer, read).await
}

async fn posted(developer: &Developer, path: &'static str, body: Value) -> anyhow::Result<Answer> {
    call(developer, move |developer| developer.post(path, &body)).await
}

/// Every record that was opened is one that the preview showed, and the page is full.
fn is_as_previewed(opened: &Value, preview: &Preview) -> bool {
    let mut shown: Vec<Value> = preview
        .sample
        .iter()
        .map(|record| of_fields(&record.fields))
        .collect();
    let all = shown.len();
    let records = opened["data"].as_array().into_iter().flatten();
    let mut count = 0;
    for record in records {
        let Some(at) = shown.iter().position(|fields| *fields == record["fields"]) else {
            return false;
        };
        shown.swap_remove(at);
        count += 1;
    }
    count == all.min(PAGE_RECORDS)
}
