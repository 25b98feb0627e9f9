//! The audit log of an account: every read, answered or refused, each entry linked to the one before.

use vault_wire::{digest, id::CallId, time::Timestamp};

use super::{auth::Caller, read::ReadQuery};
use crate::store::{
    AuditHead, AuditRow, ReadResult, Rows, StoreError, Tx,
    tables::{AUDIT, AUDIT_HEADS, key},
};

/// Domain of the digest that links the entries.
const ENTRY: &str = "sync-server/audit/1";

/// Adds an entry, as part of the transaction that it is about. It holds no field value.
pub(super) fn append(
    tx: &Tx,
    caller: &Caller,
    query: &ReadQuery,
    call: CallId,
    result: ReadResult,
    now: Timestamp,
) -> Result<(), StoreError> {
    let account = caller.account.as_bytes();
    let head = tx.get(&AUDIT_HEADS, account)?.unwrap_or_default();
    let row = AuditRow {
        number: head.number + 1,
        at: now,
        call,
        app: caller.app,
        key: caller.key,
        subject: query.subject,
        category: query.category,
        purpose: query.purpose,
        result,
        previous: head.digest,
    };
    let bytes = postcard::to_stdvec(&row).map_err(|_| StoreError::Row("audit"))?;
    let head = AuditHead {
        number: row.number,
        digest: digest(ENTRY, &bytes),
    };
    tx.put(&AUDIT, &key(&[account, &row.number.to_be_bytes()]), &row)?;
    tx.put(&AUDIT_HEADS, account, &head)
}
