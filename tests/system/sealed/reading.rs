//! What is sealed is read by the application with the helper for developers, and is gone after a withdrawal.

use std::{
    env,
    ffi::OsString,
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use harness::receipt;
use serde_json::Value;
use vault_core::Category::Receipts;
use vault_open::open_answer;

use super::{Stage, fields_of, shown};

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
