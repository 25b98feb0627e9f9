//! Consent requests: who asks, for what, why and for how long. The subject decides over these very
//! bytes.

use serde::{Deserialize, Serialize};

use crate::{
    Digest, Malformed,
    canonical::{decode, digest, encode},
    catalogue::Category,
    domain::AppDomain,
    grant_key::SealingPublicKey,
    id::{AppId, GrantId, RequestId, SubjectId},
    labels, limits,
    signature::PublicKey,
    terms::{Delivery, Terms},
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
    /// Fields without which the application does not want the answer, by category.
    pub required: Vec<Required>,
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

/// Fields of one category that are wanted with the answer or not at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Required {
    /// Which category; it is among those that are asked for.
    pub category: Category,
    /// Which leaves of it, rising; they are among those that are asked for.
    pub fields: Vec<String>,
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
    /// Whom the vault can ask about this identity.
    pub vouched: Vouched,
    /// The application's key for delivery `sealed`; only with a signing key.
    pub sealing_key: Option<SealingPublicKey>,
    /// The key that signs the application's requests, exactly if its domain vouches for it.
    pub signing_key: Option<PublicKey>,
}

/// Who can be asked about an application's identity. That a request says so proves nothing: the
/// vault asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Vouched {
    /// The sync server only.
    ByServer,
    /// The domain of the website, which publishes the application's names and keys.
    ByDomain,
}

impl AppIdentity {
    /// The domain that vouches for the application, if one does.
    pub fn domain(&self) -> Option<AppDomain> {
        match self.vouched {
            Vouched::ByServer => None,
            Vouched::ByDomain => AppDomain::of_website(&self.website).ok(),
        }
    }

    /// Keys are there exactly if there is a domain to ask about them.
    fn consistent(&self) -> bool {
        match self.vouched {
            Vouched::ByServer => self.signing_key.is_none() && self.sealing_key.is_none(),
            Vouched::ByDomain => self.signing_key.is_some() && self.domain().is_some(),
        }
    }
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
            required: Vec::new(),
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
        if request.version == 1 && request.sound() {
            Ok(request)
        } else {
            Err(Malformed::new(WHAT))
        }
    }

    /// Whether it can be put before a subject: terms well formed, keys with a domain that vouches for
    /// them, windows in order, every list and text within its limit, and no text that shows otherwise
    /// than it reads.
    pub fn sound(&self) -> bool {
        self.terms.well_formed()
            && self.required_is_asked()
            && self.app.consistent()
            && (self.terms.delivery == Delivery::Server || self.app.sealing_key.is_some())
            && self.created_at <= self.immediate_until
            && self.immediate_until <= self.expires_at
            && self.recipients.len() <= limits::RECIPIENTS_MAX
            && self.storage_locations.len() <= limits::RECIPIENTS_MAX
            && matches!(self.binding_code.len(), 0 | 3)
            && self.binding_code.bytes().all(|b| b.is_ascii_alphanumeric())
            && [&self.purpose_text, &self.benefit]
                .into_iter()
                .all(|text| text.chars().count() <= limits::PURPOSE_CHARS_MAX)
            && self
                .texts()
                .all(|text| text.len() <= limits::TEXT_BYTES_MAX && shows_as_it_reads(text))
    }

    /// The first required field that terms leave out, if they leave one out.
    pub fn lacks<'a>(&'a self, terms: &Terms) -> Option<(Category, &'a str)> {
        let all = self.required.iter().flat_map(|required| {
            required
                .fields
                .iter()
                .map(|path| (required.category, path.as_str()))
        });
        all.into_iter().find(|(category, path)| {
            terms
                .detail(*category)
                .is_none_or(|detail| !detail.fields.contains_key(*path))
        })
    }

    fn required_is_asked(&self) -> bool {
        let categories = self.required.iter().map(|required| required.category);
        self.required
            .iter()
            .all(|required| !required.fields.is_empty() && rising(&required.fields))
            && rising(&categories.collect::<Vec<_>>())
            && self.lacks(&self.terms).is_none()
    }

    /// Digest of a request's exact bytes, which a decision names.
    pub fn digest_of(bytes: &[u8]) -> Digest {
        digest(labels::REQUEST, bytes)
    }

    fn texts(&self) -> impl Iterator<Item = &String> {
        let app = &self.app;
        let identity = [
            &app.display_name,
            &app.brand_name,
            &app.controller,
            &app.country,
            &app.website,
            &app.privacy_policy_url,
            &app.support_contact,
        ];
        let recipients = self
            .recipients
            .iter()
            .flat_map(|r| [&r.name, &r.role, &r.country]);
        let notice = self.notice.iter().flat_map(|n| [&n.url, &n.version, &n.language]);
        [&self.purpose_text, &self.benefit]
            .into_iter()
            .chain(identity)
            .chain(&self.storage_locations)
            .chain(recipients)
            .chain(notice)
    }
}

/// Whether each is above the one before.
fn rising<T: Ord>(list: &[T]) -> bool {
    list.windows(2).all(|pair| pair[0] < pair[1])
}

/// Whether a text holds nothing that could make a prompt look like another: no control characters
/// (terminal sequences, line breaks) and none that reorder what is shown (Unicode UAX 9).
fn shows_as_it_reads(text: &str) -> bool {
    const REORDERING: [char; 14] = [
        '\u{061c}', '\u{200e}', '\u{200f}', '\u{2028}', '\u{2029}', '\u{202a}', '\u{202b}', '\u{202c}',
        '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}',
    ];
    !text.chars().any(|c| c.is_control() || REORDERING.contains(&c))
}

#[cfg(test)]
mod tests;
