//! A vault asks an application's own domain who it is, over real HTTPS: it believes what that says, and
//! nothing else.

use harness::{Paper, Reply, Site};
use serde_json::json;
use vault_core::{AppDocuments, DocumentError, wire::domain::AppDomain};

const DOMAIN: &str = "shop.example";

fn domain() -> AppDomain {
    AppDomain::parse(DOMAIN).unwrap()
}

fn asked_of(site: &Site) -> Result<Vec<u8>, DocumentError> {
    site.documents().fetch(&domain())
}

#[test]
fn a_domain_with_a_good_certificate_is_read() {
    let document = json!({ "version": 1, "apps": [] });
    let site = Site::of(DOMAIN, Reply::Json(document.clone()));
    assert_eq!(asked_of(&site).unwrap(), document.to_string().into_bytes());
    assert_eq!(site.asked(), 1);
}

#[test]
fn a_certificate_that_is_over_of_another_name_or_of_a_foreign_authority_is_not_believed() {
    let good = || Reply::Json(json!({ "version": 1, "apps": [] }));
    for site in [
        Site::with_paper(DOMAIN, good(), Paper::Expired),
        Site::with_paper(DOMAIN, good(), Paper::Foreign),
        Site::of("evil.example", good()),
        Site::of("*.example.org", good()),
    ] {
        let refused = asked_of(&site).unwrap_err();
        assert!(matches!(refused, DocumentError::NotTrusted(_)), "{refused:?}");
        assert_eq!(
            site.asked(),
            0,
            "nothing was asked before the certificate was checked"
        );
    }
}

#[test]
fn a_redirect_is_not_followed_and_no_other_status_counts() {
    let elsewhere = Site::of(DOMAIN, Reply::Json(json!({ "version": 1, "apps": [] })));
    for (status, reason) in [
        (301, "Moved"),
        (302, "Found"),
        (308, "Moved"),
        (404, "Not Found"),
        (500, "No"),
    ] {
        let head = format!(
            "HTTP/1.1 {status} {reason}\r\nlocation: https://other.example/x\r\ncontent-type: application/json\r\n\
             content-length: 2\r\nconnection: close\r\n\r\n{{}}"
        );
        elsewhere.answers(Reply::Raw(head));
        assert_eq!(asked_of(&elsewhere), Err(DocumentError::Status(status)));
    }
    assert_eq!(elsewhere.asked(), 5);
}

#[test]
fn only_json_is_read() {
    for kind in [
        "text/html",
        "application/jsonp",
        "text/plain; charset=application/json",
    ] {
        let body = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}"
        );
        let site = Site::of(DOMAIN, Reply::Raw(body));
        assert_eq!(asked_of(&site), Err(DocumentError::NotJson), "{kind}");
    }
    let untyped = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
    let site = Site::of(DOMAIN, Reply::Raw(untyped.to_owned()));
    assert_eq!(asked_of(&site), Err(DocumentError::NotJson));
    let parametered = "HTTP/1.1 200 OK\r\ncontent-type: Application/JSON; charset=utf-8\r\ncontent-length: 2\r\n\
                       connection: close\r\n\r\n{}";
    site.answers(Reply::Raw(parametered.to_owned()));
    assert_eq!(asked_of(&site), Ok(b"{}".to_vec()));
}

#[test]
fn a_document_without_end_costs_no_more_than_its_limit() {
    let site = Site::of(DOMAIN, Reply::Bytes(64));
    assert_eq!(asked_of(&site).map(|bytes| bytes.len()), Ok(1024));
    site.answers(Reply::Bytes(1 << 26));
    assert_eq!(asked_of(&site), Err(DocumentError::TooLarge));
    let promised = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        u64::MAX
    );
    site.answers(Reply::Raw(promised));
    assert!(asked_of(&site).is_err());
    let endless_head = format!("HTTP/1.1 200 OK\r\n{}", "x-a: y\r\n".repeat(40_000));
    site.answers(Reply::Raw(endless_head));
    assert!(asked_of(&site).is_err());
}

#[test]
fn a_domain_that_answers_byte_by_byte_or_never_is_given_up() {
    let site = Site::of(DOMAIN, Reply::Drip);
    assert_eq!(asked_of(&site), Err(DocumentError::TooSlow));
    site.answers(Reply::Silence);
    assert_eq!(asked_of(&site), Err(DocumentError::TooSlow));
}

#[test]
fn a_domain_that_speaks_no_tls_or_nothing_that_is_http_is_no_answer() {
    let site = Site::of(DOMAIN, Reply::Raw("220 ready\r\n".to_owned()));
    assert!(asked_of(&site).is_err());
    let plain = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = plain.local_addr().unwrap();
    std::thread::spawn(move || {
        use std::io::Write;
        for stream in plain.incoming().flatten() {
            let _ = (&stream).write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{}");
        }
    });
    let limit = std::time::Duration::from_secs(3);
    let authority = site_authority();
    let documents = vault_core::HttpsDocuments::of_one_host(&authority, address, limit);
    assert!(documents.fetch(&domain()).is_err());
}

fn site_authority() -> Vec<u8> {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec![DOMAIN.to_owned()]).unwrap();
    params.self_signed(&key).unwrap().der().to_vec()
}
