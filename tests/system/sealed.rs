//! Delivery `sealed` from end to end: the application's keys stand on its own domain, the vault takes
//! them from there, and what it seals opens for the application and for nobody else.

use std::{
    env,
    ffi::OsString,
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use harness::{Answer, Ask, Developer, Device, Reply, Site, Traces, World, receipt};
use serde_json::{Value, json};
use sync_server::{
    Server,
    config::Config,
    entropy::Entropy,
    service::{
        app_keys::{AppKeys, app_identity, set_app_keys, well_known_document},
        holdings::holdings,
    },
};
use vault_core::{
    Category::Receipts,
    Contradiction, Error, GrantId, Selection, Voucher,
    wire::{
        entry::{Binding, Body, ContentTag, Entry},
        grant_key::{GrantKey, SealedGrantKey, SealingPublicKey, SealingSecretKey},
        id::Slot,
        json::of_fields,
        signature::PublicKey,
    },
};
use vault_open::{KeyPair, open_answer};

const DOMAIN: &str = "shop.example";

/// A server, an application with keys on its own domain, and a vault with receipts that is linked.
struct Stage {
    world: World,
    site: Site,
    keys: KeyPair,
    shop: Developer,
    device: Device,
    subject: String,
}

fn registered(keys: &KeyPair) -> AppKeys {
    AppKeys {
        signing: keys.signing.public(),
        sealing: Some(keys.sealing.public()),
    }
}

impl Stage {
    async fn new(seed: u64) -> Self {
        let mut world = World::new(seed).await;
        let keys = KeyPair::from_bytes(world.dice.bytes(), world.dice.bytes());
        let website = format!("https://{DOMAIN}/welcome");
        let shop = world.signing_developer("Shop", &website, registered(&keys)).await;
        let document = well_known_document(&app_identity(world.server(), shop.app).unwrap());
        let site = Site::of(DOMAIN, Reply::Json(document));
        let device = world.device().await;
        for (brand, cost) in [("Chandlery & Sons", "12.90"), ("Farm Shop Podgorica", "3.45")] {
            let put = device
                .vault
                .put(receipt(world.clocks.time(), brand, cost, "card"));
            put.unwrap();
        }
        let subject = device.link(&shop).await;
        Self {
            world,
            site,
            keys,
            shop,
            device,
            subject,
        }
    }

    fn ask(&self) -> Ask {
        Ask::for_fields(Receipts, &["brand", "total_cost"]).sealed()
    }

    /// Asks, signed by the application's key.
    async fn asked(&self) {
        let answer = self
            .shop
            .ask_signed(&self.ask(), &self.subject, &self.keys.signing)
            .await;
        assert_eq!(answer.status, 202, "{}", answer.json);
        self.device.sync().await;
    }

    fn voucher(&self) -> Voucher {
        self.device.pending().expect("a request waits").voucher
    }

    fn ask_domain(&self) {
        self.device.vault.ask_domains(&self.site.documents()).unwrap();
    }

    fn approve(&self) -> Result<GrantId, Error> {
        let request = self.device.pending().expect("a request waits").request;
        self.device
            .vault
            .approve(request.id, &Selection::everything(&request))
    }

    /// A sealed grant with all that it covers at the server.
    async fn granted(&self) -> GrantId {
        self.asked().await;
        self.ask_domain();
        let grant = self.approve().unwrap();
        self.device.sync().await;
        grant
    }

    async fn read(&self) -> Answer {
        let answer = self.shop.read(&self.subject, Receipts).await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        answer
    }
}

/// What the vault holds, as the grant shows it.
fn shown(device: &Device) -> Vec<String> {
    let mut shown: Vec<String> = device
        .records(Receipts)
        .into_iter()
        .map(|record| {
            let mut fields = record.fields;
            fields.retain(|path, _| path == "brand" || path == "total_cost");
            of_fields(&fields).to_string()
        })
        .collect();
    shown.sort();
    shown
}

fn fields_of(opened: &Value) -> Vec<String> {
    let mut fields: Vec<String> = opened["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["fields"].to_string())
        .collect();
    fields.sort();
    fields
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_grant_is_read_by_the_application_with_the_helper() {
    let stage = Stage::new(170).await;
    stage.granted().await;
    let answer = stage.read().await;
    assert!(answer.records().iter().all(|record| record.fields.is_null()));
    let opened = open_answer(&answer.bytes, std::slice::from_ref(&stage.keys.sealing)).unwrap();
    assert_eq!(fields_of(&opened), shown(&stage.device));
    let put = stage
        .device
        .vault
        .put(receipt(stage.world.clocks.time(), "Night Market", "1.10", "cash"));
    put.unwrap();
    stage.device.sync().await;
    let answer = stage.read().await;
    let opened = open_answer(&answer.bytes, std::slice::from_ref(&stage.keys.sealing)).unwrap();
    assert_eq!(fields_of(&opened), shown(&stage.device));
    stage.device.sync().await;
    assert_eq!(
        stage.device.reads_told().len(),
        2,
        "the owner sees sealed reads too"
    );
}

/// A Python with the packages of the helper, if there is one; `tests/run` makes it.
#[expect(
    clippy::print_stdout,
    reason = "who runs the tests must see what they did not look at"
)]
fn python() -> Option<OsString> {
    let named = env::var_os("VAULT_PYTHON");
    if named.is_none() {
        println!("SKIPPED: VAULT_PYTHON names no Python with the packages of bindings/open/python");
    }
    named
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_helper_opens_what_the_server_answers() {
    let Some(python) = python() else { return };
    let stage = Stage::new(171).await;
    stage.granted().await;
    let answer = stage.read().await;
    let key = stage.world.place("sealing-key.pem");
    fs::write(&key, stage.keys.sealing_pem().as_bytes()).unwrap();
    let helper = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bindings/open/python/vault_open.py");
    let mut running = Command::new(python)
        .arg(helper)
        .args(["open", "--key"])
        .arg(&key)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    running.stdin.take().unwrap().write_all(&answer.bytes).unwrap();
    let output = running.wait_with_output().unwrap();
    assert!(output.status.success());
    let opened: Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = open_answer(&answer.bytes, std::slice::from_ref(&stage.keys.sealing)).unwrap();
    assert_eq!(opened, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_all_of_the_server_opens_nothing_that_is_sealed() {
    let mut stage = Stage::new(172).await;
    stage.granted().await;
    let answer = stage.read().await;
    let id = stage.device.vault.status().unwrap().id;
    let all = stage.device.records(Receipts).len() as u64;
    let (data, config) = (
        stage.world.data_folder().to_owned(),
        stage.world.config_folder().to_owned(),
    );
    stage.world.stop().await;
    let traces = Traces::default().and_records(&stage.device.records(Receipts));
    assert!(traces.count() >= 2);
    for folder in [&data, &config] {
        let (found, searched) = traces.found_below(folder);
        assert!(found.is_none() && searched > 0, "{found:?}");
    }
    // The server as it can be started by whoever has its folders.
    let config = Config {
        data_dir: data,
        config_dir: config,
        ..Config::default()
    };
    let clock = Arc::clone(&stage.world.clocks.server);
    let server = Server::open(config.clone(), clock, Entropy::new(stage.world.dice.generator()));
    let could = holdings(&server.await.unwrap(), id).unwrap();
    assert_eq!((could.entries, could.unreadable), (all, all));
    assert!(could.fields.is_empty());
    // Every 32 bytes of every file of keys, as a key for the wrapping and for the entries.
    let mut tried = 0;
    for secret in secrets_below(&config.config_dir) {
        assert!(!opens(&answer.json, secret), "a secret of the server opens it");
        tried += 1;
    }
    assert!(tried > 100, "only {tried} keys were tried");
    let theirs = open_answer(&answer.bytes, std::slice::from_ref(&stage.keys.sealing)).unwrap();
    assert_eq!(fields_of(&theirs).len() as u64, all, "and the application does");
}

/// Whether 32 bytes open the key of an answer, or one of its records, in whichever role.
fn opens(answer: &Value, secret: [u8; 32]) -> bool {
    let bytes = |value: &Value| decoded(value.as_str().unwrap());
    let grant: GrantId = answer["grant"]["id"].as_str().unwrap().parse().unwrap();
    let key = &answer["grant"]["sealed_key"];
    let generation = u32::try_from(key["generation"].as_u64().unwrap()).unwrap();
    let wrapped = SealedGrantKey {
        enc: bytes(&key["enc"]).try_into().unwrap(),
        ciphertext: bytes(&key["ciphertext"]),
    };
    let record = &answer["data"][0];
    let sealed = &record["sealed"];
    let entry = Entry {
        slot: record["id"].as_str().unwrap().parse::<Slot>().unwrap(),
        tag: ContentTag([0; 16]),
        rev: sealed["rev"].as_u64().unwrap(),
        body: Body::Put {
            category: Receipts,
            nonce: bytes(&sealed["nonce"]).try_into().unwrap(),
            ciphertext: bytes(&sealed["ciphertext"]),
        },
    };
    let binding = Binding {
        grant,
        generation,
        statement: sealed["statement"].as_u64().unwrap(),
    };
    [
        SealingSecretKey::from_bytes(secret),
        SealingSecretKey::from_seed(&secret),
    ]
    .iter()
    .any(|holder| wrapped.open(holder, grant, generation).is_ok())
        || entry.open(&GrantKey::from_bytes(secret), binding).is_ok()
}

fn decoded(text: &str) -> Vec<u8> {
    let value = |c: u8| {
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
            .iter()
            .position(|digit| *digit == c)
    };
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for six in text.bytes().filter_map(value) {
        bits = bits << 6 | u32::try_from(six).unwrap();
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).unwrap());
        }
    }
    bytes
}

/// Every window of 32 bytes in the files of keys, and in what their hexadecimal and base64 lines mean.
fn secrets_below(folder: &Path) -> Vec<[u8; 32]> {
    let mut secrets = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let meanings = text.lines().flat_map(|line| [decoded(line), from_hex(line)]);
        for meaning in std::iter::once(bytes).chain(meanings) {
            secrets.extend(
                meaning
                    .windows(32)
                    .map(|window| <[u8; 32]>::try_from(window).unwrap()),
            );
        }
    }
    secrets
}

fn from_hex(line: &str) -> Vec<u8> {
    let pairs = line.as_bytes().chunks_exact(2);
    pairs
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sealed_cannot_be_filtered_and_is_gone_after_a_withdrawal() {
    let stage = Stage::new(173).await;
    let grant = stage.granted().await;
    let yesterday = "2026-01-01T00:00:00Z";
    for query in [
        "?fields=brand".to_owned(),
        format!("?from={yesterday}"),
        format!("?to={yesterday}"),
    ] {
        let refused = stage.shop.read_with(&stage.subject, Receipts, &query, None).await;
        assert_eq!(
            (refused.status, refused.text("code")),
            (400, "sealed_not_filterable")
        );
        assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    }
    let page = stage
        .shop
        .read_with(&stage.subject, Receipts, "?limit=1", None)
        .await;
    assert_eq!(page.records().len(), 1);
    assert!(page.json["has_more"].as_bool().unwrap());
    stage.device.withdraw(grant).await;
    let proof = stage.device.vault.erasures().unwrap().remove(0).erasure;
    assert_eq!((proof.keys, proof.entries), (1, 2));
    let refused = stage.shop.read(&stage.subject, Receipts).await;
    assert_eq!(refused.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sealed_to_an_application_that_only_the_server_vouches_for() {
    let stage = Stage::new(174).await;
    stage.asked().await;
    assert!(matches!(stage.voucher(), Voucher::NotAskedYet(domain) if domain.as_str() == DOMAIN));
    assert!(matches!(stage.approve(), Err(Error::NotVouchedFor)));
    stage.site.answers(Reply::Raw("HTTP/1.1 500 No\r\n\r\n".into()));
    stage.ask_domain();
    assert!(matches!(stage.approve(), Err(Error::NotVouchedFor)));
    let document = well_known_document(&app_identity(stage.world.server(), stage.shop.app).unwrap());
    stage.site.answers(Reply::Json(document));
    stage.ask_domain();
    assert!(matches!(stage.voucher(), Voucher::Domain { .. }));
    stage.approve().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_registers_its_own_keys_or_name_for_an_application_is_found_out() {
    let mut stage = Stage::new(175).await;
    let honest = stage.granted().await;
    let evil = KeyPair::from_bytes(stage.world.dice.bytes(), stage.world.dice.bytes());
    let registered_as = |signing: PublicKey, sealing: SealingPublicKey| AppKeys {
        signing,
        sealing: Some(sealing),
    };
    let other = Ask::for_fields(Receipts, &["brand", "payment_method"]).sealed();
    for (keys, expected) in [
        (registered(&evil), Contradiction::Keys),
        (
            registered_as(evil.signing.public(), stage.keys.sealing.public()),
            Contradiction::Keys,
        ),
    ] {
        set_app_keys(stage.world.server(), stage.shop.app, keys)
            .await
            .unwrap();
        let asked = stage.shop.ask_signed(&other, &stage.subject, &evil.signing).await;
        assert_eq!(asked.status, 202, "{}", asked.json);
        stage.device.sync().await;
        stage.ask_domain();
        assert_eq!(stage.voucher(), Voucher::Nobody(expected));
        assert!(matches!(stage.approve(), Err(Error::NotWhoItSays(found)) if found == expected));
        let refused = stage.device.pending().unwrap().request.id;
        stage.device.vault.reject(refused).unwrap();
        stage.device.sync().await;
        stage.world.clocks.advance_s(8 * 86_400);
    }
    let answer = stage.read().await;
    assert_eq!(
        answer.json["grant"]["id"],
        honest.to_string(),
        "the grant that runs is as it was"
    );
    let opened = open_answer(&answer.bytes, std::slice::from_ref(&stage.keys.sealing));
    assert_eq!(fields_of(&opened.unwrap()), shown(&stage.device));
    assert!(open_answer(&answer.bytes, &[evil.sealing]).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_prepared_otherwise_than_asked_is_not_signed() {
    let stage = Stage::new(176).await;
    let ask = stage.ask();
    let (asked, key) = (ask.body(&stage.subject), &stage.keys.signing);
    let sign = |prepared: &[u8], asked: &Value| {
        vault_open::sign_request(prepared, asked.to_string().as_bytes(), key)
    };
    let prepared = stage.shop.prepare(&asked).await;
    let signed = sign(&prepared.bytes, &asked).unwrap();
    type Change = (&'static dyn Fn(&mut Value), &'static str);
    let spoil: [Change; 8] = [
        (
            &|a| a["purpose"]["text"] = json!("Something else"),
            "purpose.text",
        ),
        (&|a| a["purpose"]["code"] = json!("marketing"), "purpose.code"),
        (&|a| a["delivery"] = json!("server"), "delivery"),
        (
            &|a| a["authorization_details"][0]["fields"] = json!(["brand"]),
            "authorization_details",
        ),
        (
            &|a| a["authorization_details"][0]["category"] = json!("health"),
            "authorization_details",
        ),
        (&|a| a["duration"] = json!({ "type": "one_time" }), "duration"),
        (
            &|a| a["frequency"] = json!({ "max_reads": 1, "per": "day" }),
            "frequency",
        ),
        (&|a| a["storage_locations"] = json!(["EU"]), "storage_locations"),
    ];
    for (spoil, what) in spoil {
        let mut meant = asked.clone();
        spoil(&mut meant);
        let refused = sign(&prepared.bytes, &meant).unwrap_err();
        assert!(refused.to_string().contains(what), "{refused}");
    }
    // And a signed request is what it is: another body, another signature or no signature asks nothing.
    let other = stage.shop.prepare(&asked).await;
    let mut swapped = signed.clone();
    swapped["signed_request"]["request"] = other.json["request"].clone();
    let unsigned = asked.clone();
    for (body, code) in [(swapped, "invalid_signature"), (unsigned, "signature_required")] {
        let refused = stage.shop.ask_with(body).await;
        assert_eq!((refused.status, refused.text("code")), (400, code));
    }
    stage.device.sync().await;
    assert!(stage.device.pending().is_none(), "none of it reached the user");
    assert_eq!(stage.shop.ask_with(signed).await.status, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_sees_and_changes_its_own_keys_only() {
    let stage = Stage::new(177).await;
    let path = format!("/api/v1/apps/{}", stage.shop.app);
    let call = harness::Call::get(path).bearer(&stage.shop.api_key);
    let app = stage.shop.call(call).await;
    assert_eq!(app.status, 200, "{}", app.json);
    assert_eq!(app.text("signing_key"), stage.keys.public().signing);
    let well_known = &app.json["well_known"];
    assert_eq!(
        well_known["publish_at"],
        format!("https://{DOMAIN}/.well-known/pv-app.json")
    );
    assert_eq!(
        well_known["document"]["apps"][0]["sealing_key"],
        app.json["sealing_key"]
    );
    let other = stage.world.developer("Bazaar").await;
    let path = format!("/api/v1/apps/{}", other.app);
    let foreign = stage
        .shop
        .call(harness::Call::get(path).bearer(&stage.shop.api_key))
        .await;
    assert_eq!((foreign.status, foreign.text("code")), (404, "not_found"));
}
