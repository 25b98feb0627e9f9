//! A developer: an ordinary HTTPS client that holds an API key.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use tokio::task::{JoinHandle, spawn_blocking};
use ureq::{
    Agent,
    http::{Response, header::HeaderMap},
    tls::{Certificate, RootCerts, TlsConfig, TlsProvider},
};
use vault_core::{AppId, Category};
use vault_open::{SecretKey, sign_request};

use crate::Ask;

/// A developer's program.
#[derive(Clone, Debug)]
pub struct Developer {
    /// The application that it is.
    pub app: AppId,
    /// Its API key.
    pub api_key: String,
    agent: Agent,
    origin: String,
    token: Arc<Mutex<Option<String>>>,
}

/// What an HTTPS call was answered with.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub bytes: Vec<u8>,
    /// The body as JSON; null if it is none.
    pub json: Value,
}

/// One call: method, path and headers.
#[derive(Clone, Debug)]
pub struct Call {
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Value>,
}

/// A record as a developer gets it.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its id, as the grant shows it.
    pub id: String,
    /// Its fields as JSON.
    pub fields: Value,
}

impl Call {
    /// `GET` of a path.
    pub fn get(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            headers: Vec::new(),
            body: None,
        }
    }

    /// `POST` of a body to a path.
    pub fn post(path: impl Into<String>, body: Value) -> Self {
        Self {
            body: Some(body),
            ..Self::get(path)
        }
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a key or a token.
    #[must_use]
    pub fn bearer(self, secret: &str) -> Self {
        self.header("authorization", &format!("Bearer {secret}"))
    }
}

impl Developer {
    /// A developer who trusts one certificate authority and nothing else.
    pub fn new(app: AppId, api_key: &str, origin: String, authority_pem: &str) -> Self {
        let authority = Certificate::from_pem(authority_pem.as_bytes()).unwrap();
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(RootCerts::new_with_certs(&[authority]))
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .https_only(true)
            .http_status_as_error(false)
            .timeout_global(Some(crate::PATIENCE))
            .build();
        Self {
            app,
            api_key: api_key.to_owned(),
            agent: agent.into(),
            origin,
            token: Arc::default(),
        }
    }

    /// Makes a call.
    pub async fn call(&self, call: Call) -> Answer {
        self.start(call).await.unwrap()
    }

    /// Starts a call that may take its time.
    pub fn start(&self, call: Call) -> JoinHandle<Answer> {
        let this = self.clone();
        spawn_blocking(move || this.send(call))
    }

    fn send(&self, call: Call) -> Answer {
        let address = format!("{}{}", self.origin, call.path);
        let response = match call.body {
            None => {
                let request = self.agent.get(address);
                let with = |request: ureq::RequestBuilder<_>, (name, value)| request.header(name, value);
                call.headers.into_iter().fold(request, with).call()
            }
            Some(body) => {
                let request = self.agent.post(address);
                let with = |request: ureq::RequestBuilder<_>, (name, value)| request.header(name, value);
                call.headers.into_iter().fold(request, with).send_json(body)
            }
        };
        Answer::of(response.unwrap_or_else(|error| panic!("no answer to {}: {error}", call.path)))
    }

    /// A session token that may do all that the key may.
    pub async fn fresh_token(&self) -> String {
        let call = Call::post("/api/v1/session-tokens", json!({})).bearer(&self.api_key);
        let answer = self.call(call).await;
        assert_eq!(answer.status, 201, "{}", answer.json);
        answer.text("token").to_owned()
    }

    /// The session token that reads use: an earlier one, until that has run out.
    pub async fn token(&self) -> String {
        let known = self.token.lock().unwrap().clone();
        match known {
            Some(token) => token,
            None => self.renew_token().await,
        }
    }

    async fn renew_token(&self) -> String {
        let token = self.fresh_token().await;
        *self.token.lock().unwrap() = Some(token.clone());
        token
    }

    /// The id under which this application knows the user of a link code.
    pub async fn link(&self, code: &str) -> String {
        let call = Call::post("/api/v1/subjects/link", json!({ "link_code": code })).bearer(&self.api_key);
        let answer = self.call(call).await;
        assert_eq!(answer.status, 201, "{}", answer.json);
        answer.text("subject_id").to_owned()
    }

    /// Asks for consent and does not wait.
    pub async fn ask(&self, ask: &Ask, subject: &str) -> Answer {
        self.ask_and_wait(ask, subject, Some("respond-async"))
            .await
            .unwrap()
    }

    /// Asks for consent and is held on the line, for as long as `Prefer` says.
    pub fn ask_and_wait(&self, ask: &Ask, subject: &str, prefer: Option<&str>) -> JoinHandle<Answer> {
        let call = Call::post("/api/v1/request-consent", ask.body(subject)).bearer(&self.api_key);
        self.start(match prefer {
            Some(prefer) => call.header("prefer", prefer),
            None => call,
        })
    }

    /// Has a request prepared, signs it and asks.
    pub async fn ask_signed(&self, ask: &Ask, subject: &str, key: &SecretKey) -> Answer {
        let body = ask.body(subject);
        let prepared = self.prepare(&body).await;
        assert_eq!(prepared.status, 200, "{}", prepared.json);
        let signed = sign_request(&prepared.bytes, body.to_string().as_bytes(), key).unwrap();
        self.ask_with(signed).await
    }

    /// Has a request prepared.
    pub async fn prepare(&self, body: &Value) -> Answer {
        let call = Call::post("/api/v1/request-consent/prepare", body.clone());
        self.call(call.bearer(&self.api_key)).await
    }

    /// Asks with a body as it stands, and does not wait.
    pub async fn ask_with(&self, body: Value) -> Answer {
        let call = Call::post("/api/v1/request-consent", body).bearer(&self.api_key);
        self.call(call.header("prefer", "respond-async")).await
    }

    /// Where a consent request stands.
    pub async fn request(&self, id: &str) -> Answer {
        self.call(Call::get(format!("/api/v1/consent-requests/{id}")).bearer(&self.api_key))
            .await
    }

    /// Reads with a query such as `?limit=10`, for a purpose if one is named.
    pub async fn read_with(
        &self,
        subject: &str,
        category: Category,
        query: &str,
        purpose: Option<&str>,
    ) -> Answer {
        let path = format!("/api/v1/users/{subject}/{}{query}", category.spec().path);
        let call = match purpose {
            Some(purpose) => Call::get(path).header("purpose", purpose),
            None => Call::get(path),
        };
        let answer = self.call(call.clone().bearer(&self.token().await)).await;
        if answer.status != 401 {
            return answer;
        }
        self.call(call.bearer(&self.renew_token().await)).await
    }

    /// Reads the first page, of the greatest length.
    pub async fn read(&self, subject: &str, category: Category) -> Answer {
        self.read_with(subject, category, "?limit=200", None).await
    }

    /// Reads every page.
    ///
    /// # Errors
    ///
    /// The answer that was no page.
    pub async fn read_all(
        &self,
        subject: &str,
        category: Category,
        purpose: Option<&str>,
    ) -> Result<Vec<Record>, Answer> {
        let mut records = Vec::new();
        let mut query = "?limit=200".to_owned();
        loop {
            let page = self.read_with(subject, category, &query, purpose).await;
            if page.status != 200 {
                return Err(page);
            }
            records.extend(page.records());
            match page.json["next_cursor"].as_str() {
                Some(next) => query = format!("?limit=200&after={next}"),
                None => return Ok(records),
            }
        }
    }
}

impl Answer {
    fn of(mut response: Response<ureq::Body>) -> Self {
        let bytes = response.body_mut().read_to_vec().unwrap();
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            json: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            bytes,
        }
    }

    /// A text in the body.
    pub fn text(&self, name: &str) -> &str {
        match self.json[name].as_str() {
            Some(text) => text,
            None => panic!("no {name} in {}", self.json),
        }
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The records of a page.
    pub fn records(&self) -> Vec<Record> {
        let rows = self.json["data"].as_array().cloned().unwrap_or_default();
        rows.into_iter()
            .map(|row| Record {
                id: row["id"].as_str().unwrap_or_default().to_owned(),
                fields: row["fields"].clone(),
            })
            .collect()
    }

    /// The records of a page by the text in one of their fields.
    pub fn by_text(&self, field: &str) -> BTreeMap<String, Value> {
        let records = self.records().into_iter();
        records
            .map(|record| {
                (
                    record.fields[field].as_str().unwrap_or_default().to_owned(),
                    record.fields,
                )
            })
            .collect()
    }

    /// The body without the id of the call, which is the one thing that differs between equal answers.
    pub fn bytes_without_call_id(&self) -> Vec<u8> {
        let id = self.json["request_id"].as_str().unwrap_or_default();
        assert!(id.len() > 20, "an error names its call: {}", self.json);
        String::from_utf8(self.bytes.clone())
            .unwrap()
            .replace(id, "")
            .into_bytes()
    }
}
