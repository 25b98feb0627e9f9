//! What a grant shows of the vault: each change of a record becomes a projection, or nothing.

use std::collections::BTreeMap;

use vault_file::Snapshot;
use vault_wire::{
    catalogue::Category,
    entry::{Binding, ContentTag, Entry, GrantSecret},
    grant_key::GrantKey,
    id::{GrantId, RecordId, Slot},
    terms::Detail,
};

use super::{grant::GrantRow, projection::Projection};
use crate::{
    error::Error,
    records::{Change, Record, Records},
    store::Store,
};

/// Looks at records through one grant. There is one only while the grant is active and the server has its
/// terms.
pub(crate) struct Exporter {
    details: BTreeMap<Category, Detail>,
    secret: GrantSecret,
    key: GrantKey,
    binding: Binding,
    records: Records,
}

/// What a grant shows of one changed record.
pub(crate) enum Export {
    /// The record belongs to a category that the grant does not cover.
    Unrelated,
    /// The grant shows this.
    Shown(Slot, ContentTag, Category, Projection),
    /// The grant shows nothing of the record, or no longer.
    Hidden(Slot),
}

impl Exporter {
    /// The grant's view of the vault, if the grant is active now.
    pub(crate) fn of(
        store: &Store,
        view: &Snapshot,
        grant: GrantId,
        row: &GrantRow,
    ) -> Result<Option<Self>, Error> {
        if !row.exports(store.now()) {
            return Ok(None);
        }
        let Some(key) = row.key_of(grant, &row.extent) else {
            return Ok(None);
        };
        let generation = row.extent.generation;
        Ok(Some(Self {
            details: row
                .extent
                .terms
                .details
                .iter()
                .map(|detail| (detail.category, detail.clone()))
                .collect(),
            secret: GrantSecret::derive(store.identity.sharing(), grant, generation),
            key,
            binding: Binding {
                grant,
                generation,
                statement: row.acknowledged,
            },
            records: Records::of(view)?,
        }))
    }

    /// What the grant shows of a changed record.
    pub(crate) fn look(&self, change: &Change) -> Result<Export, Error> {
        let Some(detail) = self.details.get(&change.category) else {
            return Ok(Export::Unrelated);
        };
        let slot = self.secret.slot(change.record);
        let record = if change.deleted {
            None
        } else {
            self.records.find(change.record)?
        };
        Ok(self.shown(slot, record.as_ref(), detail))
    }

    /// What the grant shows now of a record that it has shown in a slot.
    pub(crate) fn look_again(&self, slot: Slot, record: RecordId) -> Result<Export, Error> {
        let record = self.records.find(record)?;
        let detail = record
            .as_ref()
            .and_then(|record| self.details.get(&record.category));
        Ok(detail.map_or(Export::Hidden(slot), |detail| {
            self.shown(slot, record.as_ref(), detail)
        }))
    }

    fn shown(&self, slot: Slot, record: Option<&Record>, detail: &Detail) -> Export {
        match record.and_then(|record| Projection::of(record, detail)) {
            Some(projection) => {
                let tag = self.secret.content_tag(slot, projection.bytes());
                Export::Shown(slot, tag, detail.category, projection)
            }
            None => Export::Hidden(slot),
        }
    }

    /// Seals a projection for this grant.
    pub(crate) fn seal(
        &self,
        store: &Store,
        category: Category,
        slot: Slot,
        tag: ContentTag,
        rev: u64,
        shown: Projection,
    ) -> Entry {
        let mut randomness = store.host.randomness.clone();
        Entry::put(
            &self.key,
            self.binding,
            category,
            slot,
            tag,
            rev,
            shown.into_bytes(),
            &mut randomness,
        )
    }

    /// What its entries are bound to.
    pub(crate) const fn binding(&self) -> Binding {
        self.binding
    }
}
