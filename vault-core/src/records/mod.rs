//! Records: what the owner keeps, in the categories that they allowed to be collected.

mod added;
mod collection;
mod query;
mod rebuild;
mod write;

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use vault_file::{ReadTable, Snapshot};
use vault_wire::{catalogue::Category, id::RecordId, time::Timestamp, value::Value};

pub use collection::Collection;
pub(crate) use collection::{allow, collections, forbid};
pub use query::Query;
pub(crate) use query::{count, query};
pub(crate) use rebuild::rebuild_indexes;
pub(crate) use write::{Change, RecordWriter, last_change};

use crate::{
    error::Error,
    store::{decode, tables::RECORDS},
};

/// A record to be kept.
#[derive(Clone, PartialEq)]
pub struct NewRecord {
    /// What kind of data it is.
    pub category: Category,
    /// When it happened; absent when the source does not say.
    pub occurred_at: Option<Timestamp>,
    /// Its fields by dotted path, as the catalogue names them.
    pub fields: BTreeMap<String, Value>,
    /// Who brought it, for example `user` or `import:gpx`; at most 64 bytes.
    pub source: String,
}

/// A record as it is kept.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its id; never used again, even after deletion.
    #[serde(skip, default = "no_id")]
    pub id: RecordId,
    /// What kind of data it is.
    pub category: Category,
    /// When it happened; absent when the source did not say.
    pub occurred_at: Option<Timestamp>,
    /// Its fields by dotted path.
    pub fields: BTreeMap<String, Value>,
    /// Who brought it.
    pub source: String,
    /// When it was put into the vault.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Its place in the change index.
    pub seq: u64,
}

const fn no_id() -> RecordId {
    RecordId([0; 16])
}

impl NewRecord {
    /// An empty record of a category, brought by the user.
    pub fn new(category: Category) -> Self {
        Self {
            category,
            occurred_at: None,
            fields: BTreeMap::new(),
            source: "user".to_owned(),
        }
    }

    /// With the time at which it happened.
    #[must_use]
    pub fn at(mut self, occurred_at: Timestamp) -> Self {
        self.occurred_at = Some(occurred_at);
        self
    }

    /// With a field.
    #[must_use]
    pub fn with(mut self, path: &str, value: Value) -> Self {
        self.fields.insert(path.to_owned(), value);
        self
    }

    /// What the catalogue has against it.
    fn check(&self) -> Result<(), Error> {
        let refuse = |field: &str, reason| Error::InvalidRecord {
            category: self.category,
            field: field.to_owned(),
            reason,
        };
        let spec = self.category.spec();
        if self.source.len() > 64 {
            return Err(refuse("source", "is longer than 64 bytes"));
        }
        for (path, value) in &self.fields {
            if path == spec.time_field {
                return Err(refuse(path, "is the record's own time: set it as occurred_at"));
            }
            let kind = spec
                .kind_of(path)
                .ok_or_else(|| refuse(path, "is not in the catalogue"))?;
            if !kind.accepts(value) {
                return Err(refuse(path, "holds a value of another kind or out of range"));
            }
        }
        Ok(())
    }
}

impl Record {
    fn from_row(id: RecordId, row: &[u8]) -> Result<Self, Error> {
        Ok(Self {
            id,
            ..decode(row, "a record")?
        })
    }
}

/// Finds records by id, within one view.
pub(crate) struct Records(ReadTable);

impl Records {
    pub(crate) fn of(view: &Snapshot) -> Result<Self, Error> {
        Ok(Self(view.table(&RECORDS)?))
    }

    pub(crate) fn find(&self, id: RecordId) -> Result<Option<Record>, Error> {
        self.0
            .get_with(id.as_bytes(), |row| Record::from_row(id, row))?
            .transpose()
    }
}

/// A record's body never prints.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Record({}, {}, {} fields)",
            self.id,
            self.category,
            self.fields.len()
        )
    }
}

impl fmt::Debug for NewRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewRecord({}, {} fields)", self.category, self.fields.len())
    }
}
