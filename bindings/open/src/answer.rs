//! Opening an answer of the API.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde::Deserialize;
use serde_json::Value as Json;
use vault_wire::{
    catalogue::Category,
    entry::{Binding, Body, ContentTag, Entry},
    grant_key::{GrantKey, SealedGrantKey, SealingSecretKey},
    id::{GrantId, Slot},
    json as values,
};

/// Why an answer was not opened. Nothing of it is returned then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not an answer of this API.
    #[error("this is no answer of GET /users/{{subject_id}}/{{category}}: {0}")]
    NotAnAnswer(String),
    /// The answer is a problem, so there is nothing to open.
    #[error("the server answered with an error: {0}")]
    Refused(String),
    /// The grant key is sealed to another key, or was changed.
    #[error("none of the given keys opens the grant's key: it is sealed to another one, or was changed")]
    WrongKey,
    /// A record does not open: it was changed, or belongs elsewhere.
    #[error("the record {0} does not open: it was changed, or belongs to another grant")]
    Record(String),
}

#[derive(Deserialize)]
struct Grant {
    id: String,
    sealed_key: Option<Key>,
}

#[derive(Deserialize)]
struct Key {
    generation: u32,
    enc: String,
    ciphertext: String,
}

#[derive(Deserialize)]
struct Record {
    id: String,
    category: String,
    sealed: Sealed,
}

#[derive(Deserialize)]
struct Sealed {
    statement: u64,
    rev: u64,
    nonce: String,
    ciphertext: String,
}

/// Opens an answer: each record's `sealed` becomes `fields`, in the form in which delivery `server`
/// gives them, and `grant.sealed_key` is left out. An answer in delivery `server` comes back as it is.
/// Several keys are those of before and after a change; the first that fits is used.
///
/// # Errors
/// See [`OpenError`].
pub fn open_answer(answer: &[u8], keys: &[SealingSecretKey]) -> Result<Json, OpenError> {
    let mut answer: Json = serde_json::from_slice(answer).map_err(not_an_answer)?;
    if let Some(code) = answer.get("code").and_then(Json::as_str) {
        return Err(OpenError::Refused(code.to_owned()));
    }
    let grant = answer.get("grant").cloned().unwrap_or_default();
    let grant: Grant = serde_json::from_value(grant).map_err(not_an_answer)?;
    let Some(Json::Array(records)) = answer.get_mut("data") else {
        return Err(OpenError::NotAnAnswer("it has no `data`".to_owned()));
    };
    let Some(sealed_key) = &grant.sealed_key else {
        return Ok(answer);
    };
    let opener = Opener::of(&grant, sealed_key, keys)?;
    for record in records {
        opener.open(record)?;
    }
    if let Some(grant) = answer["grant"].as_object_mut() {
        grant.remove("sealed_key");
    }
    Ok(answer)
}

/// What opens the records of one answer.
struct Opener {
    key: GrantKey,
    grant: GrantId,
    generation: u32,
}

impl Opener {
    fn of(grant: &Grant, sealed: &Key, keys: &[SealingSecretKey]) -> Result<Self, OpenError> {
        let id: GrantId = grant.id.parse().map_err(not_an_answer)?;
        let generation = sealed.generation;
        let sealed = SealedGrantKey {
            enc: exactly(&sealed.enc)?,
            ciphertext: bytes(&sealed.ciphertext)?,
        };
        let key = keys
            .iter()
            .find_map(|key| sealed.open(key, id, generation).ok())
            .ok_or(OpenError::WrongKey)?;
        Ok(Self {
            key,
            grant: id,
            generation,
        })
    }

    fn open(&self, json: &mut Json) -> Result<(), OpenError> {
        let record: Record = serde_json::from_value(json.clone()).map_err(not_an_answer)?;
        let slot: Slot = record.id.parse().map_err(not_an_answer)?;
        let category: Category = record
            .category
            .parse()
            .map_err(|_| OpenError::NotAnAnswer(format!("{} is no category", record.category)))?;
        let entry = Entry {
            slot,
            tag: ContentTag([0; 16]),
            rev: record.sealed.rev,
            body: Body::Put {
                category,
                nonce: exactly(&record.sealed.nonce)?,
                ciphertext: bytes(&record.sealed.ciphertext)?,
            },
        };
        let binding = Binding {
            grant: self.grant,
            generation: self.generation,
            statement: record.sealed.statement,
        };
        let payload = entry
            .open(&self.key, binding)
            .map_err(|_| OpenError::Record(record.id))?;
        if let Some(members) = json.as_object_mut() {
            members.remove("sealed");
            members.insert("fields".to_owned(), values::of_fields(&payload.fields));
        }
        Ok(())
    }
}

fn bytes(text: &str) -> Result<Vec<u8>, OpenError> {
    BASE64
        .decode(text)
        .map_err(|_| OpenError::NotAnAnswer("something is not base64".to_owned()))
}

fn exactly<const N: usize>(text: &str) -> Result<[u8; N], OpenError> {
    let wrong = |_| OpenError::NotAnAnswer(format!("something has not {N} bytes"));
    bytes(text)?.try_into().map_err(wrong)
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn not_an_answer(error: impl ToString) -> OpenError {
    OpenError::NotAnAnswer(error.to_string())
}
