//! `API.md` shows real requests and real answers: this walks the way of a developer, writes the page,
//! and compares. Set `WRITE_API_PAGE` to write it anew.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Value as Json, json};
use vault_wire::{
    catalogue::Category, grant_key::SealingSecretKey, json::hex, labels, signature::SecretKey, terms::Terms,
    value::Value,
};

use super::{
    consent::body,
    device::Device,
    layout::{laid_out, masked, shortened},
    world::{Answer, World},
};
use crate::https::problem::Code;

const PAGE: &str = include_str!("../../../API.md");
const HEAD: &str = include_str!("api_page_head.md");

struct Page(String);

impl Page {
    fn head(&mut self, title: &str, headers: &[&str], sent: Option<&Json>) {
        let _ = writeln!(self.0, "### {title}\n");
        if headers.is_empty() && sent.is_none() {
            return;
        }
        let _ = writeln!(self.0, "```http");
        for header in headers {
            let _ = writeln!(self.0, "{header}");
        }
        if let Some(sent) = sent {
            let _ = writeln!(self.0, "{}", laid_out(&shortened(&masked(&sent.to_string())), 0));
        }
        let _ = writeln!(self.0, "```\n");
    }

    fn show(&mut self, title: &str, headers: &[&str], sent: Option<&Json>, answer: &Answer) {
        self.head(title, headers, sent);
        let _ = write!(self.0, "answers `{}`", answer.status);
        for name in ["location", "retry-after", "preference-applied"] {
            if let Some(value) = answer.header(name) {
                let _ = write!(self.0, ", `{name}: {}`", masked(value));
            }
        }
        let body = std::str::from_utf8(&answer.body).unwrap();
        let _ = writeln!(
            self.0,
            "\n\n```json\n{}\n```\n",
            laid_out(&shortened(&masked(body)), 0)
        );
    }
}

fn error_table(page: &mut Page) {
    let _ = writeln!(
        page.0,
        "## Errors\n\n| HTTP | code | what it means, what to do |\n|--:|---|---|"
    );
    for code in Code::ALL {
        let _ = writeln!(
            page.0,
            "| {} | `{}` | {} |",
            code.status().as_u16(),
            code.name(),
            code.about()
        );
    }
}

/// An application that signs what it asks, and reads what only it can open.
async fn sealed_calls(world: &World, page: &mut Page) {
    let by_key = ["Authorization: Bearer pv_live_…"];
    let (device, subject) = world.linked_device(3).await;
    let signing = SecretKey::from_seed(&[0x51; 32]);
    let sealing = SealingSecretKey::from_bytes([0x52; 32]);

    let path = format!("/api/v1/apps/{}/keys", world.app);
    let keys = json!({
        "signing_key": hex(&signing.public().0),
        "sealing_key": hex(&sealing.public().0),
    });
    let answer = world.put(&path, &world.key, keys.clone()).await;
    page.show(&format!("`PUT {}`", masked(&path)), &by_key, Some(&keys), &answer);

    let mut asked = body(&subject);
    asked["delivery"] = json!("sealed");
    let path = "/api/v1/request-consent/prepare";
    let prepared = world.post(path, &world.key, asked.clone()).await;
    page.show(&format!("`POST {path}`"), &by_key, Some(&asked), &prepared);

    let request = prepared.json()["request"].clone();
    let signature = signing.sign(
        labels::REQUEST,
        &BASE64.decode(request.as_str().unwrap()).unwrap(),
    );
    let signed = json!({
        "signed_request": { "request": request, "signature": BASE64.encode(signature.0) },
    });
    let path = "/api/v1/request-consent";
    let answer = world
        .post_with(path, &world.key, &[("prefer", "wait=0")], signed.clone())
        .await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let headers = [by_key[0], "Prefer: wait=0"];
    let title = format!("`POST {path}`, signed");
    page.head(&title, &headers, Some(&signed));
    let _ = writeln!(page.0, "answers `202` as without a signature.\n");

    let given = device
        .approve_sealed(&device.asked().await, &sealing.public())
        .await;
    let record = [("brand", Value::Text("Acme".into()))];
    device.push(&given, Category::Receipts, &[&record]).await;
    let token = world.token(&["data:receipts:read"]).await;
    let path = format!("/api/v1/users/{subject}/receipts");
    let read = world.get(&path, &token).await;
    let by_token = ["Authorization: Bearer pv_tok_…"];
    page.show(
        &format!("`GET {}`, delivery `sealed`", masked(&path)),
        &by_token,
        None,
        &read,
    );
}

#[tokio::test]
async fn the_api_page_shows_what_the_server_answers() {
    let world = World::new().await;
    let (device, subject) = world.linked_device(1).await;
    let mut page = Page(HEAD.to_owned());

    let wanted = json!({ "scopes": ["data:receipts:read", "grants:read"], "ttl_seconds": 600 });
    let path = "/api/v1/session-tokens";
    let answer = world.post(path, &world.key, wanted.clone()).await;
    let by_key = ["Authorization: Bearer pv_live_…"];
    page.show(&format!("`POST {path}`"), &by_key, Some(&wanted), &answer);
    let token = answer.json()["token"].as_str().unwrap().to_owned();

    let path = "/api/v1/subjects/link";
    let other = Device::enrolled(&world.server, world.app, 2).await;
    let code = json!({ "link_code": other.link_code().await });
    let answer = world.post(path, &world.key, code).await;
    let shown = json!({ "link_code": "7KQ80112" });
    page.show(&format!("`POST {path}`"), &by_key, Some(&shown), &answer);

    let data = format!("/api/v1/users/{subject}/receipts");
    let refused = world.get(&data, &token).await;

    let (path, asked) = ("/api/v1/request-consent", body(&subject));
    let answer = world
        .post_with(path, &world.key, &[("prefer", "wait=0")], asked.clone())
        .await;
    let headers = [by_key[0], "Prefer: wait=0"];
    page.show(&format!("`POST {path}`"), &headers, Some(&asked), &answer);

    let request = device.asked().await;
    let without_cost = |terms: &mut Terms| {
        terms.details[0].fields.remove("total_cost");
    };
    let given = device.approve(&request, without_cost).await;
    let record = [
        ("brand", Value::Text("Acme".into())),
        ("currency", Value::Text("EUR".into())),
    ];
    device.push(&given, Category::Receipts, &[&record]).await;

    let path = answer.header("location").unwrap();
    let granted = world.get(path, &world.key).await;
    page.show(
        &format!("`GET {}`, once granted", masked(path)),
        &by_key,
        None,
        &granted,
    );

    let path = "/api/v1/grants?status=active";
    let by_token = ["Authorization: Bearer pv_tok_…", "Purpose: personalisation"];
    page.show(
        &format!("`GET {path}`"),
        &by_token[..1],
        None,
        &world.get(path, &token).await,
    );

    let path = format!("/api/v1/grants/{}/amend", given.grant);
    let mut amended = asked.clone();
    amended["authorization_details"][0]["fields"] = json!(["brand", "payment_method"]);
    amended["authorization_details"][0]["required_fields"] = json!(["brand"]);
    amended["authorization_details"][0]
        .as_object_mut()
        .map(|detail| detail.remove("precision"));
    let answer = world
        .post_with(&path, &world.key, &[("prefer", "wait=0")], amended.clone())
        .await;
    page.show(
        &format!("`POST {}`", masked(&path)),
        &headers,
        Some(&amended),
        &answer,
    );

    let path = format!("{data}?fields=brand&limit=100");
    let read = world.get(&path, &token).await;
    page.show(&format!("`GET {}`", masked(&path)), &by_token, None, &read);
    page.show(
        &format!("`GET {}`, without consent", masked(&data)),
        &by_token,
        None,
        &refused,
    );

    sealed_calls(&world, &mut page).await;

    let misspelt = json!({ "link_kode": "7KQ80112" });
    let answer = world
        .post("/api/v1/subjects/link", &world.key, misspelt.clone())
        .await;
    page.show(
        "What a faulty body is answered",
        &by_key,
        Some(&misspelt),
        &answer,
    );
    error_table(&mut page);

    if std::env::var_os("WRITE_API_PAGE").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/API.md"), &page.0).unwrap();
        return;
    }
    assert_eq!(
        page.0, PAGE,
        "API.md is not what the server answers: run this test with WRITE_API_PAGE=1"
    );
}
