//! The transaction of a read: the decision, the audit entry, the read receipt and the counters.

use std::ops::ControlFlow;

use vault_wire::{
    digest,
    frame::Event,
    id::{RequestId, VaultId},
    receipt::ReadReceipt,
    terms::{Duration, Frequency},
    time::Timestamp,
};

use super::{Allowed, Attempt, CONTINUE_MS, Cursor, Prepared, ReadAnswer, ReadError, candidates, decide};
use crate::{
    Server,
    service::{audit, notices, refusals, retry_after::seconds, subjects::home},
    store::{
        Deadline, ReadResult, Rows, StoreError, Tx,
        tables::{DEADLINES, GRANTS, PENDING, READS, key, moment, moment_of},
    },
};

/// Domain of the digest of field names in the audit log.
const FIELDS: &str = "sync-server/audit-fields/1";

/// How a read ended in its transaction.
pub(super) enum Committed {
    /// It is answered, and the owner of the vault is told.
    Answered { answer: Box<ReadAnswer>, vault: VaultId },
    /// It is refused, and that is in the audit log.
    Refused(ReadError),
    /// The prepared page is of another state of things; nothing was written.
    Outdated,
}

pub(super) fn commit(
    server: &Server,
    tx: &Tx,
    attempt: &Attempt,
    prepared: Option<Prepared>,
) -> Result<Committed, StoreError> {
    let now = server.now();
    let vault = home(tx, &attempt.caller, attempt.query.subject)?;
    let candidates = candidates(tx, vault, &attempt.caller)?;
    let allowed = match decide(&candidates, &attempt.query, attempt.cursor.as_ref(), now) {
        Ok(allowed) => allowed,
        Err(error) => return refuse(tx, attempt, vault, error, now),
    };
    if let Some(frequency) = allowed.grant.row.terms.frequency
        && !allowed.continues
        && let Some(retry_after_s) = exhausted(tx, vault, &allowed, frequency, now)?
    {
        let grant = allowed.grant.id;
        record(tx, attempt, ReadResult::FrequencyExceeded { grant }, now)?;
        return Ok(Committed::Refused(ReadError::FrequencyExceeded { retry_after_s }));
    }
    let Some(prepared) = prepared
        .filter(|prepared| prepared.grant == allowed.grant.id && prepared.number == allowed.grant.row.number)
    else {
        return Ok(Committed::Outdated);
    };
    let answer = answer(server, tx, attempt, vault, &allowed, prepared, now)?;
    Ok(Committed::Answered {
        answer: Box::new(answer),
        vault,
    })
}

fn answer(
    server: &Server,
    tx: &Tx,
    attempt: &Attempt,
    vault: VaultId,
    allowed: &Allowed<'_>,
    prepared: Prepared,
    now: Timestamp,
) -> Result<ReadAnswer, StoreError> {
    let (grant, mut row) = (allowed.grant.id, allowed.grant.row.clone());
    let records = u32::try_from(prepared.selected.records.len()).unwrap_or(u32::MAX);
    let fields: Vec<_> = prepared.fields.into_iter().collect();
    let result = ReadResult::Answered {
        read: attempt.read,
        grant,
        fields: digest(FIELDS, fields.join("\n").as_bytes()),
        records,
    };
    record(tx, attempt, result, now)?;
    let receipt = ReadReceipt {
        id: attempt.read,
        at: now,
        app: attempt.caller.app,
        grant,
        purpose: row.terms.purpose,
        category: attempt.query.category,
        fields,
        records,
    };
    notices::append(tx, vault, &Event::Read(receipt))?;
    let first_page = match &attempt.cursor {
        Some(cursor) if allowed.continues => (cursor.read, cursor.read_at, cursor.before),
        _ => (attempt.read, now, limited(allowed).then_some(row.next_arrival)),
    };
    if !allowed.continues {
        row.reads_total += 1;
        count(tx, attempt, vault, allowed, now)?;
        if row.terms.duration == Duration::OneTime {
            row.one_read = Some((attempt.read, now));
            let over = Deadline::Grant(vault, grant).key(now.plus_ms(CONTINUE_MS + 1));
            tx.put(&DEADLINES, &over, &())?;
        }
    }
    row.last_read_at = Some(now);
    tx.put(&GRANTS, &key(&[vault.as_bytes(), grant.as_bytes()]), &row)?;
    let (read, read_at, before) = first_page;
    let next = prepared.selected.next.map(|after| {
        let cursor = Cursor {
            read,
            read_at,
            grant,
            generation: row.generation,
            category: attempt.query.category,
            after,
            before,
        };
        cursor.seal(server.keys())
    });
    Ok(ReadAnswer {
        read_id: attempt.read,
        records: prepared.selected.records,
        next,
        grant,
        sealed_key: prepared.selected.sealed_key,
        expires_at: row.expires_at,
        data_life: row.terms.data_life,
        delete_by: row.terms.data_life.map(|life| life.ends_at(now)),
        guard: server.guards().enter(grant),
    })
}

/// Whether the grant counts reads, so that one must have an end.
fn limited(allowed: &Allowed<'_>) -> bool {
    let terms = &allowed.grant.row.terms;
    terms.frequency.is_some() || terms.duration == Duration::OneTime
}

fn refuse(
    tx: &Tx,
    attempt: &Attempt,
    vault: VaultId,
    error: ReadError,
    now: Timestamp,
) -> Result<Committed, StoreError> {
    let ReadError::ConsentRequired { .. } = error else {
        record(tx, attempt, ReadResult::Invalid, now)?;
        return Ok(Committed::Refused(error));
    };
    record(tx, attempt, ReadResult::NoConsent, now)?;
    refusals::count(tx, vault, &attempt.caller, attempt.query.category, now)?;
    let pending_request = pending(tx, attempt, vault, now)?;
    Ok(Committed::Refused(ReadError::ConsentRequired { pending_request }))
}

fn record(tx: &Tx, attempt: &Attempt, result: ReadResult, now: Timestamp) -> Result<(), StoreError> {
    audit::append(tx, &attempt.caller, &attempt.query, attempt.call, result, now)
}

fn pending(
    tx: &Tx,
    attempt: &Attempt,
    vault: VaultId,
    now: Timestamp,
) -> Result<Option<RequestId>, StoreError> {
    let mut found = None;
    let prefix = key(&[vault.as_bytes(), attempt.caller.app.as_bytes()]);
    tx.scan(&PENDING, &prefix, &[], |id, row| {
        if now < row.expires_at {
            found = <[u8; 16]>::try_from(id).ok().map(RequestId);
        }
        if found.is_some() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    Ok(found)
}

/// Seconds until the next read is allowed, if none is now.
fn exhausted(
    tx: &Tx,
    vault: VaultId,
    allowed: &Allowed<'_>,
    frequency: Frequency,
    now: Timestamp,
) -> Result<Option<u32>, StoreError> {
    let prefix = key(&[vault.as_bytes(), allowed.grant.id.as_bytes()]);
    let begins = now.plus_ms(1 - frequency.per.ms());
    let (mut reads, mut first) = (0, None);
    tx.scan(&READS, &prefix, &moment(begins), |rest, ()| {
        first = first.or_else(|| rest.first_chunk::<8>().map(|at| moment_of(*at)));
        reads += 1;
        if reads < frequency.max_reads {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })?;
    if reads < frequency.max_reads {
        return Ok(None);
    }
    let free_at = first.unwrap_or(now).plus_ms(frequency.per.ms());
    Ok(Some(seconds(free_at.ms_since(now))))
}

/// Notes a read that counts towards the frequency, and forgets those that no longer do.
fn count(
    tx: &Tx,
    attempt: &Attempt,
    vault: VaultId,
    allowed: &Allowed<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(frequency) = allowed.grant.row.terms.frequency else {
        return Ok(());
    };
    let prefix = key(&[vault.as_bytes(), allowed.grant.id.as_bytes()]);
    let mut past = Vec::new();
    let begins = moment(now.plus_ms(1 - frequency.per.ms()));
    tx.scan(&READS, &prefix, &[], |rest, ()| {
        if rest.first_chunk::<8>().is_none_or(|at| *at >= begins) {
            return ControlFlow::Break(());
        }
        past.push(rest.to_vec());
        ControlFlow::Continue(())
    })?;
    for rest in past {
        tx.remove(&READS, &key(&[&prefix, &rest]))?;
    }
    tx.put(
        &READS,
        &key(&[&prefix, &moment(now), attempt.read.as_bytes()]),
        &(),
    )
}
