//! Bringing files into the vault.

use std::{collections::BTreeMap, io::Read};

use vault_wire::catalogue::Category;

use super::Vault;
use crate::{
    error::Error,
    import::{self, DayOrder, Draft, Format, ImportOptions, Item, Rejected},
    records::{NewRecord, RecordWriter},
    store::{SharedStore, Store},
};

/// Records of one transaction. A broken import keeps what it committed; running it again goes on.
const RECORDS_PER_COMMIT: usize = 10_000;
/// Rejected items of which the summary keeps the reason; it counts all.
const REASONS_MAX: usize = 1_000;

/// What an import did.
#[derive(Clone, Debug, Default)]
pub struct ImportSummary {
    /// Records that were added.
    pub added: u64,
    /// The same, by category.
    pub by_category: BTreeMap<Category, u64>,
    /// Items that an earlier import had already brought.
    pub duplicates: u64,
    /// Items that could not be taken.
    pub rejected: u64,
    /// Where the first thousand of them stand, and why they could not be taken.
    pub reasons: Vec<Rejected>,
    /// Columns of a table that mean nothing to the importer.
    pub ignored_columns: Vec<String>,
    /// The order of day and month that was assumed because the dates do not show it.
    pub assumed_day_order: Option<DayOrder>,
    /// What kind of file it is.
    pub format: Option<Format>,
}

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportProgress {
    /// Bytes of the file that were read.
    pub bytes: u64,
    /// Items that were read.
    pub items: u64,
}

impl Vault {
    /// Imports a file: GPX, CSV or JSON Lines, recognised by its content. Bad items are reported and the
    /// rest is imported; a second import of the same or an overlapping file adds nothing twice.
    ///
    /// # Errors
    /// [`Error::Import`] if the file is of no known kind or breaks off; what was committed stays.
    /// [`Error::CollectionNotAllowed`] if it holds a category that is off.
    pub fn import<R: Read>(
        &self,
        file: R,
        name: Option<&str>,
        options: &ImportOptions,
        mut progress: impl FnMut(ImportProgress),
    ) -> Result<ImportSummary, Error> {
        let store = self.store()?;
        let mut reader = import::open(file, name, options)?;
        let mut summary = ImportSummary {
            format: Some(reader.format()),
            ..ImportSummary::default()
        };
        let source = match reader.format() {
            Format::Gpx => "import:gpx",
            Format::Csv => "import:csv",
            Format::JsonLines => "import:jsonl",
        };
        let mut items = 0;
        loop {
            let mut batch = Vec::new();
            let end = loop {
                match reader.next() {
                    Some(Ok(item)) => batch.push(item),
                    Some(Err(error)) => break Some(Err(error)),
                    None => break Some(Ok(())),
                }
                if batch.len() == RECORDS_PER_COMMIT {
                    break None;
                }
            };
            items += batch.len() as u64;
            summary.take(&store, batch, source)?;
            progress(ImportProgress {
                bytes: reader.bytes_read(),
                items,
            });
            if let Some(end) = end {
                end?;
                summary.ignored_columns = reader.ignored_columns().to_vec();
                summary.assumed_day_order = reader.assumed_day_order();
                return Ok(summary);
            }
        }
    }
}

impl ImportSummary {
    /// Commits a batch and counts it.
    fn take(&mut self, store: &SharedStore, batch: Vec<Item>, source: &str) -> Result<(), Error> {
        let mut drafts = Vec::new();
        for item in batch {
            match item {
                Item::Draft(draft) => drafts.push(draft),
                Item::Rejected(rejected) => self.reject(rejected),
            }
        }
        let outcome = commit(store, drafts, source)?;
        for category in outcome.added {
            self.added += 1;
            *self.by_category.entry(category).or_default() += 1;
        }
        self.duplicates += outcome.duplicates;
        Ok(())
    }

    fn reject(&mut self, rejected: Rejected) {
        self.rejected += 1;
        if self.reasons.len() < REASONS_MAX {
            self.reasons.push(rejected);
        }
    }
}

#[derive(Default)]
struct Committed {
    added: Vec<Category>,
    duplicates: u64,
}

fn commit(store: &Store, drafts: Vec<Draft>, source: &str) -> Result<Committed, Error> {
    let mut committed = Committed::default();
    if drafts.is_empty() {
        return Ok(committed);
    }
    store.update(|transaction| {
        let mut writer = RecordWriter::begin(store, transaction)?;
        for draft in drafts {
            let Draft {
                category,
                occurred_at,
                fields,
                dedup,
                ..
            } = draft;
            let new = NewRecord {
                category,
                occurred_at,
                fields,
                source: source.to_owned(),
            };
            match writer.put_once(&dedup, new)? {
                Some(_) => committed.added.push(category),
                None => committed.duplicates += 1,
            }
        }
        writer.finish()
    })?;
    Ok(committed)
}
