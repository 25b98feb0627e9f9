//! A developer's read of consented data (invariant I1).

use std::collections::BTreeMap;

use vault_wire::{
    catalogue::Category,
    id::{CallId, GrantId, ReadId, RequestId, Slot, SubjectId},
    purpose::Purpose,
    terms::DataLife,
    time::Timestamp,
    value::Value,
};

use super::{Unavailable, auth::Caller};
use crate::{Server, live::ReadGuard};

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
    /// When that grant ends by itself.
    pub expires_at: Option<Timestamp>,
    /// How long the developer may keep what it read.
    pub data_life: Option<DataLife>,
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
    /// Its granted fields, by dotted path.
    pub fields: BTreeMap<String, Value>,
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
    let _ = (server, caller, query, call);
    Err(ReadError::Unavailable(Unavailable))
}
