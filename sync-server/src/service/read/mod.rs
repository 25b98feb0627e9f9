//! A developer's read of consented data (invariant I1).

mod commit;
mod cursor;
mod decide;
mod select;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use vault_wire::{
    catalogue::Category,
    grant_key::SealedGrantKey,
    id::{CallId, GrantId, ReadId, RequestId, Slot, SubjectId, VaultId},
    limits,
    purpose::Purpose,
    terms::DataLife,
    time::Timestamp,
    value::Value,
};

use super::{Unavailable, auth::Caller, subjects::home};
use crate::{
    Server,
    live::ReadGuard,
    store::{
        Rows, StoreError,
        tables::{GRANTS, GRANTS_OF_APP, key},
    },
};
use commit::Committed;
use cursor::Cursor;
pub(super) use decide::CONTINUE_MS;
use decide::{Allowed, Candidate, decide};
use select::{Selected, select};

/// What a developer wants to read.
#[derive(Clone, Debug)]
pub struct ReadQuery {
    /// Whose data.
    pub subject: SubjectId,
    /// Which category.
    pub category: Category,
    /// Why; may be left out when one active grant covers the read.
    pub purpose: Option<Purpose>,
    /// Only records of this moment or later.
    pub from: Option<Timestamp>,
    /// Only records before this moment.
    pub to: Option<Timestamp>,
    /// Only records that reached the server at this moment or later.
    pub updated_since: Option<Timestamp>,
    /// Only these fields: leaves or parents of leaves, by dotted path. They can only narrow.
    pub fields: Option<Vec<String>>,
    /// The cursor of the page before.
    pub after: Option<String>,
    /// Most records in the answer, 1 to 200.
    pub limit: u32,
}

/// Consented data, and what must be said with it.
#[derive(Debug)]
pub struct ReadAnswer {
    /// The read, as the subject sees it too.
    pub read_id: ReadId,
    /// The records, in the order in which they arrived.
    pub records: Vec<ReadRecord>,
    /// Pass it as `after` to get the next page; none when there is nothing more.
    pub next: Option<String>,
    /// The grant that allowed it.
    pub grant: GrantId,
    /// Delivery `sealed`: the key that opens the records, sealed to the application.
    pub sealed_key: Option<SealedKey>,
    /// When that grant ends by itself.
    pub expires_at: Option<Timestamp>,
    /// How long the developer may keep what it read.
    pub data_life: Option<DataLife>,
    /// Until when the developer must have deleted this answer.
    pub delete_by: Option<Timestamp>,
    /// Must live until the last byte of the answer is written, or its connection is dropped.
    pub guard: ReadGuard,
}

/// One record of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadRecord {
    /// The record, as this grant shows it.
    pub slot: Slot,
    /// When this state of it reached the server.
    pub updated_at: Timestamp,
    /// What it holds.
    pub content: Content,
}

/// What a record of an answer holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Its granted fields, by dotted path.
    Fields(BTreeMap<String, Value>),
    /// Delivery `sealed`: what only the application can open, with all that its seal is bound to besides
    /// grant, category and slot.
    Sealed {
        /// The statement under which it was sealed.
        statement: u64,
        /// Revision of the slot.
        rev: u64,
        /// Nonce of the seal.
        nonce: [u8; 24],
        /// XChaCha20-Poly1305 of the padded payload, tag last.
        ciphertext: Vec<u8>,
    },
}

/// The key of a grant's generation, as the vault sealed it to the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedKey {
    /// The generation; it is part of every seal.
    pub generation: u32,
    /// The key.
    pub key: SealedGrantKey,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No active grant of this subject for this application covers the read; or there is no such
    /// subject, which looks the same.
    #[error("the data subject has not consented to this read: request consent")]
    ConsentRequired {
        /// A request of this application to this subject that is pending.
        pending_request: Option<RequestId>,
    },
    /// Several active grants cover the read: it must say which purpose it is for.
    #[error("several purposes are consented to: name one")]
    PurposeRequired,
    /// The cursor is not one that was handed out for this read.
    #[error("this cursor was not handed out for this read: start again without one")]
    InvalidCursor,
    /// A field is not granted, or does not exist.
    #[error("these fields are not granted: {}", .0.join(", "))]
    InvalidFields(Vec<String>),
    /// Only the application can see what the entries hold, so the server cannot choose by it.
    #[error("the records are sealed to the application: read them without `from`, `to` and `fields`")]
    SealedNotFilterable,
    /// The grant allows fewer reads.
    #[error("the grant allows no further read now: try again in {retry_after_s} seconds")]
    FrequencyExceeded {
        /// Seconds until the next read is allowed.
        retry_after_s: u32,
    },
    /// The read could not be recorded, so it was not made.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Reads consented data. The audit entry and the subject's read receipt are durable before this
/// returns; the decision is taken in the same transaction.
///
/// # Errors
///
/// See [`ReadError`].
pub async fn read(
    server: &Server,
    caller: &Caller,
    query: ReadQuery,
    call: CallId,
) -> Result<ReadAnswer, ReadError> {
    check_names(&query)?;
    let cursor = match &query.after {
        None => None,
        Some(text) => Some(Cursor::open(text, server.keys()).ok_or(ReadError::InvalidCursor)?),
    };
    let attempt = Arc::new(Attempt {
        caller: caller.clone(),
        query,
        cursor,
        call,
        read: ReadId::fresh(server.now(), &mut server.entropy()),
    });
    for _ in 0..TRIES {
        let prepared = prepare(server, &attempt).map_err(Unavailable::from)?;
        let (service, again) = (server.clone(), Arc::clone(&attempt));
        let committed = server
            .store()
            .write(move |tx| commit::commit(&service, tx, &again, prepared))
            .await
            .map_err(Unavailable::from)?;
        match committed {
            Committed::Answered { answer, vault } => {
                server.devices().wake(vault);
                return Ok(*answer);
            }
            Committed::Refused(error) => return Err(error),
            // A statement came between the look and the transaction: look again.
            Committed::Outdated => {}
        }
    }
    Err(ReadError::Unavailable(Unavailable))
}

/// How often a read looks again when statements keep coming.
const TRIES: usize = 4;

/// One attempt to read.
struct Attempt {
    caller: Caller,
    query: ReadQuery,
    cursor: Option<Cursor>,
    call: CallId,
    read: ReadId,
}

/// A page that may be answered if the transaction comes to the same decision about the same state
/// of the same grant.
struct Prepared {
    grant: GrantId,
    number: u64,
    selected: Selected,
    fields: BTreeSet<String>,
}

/// Names that do not exist are wrong whoever's data it is.
fn check_names(query: &ReadQuery) -> Result<(), ReadError> {
    let spec = query.category.spec();
    let unknown: Vec<_> = query
        .fields
        .iter()
        .flatten()
        .filter(|path| spec.expand(path).is_empty())
        .cloned()
        .collect();
    if unknown.is_empty() {
        Ok(())
    } else {
        Err(ReadError::InvalidFields(unknown))
    }
}

fn prepare(server: &Server, attempt: &Attempt) -> Result<Option<Prepared>, StoreError> {
    let view = server.store().view()?;
    let vault = home(&view, &attempt.caller, attempt.query.subject)?;
    let candidates = candidates(&view, vault, &attempt.caller)?;
    let cursor = attempt.cursor.as_ref();
    let Ok(allowed) = decide(&candidates, &attempt.query, cursor, server.now()) else {
        return Ok(None);
    };
    let selected = select(server, &view, vault, &allowed, &attempt.query, cursor)?;
    Ok(selected.map(|selected| Prepared {
        grant: allowed.grant.id,
        number: allowed.grant.row.number,
        fields: fields_of(&selected, &allowed),
        selected,
    }))
}

/// The names of the fields that a page holds. What is sealed can hold all that is granted.
fn fields_of(selected: &Selected, allowed: &Allowed<'_>) -> BTreeSet<String> {
    match &selected.sealed_key {
        Some(_) => allowed.leaves.iter().map(|leaf| (*leaf).to_owned()).collect(),
        None => selected.fields(),
    }
}

/// Every grant of the subject for the application.
fn candidates(rows: &impl Rows, vault: VaultId, caller: &Caller) -> Result<Vec<Candidate>, StoreError> {
    let prefix = key(&[vault.as_bytes(), caller.app.as_bytes()]);
    let mut candidates = Vec::new();
    for (id, ()) in rows.rows(&GRANTS_OF_APP, &prefix, limits::GRANTS_MAX)? {
        let Ok(id) = <[u8; 16]>::try_from(id.as_slice()) else {
            continue;
        };
        if let Some(row) = rows.get(&GRANTS, &key(&[vault.as_bytes(), &id]))? {
            candidates.push(Candidate { id: GrantId(id), row });
        }
    }
    Ok(candidates)
}
