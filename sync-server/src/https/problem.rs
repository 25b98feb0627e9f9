//! Errors as `application/problem+json` (RFC 9457), and the catalogue of their codes.
//!
//! A handler returns a [`Problem`]; `envelope` renders it, because only there is the call's
//! id known. Every member of the answer is fixed by its code, except the detail and a few members
//! that the code names.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use vault_wire::id::CallId;

use crate::service::Unavailable;

/// What a developer reads when there is no consent for what it asks. The apostrophe is U+2019.
pub const CONSENT_REQUIRED: &str =
    "You don’t have permission to access the data. Please request consent from the user.";

/// Where the pages about errors are: `docs` serves them.
const DOCS: &str = "/docs";

macro_rules! codes {
    ($($variant:ident $status:literal $name:literal $title:literal, $about:literal;)*) => {
        /// A code of the error catalogue: stable, for programs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code {
            $(#[doc = $about] $variant,)*
        }

        impl Code {
            /// Every code, by status.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The HTTP status it comes with.
            pub const fn status(self) -> StatusCode {
                let number = match self { $(Self::$variant => $status,)* };
                match StatusCode::from_u16(number) {
                    Ok(status) => status,
                    Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
                }
            }

            /// Its name in answers.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What went wrong, in two or three words.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// What it means and what the caller can do.
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)* }
            }
        }
    };
}

codes! {
    InvalidRequest 400 "invalid_request" "Invalid request",
        "Something in the request is missing, malformed or not offered; `errors` names each place.";
    UnknownField 400 "unknown_field" "Unknown field",
        "The body or the query names a member that this endpoint does not have; check the spelling.";
    UnknownCategory 400 "unknown_category" "Unknown category",
        "No such category; GET /api/v1/categories lists them.";
    UnknownPurpose 400 "unknown_purpose" "Unknown purpose",
        "No such purpose code; GET /api/v1/purposes lists them.";
    InvalidFields 400 "invalid_fields" "Invalid fields",
        "A field or its precision is not in the catalogue, or is not part of what is asked; GET /api/v1/categories lists both.";
    SignatureRequired 400 "signature_required" "Signature required",
        "This application signs its requests: prepare one at POST /api/v1/request-consent/prepare, sign it, and send it as `signed_request`.";
    InvalidSignature 400 "invalid_signature" "Invalid signature",
        "The signed request cannot be passed on; the detail says why. Prepare and sign it anew.";
    SealedNotFilterable 400 "sealed_not_filterable" "Sealed data cannot be filtered",
        "The records are sealed to the application, so the server cannot choose by what they hold; read them without `from`, `to` and `fields`.";
    InvalidCursor 400 "invalid_cursor" "Invalid cursor",
        "`after` is not a cursor that this listing gave; start again without it.";
    PurposeRequired 400 "purpose_required" "Purpose required",
        "Several grants cover this read; name one purpose in the header `Purpose`.";
    MissingCredentials 401 "missing_credentials" "Missing credentials",
        "The call carries no API key or session token; send `Authorization: Bearer …`.";
    InvalidApiKey 401 "invalid_api_key" "Invalid API key",
        "The API key is not known, or was mistyped.";
    KeyRevoked 401 "key_revoked" "API key revoked",
        "The API key was revoked; use another.";
    KeyExpired 401 "key_expired" "API key expired",
        "The API key is past its end; create another.";
    InvalidToken 401 "invalid_token" "Invalid session token",
        "No session token, or not one that this server issued; get one at POST /api/v1/session-tokens.";
    TokenExpired 401 "token_expired" "Session token expired",
        "The session token is past its end; get another at POST /api/v1/session-tokens.";
    TokenRevoked 401 "token_revoked" "Session token revoked",
        "The session token, or the API key behind it, was revoked.";
    ConsentRequired 403 "consent_required" "Consent required",
        "No active grant of the user covers this read now. The answer is the same whether the user exists, never granted, paused, withdrew, or granted for another purpose.";
    InsufficientKeyScope 403 "insufficient_key_scope" "Insufficient key scope",
        "The API key or session token may not call this endpoint; `required_scopes` names what it lacks.";
    BrowserNotAllowed 403 "browser_not_allowed" "Browser not allowed",
        "Data is read by servers: a key or token in a browser is a key or token given away.";
    NotFound 404 "not_found" "Not found",
        "There is nothing here, or nothing that belongs to this application.";
    MethodNotAllowed 405 "method_not_allowed" "Method not allowed",
        "The endpoint exists but does not take this method; `Allow` lists those it takes.";
    RequestTimeout 408 "request_timeout" "Request timeout",
        "The body of the request did not arrive in time.";
    InvalidStateTransition 409 "invalid_state_transition" "Invalid state transition",
        "What is to be changed stands where it cannot be changed any more.";
    BodyTooLarge 413 "body_too_large" "Body too large",
        "A request body may have 1 MiB.";
    UnsupportedMediaType 415 "unsupported_media_type" "Unsupported media type",
        "Request bodies are JSON; send `Content-Type: application/json`.";
    RateLimited 429 "rate_limited" "Rate limited",
        "Too many calls of this kind; wait for the seconds in `Retry-After`.";
    PromptBudgetExceeded 429 "prompt_budget_exceeded" "Prompt budget exceeded",
        "This user was asked often enough for now; wait for the seconds in `Retry-After`.";
    RecentlyRefused 429 "recently_refused" "Recently refused",
        "The user was asked for this category not long ago; wait for the seconds in `Retry-After`.";
    GrantFrequencyExceeded 429 "grant_frequency_exceeded" "Grant frequency exceeded",
        "The grant allows only so many reads in a period; wait for the seconds in `Retry-After`.";
    HeadersTooLarge 431 "headers_too_large" "Headers too large",
        "The head of a request may have 64 KiB.";
    InternalError 500 "internal_error" "Internal error",
        "A fault of the server; nothing was read. Tell the operator the `request_id`.";
    TemporarilyUnavailable 503 "temporarily_unavailable" "Temporarily unavailable",
        "The server cannot do this safely just now; try again after the seconds in `Retry-After`.";
}

impl Code {
    /// Its name in addresses: with hyphens.
    pub fn slug(self) -> String {
        self.name().replace('_', "-")
    }

    /// The page about it.
    pub fn doc_url(self) -> String {
        format!("{DOCS}/errors/{}", self.slug())
    }

    fn type_uri(self) -> String {
        match self {
            Self::RateLimited => "https://iana.org/assignments/http-problem-types#quota-exceeded".to_owned(),
            other => other.doc_url(),
        }
    }
}

/// An error answer.
#[derive(Clone, Debug)]
pub struct Problem {
    code: Code,
    detail: String,
    members: Map<String, Json>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The members in the order in which they are written.
#[derive(Serialize)]
struct Rendered<'a> {
    #[serde(rename = "type")]
    type_uri: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    message: &'a str,
    request_id: String,
    doc_url: String,
    #[serde(flatten)]
    members: &'a Map<String, Json>,
}

impl Problem {
    /// A problem with a detail of its own.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            members: Map::new(),
            headers: Vec::new(),
        }
    }

    /// A problem that the catalogue explains.
    pub fn plain(code: Code) -> Self {
        Self::new(code, code.about())
    }

    /// The refusal of a read, the same in every byte for every reason.
    pub fn consent_required(pending_request: Option<&str>) -> Self {
        let detail = serde_json::json!({
            "type": "vault_data", "category": "{category}", "actions": ["read"], "fields": ["{field}"],
        });
        Self::new(Code::ConsentRequired, CONSENT_REQUIRED).with(
            "consent",
            serde_json::json!({
                "request_endpoint": "/api/v1/request-consent",
                "template": { "subject_id": "{subject_id}", "authorization_details": [detail] },
                "pending_request_id": pending_request,
            }),
        )
    }

    /// The same with one more member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// The same with one more header; a text that no header can carry is left out.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// The same with the seconds after which it makes sense to try again.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        self.with_header(header::RETRY_AFTER, &seconds.to_string())
    }

    /// Its code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Its JSON.
    pub fn to_json(&self, call: CallId) -> Vec<u8> {
        let rendered = Rendered {
            type_uri: self.code.type_uri(),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            code: self.code.name(),
            detail: &self.detail,
            message: &self.detail,
            request_id: call.to_string(),
            doc_url: self.code.doc_url(),
            members: &self.members,
        };
        serde_json::to_vec(&rendered).unwrap_or_default()
    }
}

/// Status and headers now; the body once the call's id is known.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.code.status();
        for (name, value) in &self.headers {
            response.headers_mut().insert(name, value.clone());
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Unavailable> for Problem {
    fn from(_: Unavailable) -> Self {
        Self::plain(Code::TemporarilyUnavailable).retry_after(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json_of(problem: &Problem) -> Json {
        serde_json::from_slice(&problem.to_json(CallId([1; 16]))).unwrap()
    }

    #[test]
    fn the_refusal_is_byte_exact_with_its_typographic_apostrophe() {
        let bytes = Problem::consent_required(None).to_json(CallId([0; 16]));
        let expected = concat!(
            r#"{"type":"/docs/errors/consent-required","title":"Consent required","status":403,"#,
            r#""code":"consent_required","#,
            "\"detail\":\"You don\u{2019}t have permission to access the data. ",
            "Please request consent from the user.\",",
            "\"message\":\"You don\u{2019}t have permission to access the data. ",
            "Please request consent from the user.\",",
            r#""request_id":"req_00000000000000000000000000","doc_url":"/docs/errors/consent-required","#,
            r#""consent":{"pending_request_id":null,"request_endpoint":"/api/v1/request-consent","#,
            r#""template":{"authorization_details":[{"actions":["read"],"category":"{category}","#,
            r#""fields":["{field}"],"type":"vault_data"}],"subject_id":"{subject_id}"}}}"#,
        );
        assert_eq!(String::from_utf8(bytes.clone()).unwrap(), expected);
        assert!(bytes.windows(3).any(|three| three == [0xE2, 0x80, 0x99]));
    }

    #[test]
    fn every_problem_has_every_member_and_its_message_is_its_detail() {
        for &code in Code::ALL {
            let json = json_of(&Problem::plain(code));
            for member in [
                "type",
                "title",
                "detail",
                "code",
                "message",
                "request_id",
                "doc_url",
            ] {
                assert!(json[member].is_string(), "{member} of {code:?}");
            }
            assert_eq!(json["message"], json["detail"]);
            assert_eq!(json["status"], code.status().as_u16());
            assert!(code.status().is_client_error() || code.status().is_server_error());
        }
    }

    #[test]
    fn no_code_stands_in_the_catalogue_twice() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }
}
