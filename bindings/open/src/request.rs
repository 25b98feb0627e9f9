//! Signing a consent request that the server prepared, after checking that it asks for no more than you
//! asked for, and in your words.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use vault_wire::{
    catalogue::{Category, Kind, Precision},
    json::hex,
    labels,
    purpose::Purpose,
    request::{ConsentRequest, Notice, Recipient},
    signature::SecretKey,
    terms::{Delivery, Detail, Duration},
    time::Timestamp,
};

/// Why a request was not signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// Not an answer of `POST /request-consent/prepare`.
    #[error("this is no prepared consent request: {0}")]
    NotPrepared(String),
    /// What was asked is not JSON of a consent request.
    #[error("what you asked for cannot be read: {0}")]
    NotAsked(String),
    /// The prepared request names another signing key.
    #[error("the prepared request names another signing key than this one")]
    AnotherKey,
    /// The prepared request says something else than what was asked.
    #[error("the server prepared something else than you asked for: {0} differs")]
    Differs(&'static str),
}

#[derive(Deserialize)]
struct Prepared {
    request: String,
}

/// The body of `POST /request-consent`, as far as it says what the user decides about.
#[derive(Deserialize)]
struct Asked {
    subject_id: String,
    purpose: AskedPurpose,
    authorization_details: Vec<AskedDetail>,
    duration: AskedDuration,
    data_life: Option<AskedSpan>,
    frequency: Option<AskedFrequency>,
    #[serde(default = "server")]
    delivery: String,
    #[serde(default)]
    recipients: Vec<Json>,
    #[serde(default)]
    storage_locations: Vec<String>,
    notice: Option<Json>,
    amends: Option<String>,
    metadata: Option<Json>,
}

#[derive(Deserialize)]
struct AskedPurpose {
    code: String,
    text: String,
    benefit: String,
}

#[derive(Deserialize)]
struct AskedDetail {
    category: String,
    #[serde(default)]
    fields: Vec<String>,
    #[serde(default)]
    precision: serde_json::Map<String, Json>,
    time_range: Option<AskedRange>,
}

#[derive(Deserialize, Default)]
struct AskedRange {
    from: Option<String>,
    to: Option<String>,
}

#[derive(Deserialize)]
struct AskedDuration {
    #[serde(rename = "type")]
    kind: String,
    expires_at: Option<String>,
}

#[derive(Deserialize)]
struct AskedSpan {
    unit: String,
    value: u32,
}

#[derive(Deserialize)]
struct AskedFrequency {
    max_reads: u32,
    per: String,
}

fn server() -> String {
    "server".to_owned()
}

/// Signs a prepared request: `prepared` is the answer of `POST /request-consent/prepare`, `asked` the
/// body that was sent there. The result is the body for `POST /request-consent`.
///
/// # Errors
/// See [`SignError`]; nothing is signed that asks for more than `asked`, or in other words.
pub fn sign_request(prepared: &[u8], asked: &[u8], key: &SecretKey) -> Result<Json, SignError> {
    let not_prepared = |error: &dyn ToString| SignError::NotPrepared(error.to_string());
    let prepared: Prepared = serde_json::from_slice(prepared).map_err(|error| not_prepared(&error))?;
    let bytes = BASE64
        .decode(&prepared.request)
        .map_err(|error| not_prepared(&error))?;
    let request = ConsentRequest::from_bytes(&bytes).map_err(|error| not_prepared(&error))?;
    let asked: Asked =
        serde_json::from_slice(asked).map_err(|error| SignError::NotAsked(error.to_string()))?;
    if request.app.signing_key != Some(key.public()) {
        return Err(SignError::AnotherKey);
    }
    asked.compare(&request)?;
    let signature = key.sign(labels::REQUEST, &bytes);
    let mut body = json!({
        "signed_request": { "request": prepared.request, "signature": BASE64.encode(signature.0) },
    });
    if let Some(metadata) = asked.metadata {
        body["metadata"] = metadata;
    }
    Ok(body)
}

impl Asked {
    fn compare(&self, request: &ConsentRequest) -> Result<(), SignError> {
        let terms = &request.terms;
        let (code, purpose) = (Purpose::from_code(&self.purpose.code).ok(), &self.purpose);
        for (agrees, what) in [
            (self.subject_id.parse() == Ok(request.subject), "subject_id"),
            (code == Some(terms.purpose), "purpose.code"),
            (purpose.text == request.purpose_text, "purpose.text"),
            (purpose.benefit == request.benefit, "purpose.benefit"),
            (self.has_details(&terms.details), "authorization_details"),
            (self.duration.is(terms.duration), "duration"),
            (
                self.data_life_days() == terms.data_life.map(|life| life.days),
                "data_life",
            ),
            (self.has_frequency(request), "frequency"),
            (self.delivery == name_of(terms.delivery), "delivery"),
            (self.has_recipients(&request.recipients), "recipients"),
            (
                self.storage_locations == request.storage_locations,
                "storage_locations",
            ),
            (self.has_notice(request.notice.as_ref()), "notice"),
            (
                self.amends == request.amends.map(|grant| grant.to_string()),
                "amends",
            ),
        ] {
            if !agrees {
                return Err(SignError::Differs(what));
            }
        }
        Ok(())
    }

    fn has_details(&self, prepared: &[Detail]) -> bool {
        prepared.iter().all(|detail| {
            let asked = self
                .authorization_details
                .iter()
                .find(|asked| asked.category == detail.category.name());
            asked.is_some_and(|asked| asked.covers(detail))
        })
    }

    fn data_life_days(&self) -> Option<u32> {
        let life = self.data_life.as_ref()?;
        let days = match life.unit.as_str() {
            "month" => 30,
            "year" => 365,
            _ => 1,
        };
        Some(life.value.saturating_mul(days))
    }

    fn has_frequency(&self, request: &ConsentRequest) -> bool {
        match (&self.frequency, request.terms.frequency) {
            (None, None) => true,
            (Some(asked), Some(prepared)) => {
                (asked.max_reads, asked.per.as_str()) == (prepared.max_reads, prepared.per.name())
            }
            _ => false,
        }
    }

    fn has_recipients(&self, prepared: &[Recipient]) -> bool {
        let rendered = |r: &Recipient| json!({ "name": r.name, "role": r.role, "country": r.country });
        self.recipients == prepared.iter().map(rendered).collect::<Vec<_>>()
    }

    fn has_notice(&self, prepared: Option<&Notice>) -> bool {
        match (&self.notice, prepared) {
            (None, None) => true,
            (Some(asked), Some(prepared)) => {
                let digest = prepared.sha256.map(|digest| hex(&digest));
                asked["url"] == prepared.url
                    && asked["version"] == prepared.version
                    && asked["language"] == prepared.language
                    && asked["sha256"].as_str().map(str::to_ascii_lowercase) == digest
            }
            _ => false,
        }
    }
}

impl AskedDetail {
    /// Whether all that the prepared detail shows was asked for.
    fn covers(&self, prepared: &Detail) -> bool {
        let asked = self.time_range.as_ref();
        let moment = |text: Option<&String>| text.map(|text| text.parse::<Timestamp>());
        let in_time = moment(asked.and_then(|range| range.from.as_ref())) == prepared.time_range.from.map(Ok)
            && moment(asked.and_then(|range| range.to.as_ref())) == prepared.time_range.to.map(Ok);
        in_time
            && prepared
                .fields
                .iter()
                .all(|(leaf, precision)| self.names(leaf) && self.allows(prepared.category, leaf, *precision))
    }

    fn names(&self, leaf: &str) -> bool {
        self.fields.iter().any(|field| is_at_or_below(leaf, field))
    }

    /// Every precision that was asked for, of the leaf or of the place that it is part of, is kept.
    fn allows(&self, category: Category, leaf: &str, prepared: Precision) -> bool {
        self.precision
            .iter()
            .filter(|(path, _)| is_at_or_below(leaf, path))
            .all(|(path, word)| {
                let word = word.as_str().unwrap_or_default();
                match path == leaf {
                    true => word.parse().is_ok_and(|asked| prepared.at_most(asked)),
                    false => is_part_of_place(category, leaf, word, prepared),
                }
            })
    }
}

/// Whether a leaf is still part of a place that is asked for no more exactly than `word` says.
fn is_part_of_place(category: Category, leaf: &str, word: &str, prepared: Precision) -> bool {
    let kind = category.spec().kind_of(leaf);
    let (is_country, is_city) = (kind == Some(Kind::Country), leaf.ends_with(".city"));
    match word {
        "exact" => true,
        "country" => is_country,
        "city" => is_country || is_city,
        grid if matches!(kind, Some(Kind::Latitude | Kind::Longitude)) => {
            grid.parse().is_ok_and(|asked| prepared.at_most(asked))
        }
        grid => is_country || (is_city && grid != Precision::Grid100km.name()),
    }
}

impl AskedDuration {
    fn is(&self, prepared: Duration) -> bool {
        match (self.kind.as_str(), prepared) {
            ("one_time", Duration::OneTime) | ("until_withdrawn", Duration::UntilWithdrawn) => true,
            ("time_bound", Duration::TimeBound(at)) => {
                self.expires_at.as_deref().map(str::parse) == Some(Ok(at))
            }
            _ => false,
        }
    }
}

fn is_at_or_below(leaf: &str, path: &str) -> bool {
    leaf.strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

const fn name_of(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Server => "server",
        Delivery::Sealed => "sealed",
    }
}
