//! The preview: exactly what would leave, before the owner decides.

use std::collections::BTreeMap;

use vault_file::Snapshot;
use vault_wire::{
    catalogue::Category,
    id::{GrantId, RequestId},
    payload::padded_length,
    terms::Terms,
    value::Value,
};

use super::{grant, inbox, projection::Projection, selection::Selection};
use crate::{
    error::Error,
    records::{Query, query},
    store::Store,
};

/// What would leave under a selection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Preview {
    /// How many records would be shared now. Records added later are shared as they come.
    pub records: u64,
    /// How many of them of each category.
    pub by_category: BTreeMap<Category, u64>,
    /// Bytes of all payloads, before padding and sealing.
    pub payload_bytes: u64,
    /// Bytes of all sealed entries' ciphertexts.
    pub sealed_bytes: u64,
    /// The first records of each category, oldest first.
    pub sample: Vec<PreviewedRecord>,
}

/// One record as it would leave.
#[derive(Clone, Debug, PartialEq)]
pub struct PreviewedRecord {
    /// Its category.
    pub category: Category,
    /// The fields that would leave, at the precision at which they would.
    pub fields: BTreeMap<String, Value>,
    /// The exact bytes that would be sealed.
    pub payload: Vec<u8>,
}

/// What would leave if a request were answered so; shows the first `sample` records of a category.
pub(crate) fn preview(
    store: &Store,
    id: RequestId,
    selection: &Selection,
    sample: usize,
) -> Result<Preview, Error> {
    let view = store.view()?;
    let request = inbox::request(&view, id, store.now())?.request;
    project(&view, &selection.within(&request.terms)?, sample)
}

/// What a running grant would still show if it were narrowed so.
pub(crate) fn preview_narrowed(
    store: &Store,
    id: GrantId,
    selection: &Selection,
    sample: usize,
) -> Result<Preview, Error> {
    let view = store.view()?;
    let row = grant::row(&view, id)?.ok_or(Error::NotFound("grant"))?;
    project(&view, &selection.within(&row.extent.terms)?, sample)
}

fn project(view: &Snapshot, terms: &Terms, sample: usize) -> Result<Preview, Error> {
    let mut preview = Preview::default();
    for detail in &terms.details {
        let covered = Query {
            time: detail.time_range,
            limit: usize::MAX,
            ..Query::of(detail.category)
        };
        let mut shown = 0;
        for record in query(view, &covered)? {
            if let Some(projection) = Projection::of(&record?, detail) {
                preview.add(detail.category, projection, shown < sample);
                shown += 1;
            }
        }
    }
    Ok(preview)
}

impl Preview {
    fn add(&mut self, category: Category, projection: Projection, in_sample: bool) {
        const TAG_BYTES: usize = 16;
        self.records += 1;
        *self.by_category.entry(category).or_default() += 1;
        self.payload_bytes += projection.bytes().len() as u64;
        self.sealed_bytes += (padded_length(projection.bytes().len() + 1) + TAG_BYTES) as u64;
        if in_sample {
            let fields = projection.fields().clone();
            self.sample.push(PreviewedRecord {
                category,
                fields,
                payload: projection.into_bytes(),
            });
        }
    }
}
