//! What is wrong between a developer and the server.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use harness::{Ask, Call, Linked, World, soon};
use serde_json::json;
use vault_core::Category::Receipts;

use super::goes_on;

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_on_the_tls_port_gets_no_answer_in_plain_text() {
    let mut world = World::new(210).await;
    for hello in [
        &b"GET /api/v1/grants HTTP/1.1\r\nhost: localhost\r\n\r\n"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01garbage that looks like TLS",
        &[0; 300],
    ] {
        let hello = hello.to_vec();
        let address = world.https();
        let answer = tokio::task::spawn_blocking(move || {
            let mut tcp = TcpStream::connect(address).unwrap();
            tcp.set_read_timeout(Some(harness::PATIENCE)).unwrap();
            tcp.write_all(&hello).unwrap();
            tcp.shutdown(std::net::Shutdown::Write).unwrap();
            let mut answer = Vec::new();
            let _ = tcp.read_to_end(&mut answer);
            answer
        });
        let answer = soon("the end of a connection", answer).await.unwrap();
        assert!(answer.len() <= 7, "more than a TLS alert: {answer:?}");
    }
    let plain = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(20)))
        .build();
    let address = format!("http://127.0.0.1:{}/api/v1/grants", world.https().port());
    let refused = tokio::task::spawn_blocking(move || ureq::Agent::from(plain).get(address).call().is_err());
    assert!(refused.await.unwrap());
    goes_on(&mut world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_for_what_does_not_exist_is_refused_by_name() {
    let mut this = Linked::new(211).await;
    let good = Ask::for_fields(Receipts, &["brand"]).body(&this.subject);
    let detail = "/authorization_details/0";
    let over = json!({ "type": "time_bound", "expires_at": "2001-01-01T00:00:00Z" });
    let cases = [
        (
            "unknown_category",
            format!("{detail}/category"),
            json!("horoscopes"),
        ),
        ("invalid_fields", format!("{detail}/fields"), json!(["star_sign"])),
        (
            "invalid_fields",
            format!("{detail}/precision"),
            json!({ "brand": "month" }),
        ),
        ("unknown_purpose", "/purpose/code".to_owned(), json!("curiosity")),
        ("unknown_field", "/surprise".to_owned(), json!(1)),
        ("unknown_field", format!("{detail}/feilds"), json!([])),
        ("invalid_request", "/delivery".to_owned(), json!("sealed")),
        ("invalid_request", "/duration".to_owned(), over),
        ("invalid_request", "/authorization_details".to_owned(), json!([])),
        (
            "invalid_request",
            "/purpose/text".to_owned(),
            json!("x".repeat(281)),
        ),
        (
            "invalid_request",
            "/purpose/text".to_owned(),
            json!("line\u{202e}"),
        ),
    ];
    for (code, place, value) in cases {
        let mut body = good.clone();
        let (parent, member) = place.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[member] = value;
        let call = Call::post("/api/v1/request-consent", body.clone()).bearer(&this.developer.api_key);
        let answer = this.developer.call(call.header("prefer", "respond-async")).await;
        assert_eq!(
            (answer.status, answer.text("code")),
            (400, code),
            "{body}: {}",
            answer.json
        );
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
    this.device.sync().await;
    assert!(this.device.pending().is_none(), "none of it reached the user");
    goes_on(&mut this.world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_keys_tokens_and_codes_open_nothing() {
    let mut this = Linked::new(212).await;
    let (most, last) = this.developer.api_key.split_at(this.developer.api_key.len() - 1);
    let forged = format!("{most}{}", if last == "x" { "y" } else { "x" });
    for (bearer, code) in [
        (forged.as_str(), "invalid_api_key"),
        ("pv_live_nothing", "invalid_api_key"),
    ] {
        let call = Call::post("/api/v1/session-tokens", json!({})).bearer(bearer);
        let answer = this.developer.call(call).await;
        assert_eq!(
            (answer.status, answer.text("code")),
            (401, code),
            "{}",
            answer.json
        );
        assert!(answer.header("www-authenticate").is_some());
    }
    let path = format!("/api/v1/users/{}/receipts", this.subject);
    let answer = this
        .developer
        .call(Call::get(&path).bearer("pv_tok_0000000000000000"))
        .await;
    assert_eq!(
        (answer.status, answer.text("code")),
        (401, "invalid_token"),
        "{}",
        answer.json
    );
    let token = this.developer.token().await;
    let from_browser = this
        .developer
        .call(
            Call::get(&path)
                .bearer(&token)
                .header("origin", "https://shop.example"),
        )
        .await;
    assert_eq!(
        (from_browser.status, from_browser.text("code")),
        (403, "browser_not_allowed")
    );
    let code = this.device.vault.link_code().await.unwrap().code;
    let link = async |code: &str| {
        let call =
            Call::post("/api/v1/subjects/link", json!({ "link_code": code })).bearer(&this.developer.api_key);
        this.developer.call(call).await.status
    };
    assert_eq!(link("00000000").await, 400);
    assert_eq!(link(&code).await, 201);
    assert_eq!(link(&code).await, 400, "a code works once");
    let late = this.device.vault.link_code().await.unwrap().code;
    this.world.clocks.advance_s(600);
    assert_eq!(link(&late).await, 400, "a code ends after ten minutes");
    goes_on(&mut this.world).await;
}
