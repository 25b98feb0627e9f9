//! Consent requests: who asks, for what, why and for how long. The subject decides over these very
//! bytes.

use serde::{Deserialize, Serialize};

use crate::{
    Digest, Malformed,
    canonical::{decode, digest, encode},
    id::{AppId, GrantId, RequestId, SubjectId},
    labels, limits,
    signature::PublicKey,
    terms::Terms,
    time::Timestamp,
};

/// A consent request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentRequest {
    version: u8,
    /// Its id.
    pub id: RequestId,
    /// The data subject, as the application knows it.
    pub subject: SubjectId,
    /// Who asks.
    pub app: AppIdentity,
    /// What is asked.
    pub terms: Terms,
    /// Why, in the developer's words; at most 280 characters.
    pub purpose_text: String,
    /// What the subject gains, in the developer's words; at most 280 characters.
    pub benefit: String,
    /// Who else receives the data.
    pub recipients: Vec<Recipient>,
    /// Where it is stored: regions such as `EU`, or countries (ISO 3166-1).
    pub storage_locations: Vec<String>,
    /// The privacy notice.
    pub notice: Option<Notice>,
    /// The grant that this request would amend.
    pub amends: Option<GrantId>,
    /// Three characters that application and vault both show, so that the subject can see that
    /// they belong together; empty if not asked for.
    pub binding_code: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the immediate window closes.
    pub immediate_until: Timestamp,
    /// When it lapses.
    pub expires_at: Timestamp,
}

/// Who asks, as the subject sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppIdentity {
    /// The application.
    pub id: AppId,
    /// Its name.
    pub display_name: String,
    /// The brand.
    pub brand_name: String,
    /// The data controller's legal name.
    pub controller: String,
    /// The controller's country, ISO 3166-1.
    pub country: String,
    /// Its website.
    pub website: String,
    /// Its privacy policy.
    pub privacy_policy_url: String,
    /// Where the subject can ask.
    pub support_contact: String,
    /// Who vouches for this identity.
    pub vouched: Vouched,
    /// The application's X25519 key for delivery `sealed`.
    pub sealing_key: Option<[u8; 32]>,
    /// The application's signing key.
    pub signing_key: Option<PublicKey>,
}

/// Who vouches for an application's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Vouched {
    /// The sync server only.
    ByServer,
    /// The application's own domain, checked by the server.
    ByDomain,
}

/// Somebody else who receives the data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Name.
    pub name: String,
    /// Role, for example `processor`.
    pub role: String,
    /// Country, ISO 3166-1.
    pub country: String,
}

/// A privacy notice, pinned by its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Where it is.
    pub url: String,
    /// Its version.
    pub version: String,
    /// Its language, BCP 47.
    pub language: String,
    /// SHA-256 of its text.
    pub sha256: Option<Digest>,
}

/// Everything of a request that its author chooses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wording {
    /// See [`ConsentRequest::purpose_text`].
    pub purpose_text: String,
    /// See [`ConsentRequest::benefit`].
    pub benefit: String,
    /// See [`ConsentRequest::recipients`].
    pub recipients: Vec<Recipient>,
    /// See [`ConsentRequest::storage_locations`].
    pub storage_locations: Vec<String>,
    /// See [`ConsentRequest::notice`].
    pub notice: Option<Notice>,
}

impl ConsentRequest {
    /// A request made now, with the windows that the consent flow fixes.
    pub fn new(
        id: RequestId,
        subject: SubjectId,
        app: AppIdentity,
        terms: Terms,
        wording: Wording,
        now: Timestamp,
    ) -> Self {
        let Wording {
            purpose_text,
            benefit,
            recipients,
            storage_locations,
            notice,
        } = wording;
        Self {
            version: 1,
            id,
            subject,
            app,
            terms,
            purpose_text,
            benefit,
            recipients,
            storage_locations,
            notice,
            amends: None,
            binding_code: String::new(),
            created_at: now,
            immediate_until: now.plus_ms(limits::IMMEDIATE_WINDOW_MS),
            expires_at: now.plus_ms(limits::REQUEST_LIFETIME_MS),
        }
    }

    /// The exact bytes that travel and that a decision is about.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads a request. Beyond its form, the terms must be well formed and every text within its
    /// limit.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        const WHAT: &str = "consent request";
        if bytes.len() > limits::REQUEST_BYTES_MAX {
            return Err(Malformed::new(WHAT));
        }
        let request: Self = decode(bytes, WHAT)?;
        let sound = request.version == 1 && request.terms.well_formed() && request.texts_within_limits();
        if sound {
            Ok(request)
        } else {
            Err(Malformed::new(WHAT))
        }
    }

    /// Digest of a request's exact bytes, which a decision names.
    pub fn digest_of(bytes: &[u8]) -> Digest {
        digest(labels::REQUEST, bytes)
    }

    fn texts_within_limits(&self) -> bool {
        let app = &self.app;
        let short = [&self.purpose_text, &self.benefit]
            .into_iter()
            .all(|text| text.chars().count() <= limits::PURPOSE_CHARS_MAX);
        let bounded = [
            &app.display_name,
            &app.brand_name,
            &app.controller,
            &app.country,
            &app.website,
            &app.privacy_policy_url,
            &app.support_contact,
            &self.binding_code,
        ];
        short
            && bounded
                .into_iter()
                .chain(&self.storage_locations)
                .all(|text| text.len() <= limits::TEXT_BYTES_MAX)
    }
}
