//! The developer of the demo: an ordinary HTTPS client that holds an API key.

use serde_json::{Value, json};
use ureq::{
    Agent,
    http::Response,
    tls::{Certificate, RootCerts, TlsConfig, TlsProvider},
};
use zeroize::Zeroizing;

/// A developer's program.
#[derive(Clone)]
pub(super) struct Developer {
    agent: Agent,
    origin: String,
    api_key: Zeroizing<String>,
}

/// What an HTTPS call was answered with.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Developer {
    /// A developer who trusts one certificate authority and nothing else.
    pub(super) fn new(
        origin: String,
        authority_pem: &str,
        api_key: Zeroizing<String>,
    ) -> anyhow::Result<Self> {
        let authority = Certificate::from_pem(authority_pem.as_bytes())?;
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(RootCerts::new_with_certs(&[authority]))
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .https_only(true)
            .http_status_as_error(false)
            .build();
        Ok(Self {
            agent: agent.into(),
            origin,
            api_key,
        })
    }

    /// A session token for reading a category.
    pub(super) fn token(&self, scope: &str) -> anyhow::Result<Zeroizing<String>> {
        let answer = self.post("/api/v1/session-tokens", &json!({ "scopes": [scope] }))?;
        let token = answer.body["token"]
            .as_str()
            .map(|token| Zeroizing::new(token.to_owned()));
        token.ok_or_else(|| anyhow::anyhow!("no session token was given: {}", answer.body))
    }

    /// Calls with the API key.
    pub(super) fn post(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        let call = self.agent.post(format!("{}{path}", self.origin));
        let call = call.header("authorization", format!("Bearer {}", *self.api_key));
        Answer::of(call.send_json(body)?)
    }

    /// Reads with a session token.
    pub(super) fn get(&self, path: &str, token: &str) -> anyhow::Result<Answer> {
        let call = self.agent.get(format!("{}{path}", self.origin));
        Answer::of(call.header("authorization", format!("Bearer {token}")).call()?)
    }
}

impl Answer {
    fn of(mut response: Response<ureq::Body>) -> anyhow::Result<Self> {
        let bytes = response.body_mut().read_to_vec()?;
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes)?
        };
        Ok(Self {
            status: response.status().as_u16(),
            body,
        })
    }
}
