//! A running server, an application, and calls to it.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, Method, Request, header},
};
use http_body_util::BodyExt;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tower::ServiceExt;
use vault_wire::{id::AppId, time::Timestamp};

use super::device::Device;
use crate::{
    Server,
    clock::ManualClock,
    config::Config,
    entropy::Entropy,
    https::{router::router, serve, tls::server_config},
    service::admin::{self, NewApp},
    stop::Stop,
};

pub(super) const START: &str = "2026-11-21T08:30:00Z";

/// A server with one application, on a clock that stands still.
pub(super) struct World {
    pub(super) server: Server,
    pub(super) address: SocketAddr,
    pub(super) stop: Stop,
    pub(super) clock: Arc<ManualClock>,
    pub(super) app: AppId,
    pub(super) key: String,
    router: Router,
    _folder: TempDir,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl World {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(START.parse().unwrap()));
        let config = Config::default().beneath(folder.path());
        let entropy = Entropy::new(ChaCha20Rng::from_seed([42; 32]));
        let server = Server::open(config, Arc::clone(&clock) as _, entropy)
            .await
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), server.stopping().clone());
        let tls = server_config(server.tls().certified()).unwrap();
        tokio::spawn(serve(server.clone(), listener, tls, stop.clone()));
        let account = admin::create_account(&server, "Acme").await.unwrap();
        let new = NewApp {
            name: "Shop".into(),
            controller: "Acme GmbH".into(),
            country: "DE".into(),
            website: "https://shop.example".into(),
            privacy_policy_url: "https://shop.example/privacy".into(),
            support_contact: "help@shop.example".into(),
            ..NewApp::default()
        };
        let app = admin::create_app(&server, account, new).await.unwrap();
        let router = router(server.clone());
        let mut world = Self {
            server,
            address,
            stop,
            clock,
            app,
            key: String::new(),
            router,
            _folder: folder,
        };
        world.key = world.new_key(&["*"], None).await;
        world
    }

    /// Another API key of the application.
    pub(super) async fn new_key(&self, scopes: &[&str], expires_at: Option<Timestamp>) -> String {
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let created = admin::create_api_key(&self.server, self.app, "test", &scopes, expires_at).await;
        created.unwrap().key.to_string()
    }

    /// A session token with some scopes.
    pub(super) async fn token(&self, scopes: &[&str]) -> String {
        let answer = self
            .post("/api/v1/session-tokens", &self.key, json!({ "scopes": scopes }))
            .await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    /// A vault that is enrolled and linked with the application; its subject id.
    pub(super) async fn linked_device(&self, seed: u8) -> (Device, String) {
        let device = Device::enrolled(&self.server, self.app, seed).await;
        let link_code = device.link_code().await;
        let answer = self
            .post(
                "/api/v1/subjects/link",
                &self.key,
                json!({ "link_code": link_code }),
            )
            .await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let subject = answer.json()["subject_id"].as_str().unwrap().to_owned();
        (device, subject)
    }

    pub(super) async fn call(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }

    pub(super) async fn get(&self, path: &str, credential: &str) -> Answer {
        self.get_with(path, credential, &[]).await
    }

    pub(super) async fn get_with(&self, path: &str, credential: &str, headers: &[(&str, &str)]) -> Answer {
        self.call(request(Method::GET, path, credential, headers, Body::empty()))
            .await
    }

    pub(super) async fn post(&self, path: &str, credential: &str, body: Json) -> Answer {
        self.post_with(path, credential, &[], body).await
    }

    pub(super) async fn put(&self, path: &str, credential: &str, body: Json) -> Answer {
        let headers = [("content-type", "application/json")];
        let body = Body::from(body.to_string());
        self.call(request(Method::PUT, path, credential, &headers, body))
            .await
    }

    pub(super) async fn post_with(
        &self,
        path: &str,
        credential: &str,
        headers: &[(&str, &str)],
        body: Json,
    ) -> Answer {
        let headers = [&[("content-type", "application/json")], headers].concat();
        self.call(request(
            Method::POST,
            path,
            credential,
            &headers,
            Body::from(body.to_string()),
        ))
        .await
    }
}

/// A request; without a header `Authorization` if the credential is empty.
pub(super) fn request(
    method: Method,
    path: &str,
    credential: &str,
    headers: &[(&str, &str)],
    body: Body,
) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if !credential.is_empty() {
        request = request.header(header::AUTHORIZATION, format!("Bearer {credential}"));
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body).unwrap()
}

impl Answer {
    pub(super) fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(super) fn code(&self) -> String {
        self.json()["code"]
            .as_str()
            .unwrap_or_else(|| panic!("{self:?}"))
            .to_owned()
    }

    /// The body without what differs in every call.
    pub(super) fn without_request_id(&self) -> String {
        let id = self.header("request-id").unwrap();
        let text = String::from_utf8(self.body.to_vec()).unwrap();
        assert!(text.contains(id), "{text}");
        text.replace(id, "req_")
    }
}
