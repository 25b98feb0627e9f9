//! Making the indexes anew from the records, after part of a file was lost.

use vault_file::Transaction;
use vault_wire::{catalogue::Category, id::RecordId};

use super::{
    Record,
    write::{Change, time_key},
};
use crate::{
    error::Error,
    store::{
        decode, encode,
        tables::{CHANGES, IMPORTED, META, RECORDS, by_time, meta},
        u64_key, u64_of,
    },
};

/// Makes every index fit the records that are there: entries without their record go, records without their
/// entries get them. Deletions stay known as far as the file still tells them.
pub(crate) fn rebuild_indexes(transaction: &Transaction) -> Result<(), Error> {
    for category in Category::ALL {
        transaction.remove_table(&by_time(category))?;
    }
    let last_deletion = keep_deletions_only(transaction)?;
    let last_record = index_records(transaction)?;
    forget_lost_imports(transaction)?;
    let mut table = transaction.table(&META)?;
    let given_out = table
        .get(meta::LAST_CHANGE)?
        .map_or(Ok(0), |row| decode::<u64>(&row, "the change sequence"))?;
    let last = given_out.max(last_deletion).max(last_record);
    table.insert(meta::LAST_CHANGE, &encode(&last))?;
    Ok(())
}

/// Clears the change index but for deletions; returns the last sequence that stood in it.
fn keep_deletions_only(transaction: &Transaction) -> Result<u64, Error> {
    let mut changes = transaction.table(&CHANGES)?;
    let (mut last, mut of_records) = (0, Vec::new());
    for row in changes.range(..)? {
        let (key, value) = row?;
        last = last.max(u64_of(&key)?);
        if !decode::<Change>(&value, "a change")?.deleted {
            of_records.push(key);
        }
    }
    for key in of_records {
        changes.remove(&key)?;
    }
    Ok(last)
}

/// Enters every record in the indexes; returns the last change sequence of a record.
fn index_records(transaction: &Transaction) -> Result<u64, Error> {
    let records = transaction.table(&RECORDS)?;
    let mut changes = transaction.table(&CHANGES)?;
    let mut times = Category::ALL
        .into_iter()
        .map(|category| Ok((category, transaction.table(&by_time(category))?)))
        .collect::<Result<std::collections::BTreeMap<_, _>, Error>>()?;
    let mut last = 0;
    for row in records.range(..)? {
        let (key, value) = row?;
        let id = RecordId(
            key.as_slice()
                .try_into()
                .map_err(|_| Error::unreadable("a record"))?,
        );
        let record = Record::from_row(id, &value)?;
        let change = Change {
            record: id,
            category: record.category,
            deleted: false,
        };
        changes.insert(&u64_key(record.seq), &encode(&change))?;
        if let Some(times) = times.get_mut(&record.category) {
            times.insert(&time_key(&record), &[])?;
        }
        last = last.max(record.seq);
    }
    Ok(last)
}

/// What was imported and is lost can be imported again.
fn forget_lost_imports(transaction: &Transaction) -> Result<(), Error> {
    let records = transaction.table(&RECORDS)?;
    let mut imported = transaction.table(&IMPORTED)?;
    let mut lost = Vec::new();
    for row in imported.range(..)? {
        let (item, record) = row?;
        if records.get(&record)?.is_none() {
            lost.push(item);
        }
    }
    for item in lost {
        imported.remove(&item)?;
    }
    Ok(())
}
