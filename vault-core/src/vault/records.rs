//! What an owner does with records.

use vault_wire::{catalogue::Category, id::RecordId};

use super::Vault;
use crate::{
    error::Error,
    records::{self, Collection, NewRecord, Query, Record, RecordWriter, Records},
};

impl Vault {
    /// Allows a category to be collected. Sharing is another matter, decided request by request.
    pub fn allow_collection(&self, category: Category) -> Result<(), Error> {
        records::allow(&*self.store()?, category)
    }

    /// Forbids a category to be collected. Records that are there stay.
    pub fn forbid_collection(&self, category: Category) -> Result<(), Error> {
        records::forbid(&*self.store()?, category)
    }

    /// Which categories may be collected.
    pub fn collections(&self) -> Result<Vec<Collection>, Error> {
        records::collections(&self.view()?)
    }

    /// Adds a record.
    ///
    /// # Errors
    /// [`Error::CollectionNotAllowed`], [`Error::InvalidRecord`], and those of the file.
    pub fn put(&self, new: NewRecord) -> Result<RecordId, Error> {
        let store = self.store()?;
        store.update(|transaction| {
            let mut writer = RecordWriter::begin(&store, transaction)?;
            let id = writer.put(new)?;
            writer.finish()?;
            Ok(id)
        })
    }

    /// Adds many records at once: all of them, or none.
    pub fn put_batch(&self, new: Vec<NewRecord>) -> Result<Vec<RecordId>, Error> {
        let store = self.store()?;
        store.update(|transaction| {
            let mut writer = RecordWriter::begin(&store, transaction)?;
            let ids = new
                .into_iter()
                .map(|record| writer.put(record))
                .collect::<Result<_, Error>>()?;
            writer.finish()?;
            Ok(ids)
        })
    }

    /// Gives a record other fields, another time and source. Its category stays.
    pub fn update(&self, id: RecordId, new: NewRecord) -> Result<(), Error> {
        let store = self.store()?;
        store.update(|transaction| {
            let mut writer = RecordWriter::begin(&store, transaction)?;
            writer.update(id, new)?;
            writer.finish()
        })
    }

    /// Deletes a record. What was shared of it follows at the next sync.
    pub fn delete(&self, id: RecordId) -> Result<(), Error> {
        let store = self.store()?;
        store.update(|transaction| {
            let mut writer = RecordWriter::begin(&store, transaction)?;
            writer.delete(id)?;
            writer.finish()
        })
    }

    /// One record.
    pub fn get(&self, id: RecordId) -> Result<Record, Error> {
        Records::of(&self.view()?)?
            .find(id)?
            .ok_or(Error::NotFound("record"))
    }

    /// Records of a category by time.
    pub fn query(&self, wanted: &Query) -> Result<Vec<Record>, Error> {
        records::query(&self.view()?, wanted)?.collect()
    }
}
