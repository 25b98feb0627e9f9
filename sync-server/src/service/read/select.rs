//! Choosing, opening and cutting the records of one page.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
};

use vault_wire::{
    entry::{Binding, Body},
    grant_key::GrantKey,
    id::VaultId,
    payload::Payload,
    terms::TimeRange,
    value::Value,
};

use super::{Allowed, Content, Cursor, ReadQuery, ReadRecord, SealedKey};
use crate::{
    Server,
    service::time_span::{may_lie_within, overlaps, span_of},
    store::{
        EntryRow, HeldKey, Rows, StoreError, View,
        tables::{ENTRIES, key},
    },
};

/// Most records that a filtered page looks at.
const EXAMINED_MAX: usize = 1_000;
/// Sealed bytes after which a page ends.
const PAGE_BYTES: usize = 4 << 20;

/// The records of one page.
#[derive(Default)]
pub(super) struct Selected {
    pub(super) records: Vec<ReadRecord>,
    /// The arrival after which the next page begins, if there is more.
    pub(super) next: Option<u64>,
    /// The key that opens them, if only the application can.
    pub(super) sealed_key: Option<SealedKey>,
}

impl Selected {
    /// The names of the fields that the records show.
    pub(super) fn fields(&self) -> BTreeSet<String> {
        let shown = self.records.iter().filter_map(|record| match &record.content {
            Content::Fields(fields) => Some(fields.keys().cloned()),
            Content::Sealed { .. } => None,
        });
        shown.flatten().collect()
    }
}

/// The records of one page of an allowed read, in order of arrival. What the terms of now do not
/// cover is left out, whatever the entries hold. Nothing, if there are entries and the key is gone: then the
/// grant ended after it was looked at, or no device has brought the key again.
pub(super) fn select(
    server: &Server,
    view: &View,
    vault: VaultId,
    allowed: &Allowed<'_>,
    query: &ReadQuery,
    cursor: Option<&Cursor>,
) -> Result<Option<Selected>, StoreError> {
    let (grant, row) = (allowed.grant.id, &allowed.grant.row);
    let Some(held) = server.grant_keys().get(grant, row.generation)? else {
        return Ok((row.held.count == 0).then(Selected::default));
    };
    let generation = key(&[vault.as_bytes(), grant.as_bytes(), &row.generation.to_be_bytes()]);
    let limit = usize::try_from(query.limit.clamp(1, 200)).unwrap_or(200);
    let filtered = query.from.is_some() || query.to.is_some() || query.updated_since.is_some();
    let examined_max = if filtered { EXAMINED_MAX } else { limit };
    let arrived = arrived(view, &generation, query, cursor, examined_max + 1)?;
    let mut selected = Selected::default();
    if let HeldKey::Sealed(key) = &held {
        selected.sealed_key = Some(SealedKey {
            generation: row.generation,
            key: key.clone(),
        });
    }
    let mut bytes = 0;
    let mut last = None;
    for (place, (arrival, stored)) in arrived.into_iter().enumerate() {
        if place == examined_max || selected.records.len() == limit || bytes >= PAGE_BYTES {
            selected.next = last;
            break;
        }
        last = Some(arrival);
        bytes += stored.entry.wire_bytes();
        let binding = Binding {
            grant,
            generation: row.generation,
            statement: stored.statement,
        };
        selected
            .records
            .extend(record(stored, &held, binding, allowed, query)?);
    }
    Ok(Some(selected))
}

/// The entries that come next, no more than could fill the page.
fn arrived(
    view: &View,
    generation: &[u8],
    query: &ReadQuery,
    cursor: Option<&Cursor>,
    count: usize,
) -> Result<Vec<(u64, EntryRow)>, StoreError> {
    let prefix = key(&[generation, &[query.category as u8]]);
    let from = cursor.map_or(0, |cursor| cursor.after.saturating_add(1));
    let before = cursor.and_then(|cursor| cursor.before).unwrap_or(u64::MAX);
    let (mut arrived, mut bytes) = (Vec::new(), 0);
    view.scan(&ENTRIES, &prefix, &from.to_be_bytes(), |rest, row| {
        let arrival = rest.try_into().map_or(u64::MAX, u64::from_be_bytes);
        if arrival >= before {
            return ControlFlow::Break(());
        }
        let is_last = arrived.len() + 1 == count || bytes >= PAGE_BYTES;
        bytes += row.entry.wire_bytes();
        arrived.push((arrival, row));
        if is_last {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    Ok(arrived)
}

/// What the developer gets of an entry, if it fits the query. An entry that does not open is an
/// error, never a silently missing record.
fn record(
    stored: EntryRow,
    held: &HeldKey,
    binding: Binding,
    allowed: &Allowed<'_>,
    query: &ReadQuery,
) -> Result<Option<ReadRecord>, StoreError> {
    if query.updated_since.is_some_and(|since| stored.updated_at < since) {
        return Ok(None);
    }
    let (slot, updated_at) = (stored.entry.slot, stored.updated_at);
    let content = match held {
        HeldKey::Open(key) => opened(&stored, key, binding, allowed, query)?.map(Content::Fields),
        HeldKey::Sealed(_) => closed(stored),
    };
    Ok(content.map(|content| ReadRecord {
        slot,
        updated_at,
        content,
    }))
}

/// The fields of an entry that the terms of now cover.
fn opened(
    stored: &EntryRow,
    grant_key: &GrantKey,
    binding: Binding,
    allowed: &Allowed<'_>,
    query: &ReadQuery,
) -> Result<Option<BTreeMap<String, Value>>, StoreError> {
    if matches!(stored.entry.body, Body::Delete) {
        return Ok(None);
    }
    let payload = stored
        .entry
        .open(grant_key, binding)
        .map_err(|_| StoreError::Row("entries"))?;
    if !may_lie_within(&payload, allowed.detail) || !in_time(&payload, allowed, query) {
        return Ok(None);
    }
    let spec = allowed.detail.category.spec();
    let granted = |path: &str, value: &_| {
        let precision = allowed.detail.fields.get(path).zip(spec.kind_of(path));
        precision.is_some_and(|(precision, kind)| kind.accepts_at(*precision, value))
    };
    let mut fields = payload.fields;
    fields.retain(|path, value| allowed.leaves.contains(&path.as_str()) && granted(path, value));
    Ok(Some(fields))
}

/// An entry as it is, for the application to open.
fn closed(stored: EntryRow) -> Option<Content> {
    match stored.entry.body {
        Body::Put {
            nonce, ciphertext, ..
        } => Some(Content::Sealed {
            statement: stored.statement,
            rev: stored.entry.rev,
            nonce,
            ciphertext,
        }),
        Body::Delete => None,
    }
}

fn in_time(payload: &Payload, allowed: &Allowed<'_>, query: &ReadQuery) -> bool {
    let range = TimeRange {
        from: query.from,
        to: query.to,
    };
    range == TimeRange::default()
        || payload
            .fields
            .get(allowed.detail.category.spec().time_field)
            .and_then(span_of)
            .is_some_and(|span| overlaps(span, range))
}
