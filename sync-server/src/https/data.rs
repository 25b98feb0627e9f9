//! `GET /users/{subject_id}/{category}`: consented data.
//!
//! Every refusal that has to do with the user is the same answer, whatever the reason, so that
//! nothing can be learned from it.

use axum::{
    Extension,
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, HeaderName, Uri, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde::Serialize;
use serde_json::Value as Json;
use vault_wire::{
    catalogue::Category,
    id::{CallId, SubjectId},
    json,
    purpose::Purpose,
};

use super::{
    auth::{TokenCaller, require},
    flight::Flight,
    problem::{Code, Problem},
    query::Query,
    terms_view,
};
use crate::{
    Server,
    service::{
        read::{self as service, Content, ReadAnswer, ReadError, ReadQuery, ReadRecord, SealedKey},
        scopes::Scopes,
    },
};

const PURPOSE: HeaderName = HeaderName::from_static("purpose");

/// A page of records.
#[derive(Serialize)]
struct Page<'a> {
    data: Vec<Record>,
    has_more: bool,
    next_cursor: Option<&'a str>,
    grant: Grant,
    read_id: String,
}

#[derive(Serialize)]
struct Record {
    id: String,
    category: &'static str,
    updated_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed: Option<Sealed>,
}

/// A record that the application opens itself; with grant, generation, id and category around it, all
/// that its seal is bound to.
#[derive(Serialize)]
struct Sealed {
    statement: u64,
    rev: u64,
    nonce: String,
    ciphertext: String,
}

#[derive(Serialize)]
struct Grant {
    id: String,
    expires_at: Option<String>,
    data_life: Option<Json>,
    delete_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed_key: Option<Key>,
}

/// The key of a sealed grant's records, itself sealed to the application.
#[derive(Serialize)]
struct Key {
    generation: u32,
    enc: String,
    ciphertext: String,
}

/// The records that this application may read now.
pub(super) async fn read(
    State(server): State<Server>,
    TokenCaller(caller): TokenCaller,
    Extension(call): Extension<CallId>,
    flight: Option<Extension<Flight>>,
    path: Result<Path<(String, String)>, PathRejection>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let (subject, category) = whose(path).ok_or_else(|| Problem::consent_required(None))?;
    require(&caller, &Scopes::for_reading(category))?;
    let query = parse(subject, category, &headers, &uri)?;
    let answer = service::read(&server, &caller, query, call).await?;
    let bytes = rendered(&answer, category)?;
    let flight = flight.map(|Extension(flight)| flight).unwrap_or_default();
    let body = Body::from(flight.guarded(bytes, answer.guard));
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// An id or a category that cannot be is like a user who never consented.
fn whose(path: Result<Path<(String, String)>, PathRejection>) -> Option<(SubjectId, Category)> {
    let Path((subject, category)) = path.ok()?;
    Some((subject.parse().ok()?, Category::from_path(&category).ok()?))
}

fn parse(
    subject: SubjectId,
    category: Category,
    headers: &HeaderMap,
    uri: &Uri,
) -> Result<ReadQuery, Problem> {
    let purpose = stated_purpose(headers)?;
    let mut query = Query::of(uri)?;
    let read = ReadQuery {
        subject,
        category,
        purpose,
        from: query.parsed("from", Code::InvalidRequest),
        to: query.parsed("to", Code::InvalidRequest),
        updated_since: query.parsed("updated_since", Code::InvalidRequest),
        fields: fields(&mut query, category),
        after: query.text("after"),
        limit: query.limit(),
    };
    if read.from.zip(read.to).is_some_and(|(from, to)| from >= to) {
        query.fault("from", Code::InvalidRequest, "must be before `to`");
    }
    query.finish(read)
}

fn stated_purpose(headers: &HeaderMap) -> Result<Option<Purpose>, Problem> {
    let unknown = || {
        Problem::new(
            Code::UnknownPurpose,
            "The header `Purpose` names no purpose code; GET /api/v1/purposes lists them.",
        )
    };
    let mut stated = headers.get_all(PURPOSE).iter();
    match (stated.next(), stated.next()) {
        (None, _) => Ok(None),
        (Some(code), None) => {
            let code = code
                .to_str()
                .ok()
                .and_then(|code| Purpose::from_code(code.trim()).ok());
            code.map(Some).ok_or_else(unknown)
        }
        (Some(_), Some(_)) => Err(unknown()),
    }
}

/// The fields after commas; each must be in the catalogue, whatever is granted.
fn fields(query: &mut Query, category: Category) -> Option<Vec<String>> {
    let named = query.text("fields")?;
    let paths: Vec<String> = named.split(',').map(|path| path.trim().to_owned()).collect();
    let spec = category.spec();
    if paths.iter().any(|path| spec.expand(path).is_empty()) {
        let known: Vec<_> = spec.leaves().map(|(leaf, _)| leaf).collect();
        let message = format!("{} has the fields {}", spec.name, known.join(", "));
        query.fault("fields", Code::InvalidFields, message);
    }
    Some(paths)
}

fn rendered(answer: &ReadAnswer, category: Category) -> Result<Vec<u8>, Problem> {
    let page = Page {
        data: answer
            .records
            .iter()
            .map(|record| of_record(record, category))
            .collect(),
        has_more: answer.next.is_some(),
        next_cursor: answer.next.as_deref(),
        grant: Grant {
            id: answer.grant.to_string(),
            expires_at: answer.expires_at.map(|at| at.to_string()),
            data_life: answer.data_life.map(terms_view::of_data_life),
            delete_by: answer.delete_by.map(|at| at.to_string()),
            sealed_key: answer.sealed_key.as_ref().map(of_key),
        },
        read_id: answer.read_id.to_string(),
    };
    serde_json::to_vec(&page).map_err(|_| Problem::plain(Code::InternalError))
}

fn of_record(record: &ReadRecord, category: Category) -> Record {
    let (fields, sealed) = match &record.content {
        Content::Fields(fields) => (Some(json::of_fields(fields)), None),
        Content::Sealed {
            statement,
            rev,
            nonce,
            ciphertext,
        } => {
            let sealed = Sealed {
                statement: *statement,
                rev: *rev,
                nonce: BASE64.encode(nonce),
                ciphertext: BASE64.encode(ciphertext),
            };
            (None, Some(sealed))
        }
    };
    Record {
        id: record.slot.to_string(),
        category: category.name(),
        updated_at: record.updated_at.to_string(),
        fields,
        sealed,
    }
}

fn of_key(sealed: &SealedKey) -> Key {
    Key {
        generation: sealed.generation,
        enc: BASE64.encode(sealed.key.enc),
        ciphertext: BASE64.encode(&sealed.key.ciphertext),
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        let detail = error.to_string();
        match error {
            ReadError::ConsentRequired { pending_request } => {
                Self::consent_required(pending_request.map(|id| id.to_string()).as_deref())
            }
            ReadError::PurposeRequired => Self::plain(Code::PurposeRequired),
            ReadError::InvalidCursor => Self::plain(Code::InvalidCursor),
            ReadError::InvalidFields(fields) => Self::new(Code::InvalidFields, detail).with("fields", fields),
            ReadError::SealedNotFilterable => Self::plain(Code::SealedNotFilterable),
            ReadError::FrequencyExceeded { retry_after_s } => {
                Self::new(Code::GrantFrequencyExceeded, detail).retry_after(retry_after_s)
            }
            ReadError::Unavailable(unavailable) => unavailable.into(),
        }
    }
}
